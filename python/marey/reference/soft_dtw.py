"""soft_dtw, by the table of the definition."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["soft_dtw"]


def soft_dtw(
    x: Any, y: Any, gamma: float = 1.0, *, window: Any = None, x_lengths: Any = None, y_lengths: Any = None
) -> Any:
    pairs = len(x)
    x_lengths = np.full(pairs, x.shape[2]) if x_lengths is None else x_lengths
    y_lengths = np.full(pairs, y.shape[2]) if y_lengths is None else y_lengths
    return np.array(
        [_pair(x[b, :, : x_lengths[b]], y[b, :, : y_lengths[b]], gamma, window) for b in range(pairs)]
    ).reshape(pairs)


def _pair(x: Any, y: Any, gamma: float, window: Any) -> float:
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return np.nan
    n, m = x.shape[1], y.shape[1]
    table = np.full((n + 1, m + 1), np.inf)
    table[0, 0] = 0.0
    for i in range(n):
        for j in range(m):
            before = np.array([table[i, j + 1], table[i + 1, j], table[i, j]])
            if (window is None or abs(i - j) <= window) and np.isfinite(before).any():
                least = before.min()
                softmin = least - gamma * np.log(np.exp((least - before) / gamma).sum())
                table[i + 1, j + 1] = ((x[:, i] - y[:, j]) ** 2).sum() + softmin
    return float(table[n, m])
