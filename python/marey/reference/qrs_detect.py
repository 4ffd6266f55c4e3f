"""The beat detector in plain steps: filter, energy, peaks, then one decision a peak."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["qrs_detect"]

LOW_HZ, HIGH_HZ = 8.0, 20.0  # where the QRS complex stands out from P, T and muscle
RATE_HZ = 200.0  # about the rate of the decimated signal
HALF_FILTER_S, HALF_ENERGY_S = 0.1, 0.05
REFRACTORY_S, T_WAVE_S, LEARN_S = 0.2, 0.36, 4.0
SEARCH_S, TOP_S = 0.06, 0.03  # around the peak of the energy; around that of the filtered signal
MISSED = 1.66  # mean intervals without a beat before a search back
FORGET_S = 3.0  # of silence before the signal level falls to a quarter


def band_pass(rate: float) -> Any:
    n = round(HALF_FILTER_S * rate)
    k = np.arange(-n, n + 1)
    ideal = 2 * HIGH_HZ / rate * np.sinc(2 * HIGH_HZ / rate * k) - 2 * LOW_HZ / rate * np.sinc(2 * LOW_HZ / rate * k)
    taps = ideal * (0.54 + 0.46 * np.cos(np.pi * k / n))
    return taps - taps.mean()


def hold(x: Any) -> Any:
    """Missing samples take the value before them; the first value is subtracted."""
    fine = np.isfinite(x)
    if not fine.any():
        return np.zeros_like(x)
    last = np.maximum.accumulate(np.where(fine, np.arange(len(x)), np.argmax(fine)))
    return x[last] - x[np.argmax(fine)]


def qrs_detect(x: Any, fs: float) -> Any:
    x = np.asarray(x, np.float64)
    if x.ndim == 2:
        rows = [qrs_detect(row, fs) for row in x]
        return np.concatenate([*rows, np.empty(0, np.int64)]), np.cumsum([0] + [len(row) for row in rows])
    x = hold(x)
    step = max(1, round(fs / RATE_HZ))
    rate = fs / step
    n = len(x) // step
    if n == 0:
        return np.empty(0, np.int64)
    z = x[: n * step].reshape(n, step).mean(axis=1)
    taps = band_pass(rate)
    m, w = len(taps) // 2, round(HALF_ENERGY_S * rate)
    y = np.convolve(np.concatenate([np.zeros(m), z, np.full(m, z[-1])]), taps, "valid")
    energy = np.convolve(np.concatenate([np.zeros(w), y * y, np.zeros(w)]), np.ones(2 * w + 1), "valid")
    around = np.concatenate([[0.0], energy, [0.0]])
    tops = np.flatnonzero((energy > around[:-2]) & (energy >= around[2:]))

    # Of tops closer than the refractory time the highest stays.
    peaks: list[tuple[int, float]] = []
    for t in tops.tolist():
        if peaks and t - peaks[-1][0] < REFRACTORY_S * rate:
            if energy[t] > peaks[-1][1]:
                peaks[-1] = (t, float(energy[t]))
        else:
            peaks.append((t, float(energy[t])))
    beats = decide(peaks, rate)
    found: list[int] = []
    for t in beats:
        top = r_peak(x, y, t, step, rate, fs)
        if not found or top > found[-1]:
            found.append(top)
    return np.array(found, np.int64)


def decide(peaks: list[tuple[int, float]], rate: float) -> list[int]:
    learned = sorted((e for t, e in peaks if t < LEARN_S * rate), reverse=True)
    signal = float(np.mean(learned[:3])) if learned else 0.0
    noise = 0.0
    beats: list[int] = []
    last_energy, mean_rr, quiet_since = 0.0, rate, 0
    backlog: list[tuple[int, float]] = []

    def accept(t: int, e: float, share: float) -> None:
        nonlocal signal, last_energy, mean_rr, quiet_since
        signal += share * (min(e, 2 * signal) - signal)
        if beats:
            mean_rr += 0.125 * (min(t - beats[-1], 2 * mean_rr) - mean_rr)
        last_energy, quiet_since = e, t
        beats.append(t)
        backlog[:] = [p for p in backlog if p[0] > t]

    for t, e in peaks:
        threshold = noise + 0.3 * (signal - noise)
        since = t - beats[-1] if beats else t
        t_wave = beats and since < T_WAVE_S * rate and e < 0.3 * last_energy
        if e > threshold and not t_wave:
            accept(t, e, 0.125)
            continue
        noise += 0.125 * (min(e, signal) - noise)
        if not t_wave:
            backlog.append((t, e))
            if len(backlog) > 32:
                del backlog[0]
        if since > MISSED * mean_rr and backlog:
            best = max(backlog, key=lambda p: p[1])
            if best[1] > 0.4 * threshold and best[1] > 3 * noise:
                accept(*best, 0.25)
        if t - quiet_since > FORGET_S * rate:
            signal = max(0.25 * signal, min(signal, 5 * noise))
            quiet_since = t
    return beats


def r_peak(x: Any, y: Any, t: int, step: int, rate: float, fs: float) -> int:
    """The sample of the R peak near the decimated index ``t``: first in the filtered signal, then in the signal."""
    reach = round(SEARCH_S * rate)
    lo, hi = max(0, t - reach), min(len(y), t + reach + 1)
    top = lo + int(np.argmax(np.abs(y[lo:hi])))
    sign = 1.0 if y[top] > 0 else -1.0
    centre, width = top * step + step // 2, round(TOP_S * fs)
    lo, hi = max(0, centre - width), min(len(x), centre + width + 1)
    return lo + int(np.argmax(sign * x[lo:hi]))
