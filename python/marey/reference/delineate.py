"""delineate in plain steps: the slopes of a smoothed signal, beat by beat."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["delineate"]


def slopes(x: NDArray[np.int64], width: int) -> NDArray[np.float64]:
    """Quadratic spline wavelet: three sums over ``width`` samples, then a difference over ``width``.

    Value ``i`` tells the slope between samples ``i`` and ``i + 1``. Before and behind the signal its end values go on.
    """
    reach = 2 * width
    padded = np.concatenate([np.full(reach, x[0]), x, np.full(reach, x[-1])])
    for _ in range(3):
        padded = np.convolve(padded, np.ones(width, np.int64), "valid")
    difference = padded[width:] - padded[:-width]
    out: NDArray[np.float64] = difference[2 : 2 + len(x)].astype(np.float64)
    return out


def whole_steps(x: NDArray[np.float64], widest: int) -> NDArray[np.int64]:
    """From the first value on, in steps so small that sums use 50 bits: they are exact."""
    x = x - x[0]
    reach = np.abs(x).max()
    if not 1e-290 < reach < np.inf:
        return np.zeros(len(x), np.int64)
    bits = 50 - np.ceil(3 * np.log2(widest))
    whole: NDArray[np.int64] = np.rint(x * 2.0 ** (bits - np.ceil(np.log2(reach)))).astype(np.int64)
    return whole


def tops(w: NDArray[np.float64], begin: int, end: int) -> list[int]:
    """Where |w| is highest among its neighbours, in [begin, end)."""
    size = np.abs(w)
    begin, end = max(begin, 1), min(end, len(w) - 1)
    return [i for i in range(begin, end) if size[i] > 0 and size[i] >= size[i - 1] and size[i] > size[i + 1]]


def boundary(w: NDArray[np.float64], top: int, step: int, share: float, limit: int) -> int:
    """From a slope outwards: where it falls below a share of its top, or stops falling; no further than ``limit``."""
    i = top
    while i != limit and 0 < i < len(w) - 1:
        after = i + step
        if abs(w[after]) < share * abs(w[top]):
            return after
        if abs(w[after]) > abs(w[i]) or w[after] * w[top] <= 0:
            return i
        i = after
    return i


def height(w: NDArray[np.float64], top: int, begin: int, end: int) -> float:
    """How far the signal rises or falls with the slope around ``top``: the sum of |w| over its sign."""
    first, last = top, top
    while first - 1 >= begin and w[first - 1] * w[top] > 0:
        first -= 1
    while last + 1 < end and w[last + 1] * w[top] > 0:
        last += 1
    return float(np.abs(w[first : last + 1]).sum())


def delineate(x: Any, fs: float, beats: Any) -> NDArray[np.int64]:
    """(n, 8): onset, peak and offset of P, onset and offset of QRS, onset, peak and offset of T; -1 where none is."""
    x = np.asarray(x, np.float64).copy()
    beats = list(map(int, beats))
    out = np.full((len(beats), 8), -1)
    if not np.isfinite(x).any():
        return out
    x[: np.flatnonzero(np.isfinite(x))[0]] = x[np.isfinite(x)][0]
    for gap in np.flatnonzero(~np.isfinite(x)):
        x[gap] = x[gap - 1]
    widths = [max(1, round(scale * fs / 250)) for scale in (2, 8, 16)]
    fine, coarse, coarsest = (slopes(whole_steps(x, widths[-1]), width) for width in widths)
    ms = fs / 1000
    p_signs: dict[int, float] = {1: 0.0, -1: 0.0}
    t_signs: dict[int, float] = {1: 0.0, -1: 0.0}

    for k, r in enumerate(beats):
        before = beats[k - 1] if k else None
        after = beats[k + 1] if k + 1 < len(beats) else None
        usual = (after if after is not None else r + (r - before if before is not None else fs)) - r
        last = r - before if before is not None else usual
        # QRS: outwards from R, slopes that are steep enough and follow each other.
        left = round(max(r - 140 * ms, r - last / 2))
        right = round(min(r + 180 * ms, r + usual / 2))
        found = tops(fine, left, right)
        if not found:
            continue
        steepest = max(abs(fine[i]) for i in found)
        first = final = r
        for i in [i for i in found if i < r][::-1]:
            if abs(fine[i]) > 0.06 * steepest and first - i <= 60 * ms:
                first = i
        for i in [i for i in found if i >= r]:
            if abs(fine[i]) > 0.09 * steepest and i - final <= 60 * ms:
                final = i
        out[k, 3] = boundary(fine, first, -1, 0.06, max(0, left)) if first < r else first
        out[k, 4] = min(len(x) - 1, boundary(fine, final, 1, 0.12, min(len(x) - 1, right)) + 1)

    for k, r in enumerate(beats):
        if out[k, 3] < 0:
            continue
        begin = 0 if k == 0 else beats[k - 1]
        end = len(x) if k + 1 == len(beats) else beats[k + 1]
        level = np.sqrt(np.mean(coarse[begin:end] ** 2)) if end > begin else 0.0
        usual, last = end - r if k + 1 < len(beats) else min(fs, end - r), r - begin if k else min(fs, r)
        qrs_end, qrs_begin = out[k, 4], out[k, 3]
        # T
        stop = round(min(r + 600 * ms, r + 0.7 * usual))
        for w in (coarse, coarsest):
            wave = _wave(w, qrs_end + round(20 * ms), stop, 0.06, 0.03 * level, 0.25, 0.4, t_signs)
            if wave is not None:
                out[k, 5:8] = np.clip(wave, qrs_end, len(x) - 1)
                break
        # P
        start = round(max(qrs_begin - 240 * ms, qrs_begin - 0.35 * last))
        if k and out[k - 1, 7] >= 0:
            start = max(start, out[k - 1, 7])
        wave = _wave(coarse, start, qrs_begin - round(10 * ms), 0.125, 0.02 * level, 0.5, 0.9, p_signs)
        if wave is not None:
            out[k, :3] = np.clip(wave, 0, qrs_begin)
    return out


def _wave(
    w: NDArray[np.float64],
    begin: int,
    end: int,
    share: float,
    least: float,
    on: float,
    off: float,
    signs: dict[int, float],
) -> tuple[int, int, int] | None:
    """A rise and a fall, or the other way round: the largest of the sign that waves had so far, unless it is small."""
    found = tops(w, begin, end)
    if not found:
        return None
    steepest = max(abs(w[i]) for i in found)
    if not steepest > least:
        return None
    found = [i for i in found if abs(w[i]) > share * steepest]
    best = {1: (0.0, -1, -1), -1: (0.0, -1, -1)}
    for a, b in pairwise(found):
        if w[a] * w[b] < 0:
            sign = 1 if w[a] > 0 else -1
            best[sign] = max(
                best[sign], (height(w, a, begin, end) + height(w, b, begin, end), a, b), key=lambda p: p[0]
            )
    if not best[1][0] + best[-1][0] > 0:
        return None
    for sign in (1, -1):
        signs[sign] = 0.95 * signs[sign] + best[sign][0]
    usual = 1 if signs[1] >= signs[-1] else -1
    sign = usual if best[usual][0] > 0.5 * best[-usual][0] else -usual
    _, a, b = best[sign]
    peak = next(i for i in range(a, b + 1) if w[i] * w[a] <= 0)
    return boundary(w, a, -1, on, max(begin, 0)), peak, boundary(w, b, 1, off, min(end, len(w) - 1)) + 1
