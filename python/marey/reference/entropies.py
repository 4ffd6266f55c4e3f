"""The other measures of :mod:`marey.entropy`, one series at a time, as their papers write them."""

from __future__ import annotations

import itertools
import math

import numpy as np
from numpy.typing import NDArray

from marey.reference.sample_entropy import pairs_alike

__all__ = [
    "approximate_entropy",
    "dfa",
    "fuzzy_entropy",
    "higuchi",
    "hurst",
    "lempel_ziv",
    "multiscale_entropy",
    "permutation_entropy",
]

Series = NDArray[np.float64]


def _distances(x: Series, length: int, centred: bool = False) -> Series:
    t = np.lib.stride_tricks.sliding_window_view(x, length)
    t = t - t.mean(1, keepdims=True) if centred else t
    return np.asarray(np.abs(t[:, None] - t[None]).max(-1))


def approximate_entropy(x: Series, m: int = 2, r: float = 0.2) -> float:
    """Pincus 1991."""

    def phi(length: int) -> float:
        return float(np.log((_distances(x, length) <= r * x.std()).mean(1)).mean())

    return phi(m) - phi(m + 1)


def fuzzy_entropy(x: Series, m: int = 2, r: float = 0.2, n: int = 2) -> float:
    """Chen et al. 2007."""
    pairs = np.triu_indices(len(x) - m, 1)
    b, a = (np.exp(-(_distances(x, k, centred=True)[pairs] ** n) / (r * x.std())).sum() for k in (m, m + 1))
    return float(np.log(b / a))


def multiscale_entropy(x: Series, m: int = 2, r: float = 0.2, scales: int = 20) -> list[float]:
    """Costa et al. 2002."""
    result = []
    for scale in range(1, scales + 1):
        coarse = x[: len(x) // scale * scale].reshape(-1, scale).mean(1)
        b, a = pairs_alike(coarse, m, r * x.std())
        result.append(math.log(b / a) if a else (math.inf if b else math.nan))
    return result


def permutation_entropy(x: Series, order: int = 3, delay: int = 1) -> float:
    """Bandt & Pompe 2002, in bits."""
    t = np.lib.stride_tricks.sliding_window_view(x, (order - 1) * delay + 1)[:, ::delay]
    _, counts = np.unique(t.argsort(axis=1, kind="stable"), axis=0, return_counts=True)
    share = counts / counts.sum()
    return float(-(share * np.log2(share)).sum())


def lempel_ziv(x: Series) -> int:
    """Lempel & Ziv 1976: words of the exhaustive history of what lies above the median."""
    s = "".join("1" if v > np.median(x) else "0" for v in x)
    count = at = 0
    while at < len(s):
        length = 1
        while at + length <= len(s) and s[at : at + length] in s[: at + length - 1]:
            length += 1
        count += 1
        at += length
    return count


def dfa(x: Series, scales: list[int]) -> tuple[float, list[float]]:
    """Peng et al. 1994: the exponent, and the fluctuation on each scale."""
    profile = np.cumsum(x - x.mean())
    fluctuation = []
    for scale in scales:
        parts = profile[: len(x) // scale * scale].reshape(-1, scale)
        t = np.arange(scale)
        left = [p - np.polyval(np.polyfit(t, p, 1), t) for p in parts]
        fluctuation.append(float(np.sqrt(np.mean(np.square(left)))))
    return float(np.polyfit(np.log(scales), np.log(fluctuation), 1)[0]), fluctuation


def higuchi(x: Series, k_max: int = 10) -> float:
    """Higuchi 1988."""
    n = len(x)
    length = []
    for k in range(1, k_max + 1):
        of_starts = [np.abs(np.diff(x[m::k])).sum() * (n - 1) / ((n - 1 - m) // k * k * k) for m in range(k)]
        length.append(np.mean(of_starts))
    return float(np.polyfit(-np.log(np.arange(1, k_max + 1)), np.log(length), 1)[0])


def hurst(x: Series) -> float:
    """Hurst 1951, over windows of n / 2^k values, at least 8."""
    sizes = list(itertools.takewhile(lambda size: size >= 8, (len(x) >> k for k in range(64))))
    ratios = []
    for size in sizes:
        of_windows = []
        for part in x[: len(x) // size * size].reshape(-1, size):
            walk = np.concatenate([[0.0], np.cumsum(part - part.mean())])
            of_windows.append((walk.max() - walk.min()) / part.std())
        ratios.append(np.mean(of_windows))
    return float(np.polyfit(np.log(sizes), np.log(ratios), 1)[0])
