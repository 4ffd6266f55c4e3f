"""dtw_cdist, by the table of the definition, one pair after the other."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

__all__ = ["dtw_cdist", "series_of"]


def series_of(values: Any, offsets: Any) -> list[Any]:
    """Each series as (channels, length)."""
    values = np.asarray(values, dtype=np.float64)
    if offsets is None:
        return list(values[:, None, :] if values.ndim == 2 else values)
    values = values[None, :] if values.ndim == 1 else values
    return [values[:, begin:end] for begin, end in itertools.pairwise(offsets)]


def dtw_cdist(X: Any, Y: Any = None, *, window: Any = None, x_offsets: Any = None, y_offsets: Any = None) -> Any:
    xs = series_of(X, x_offsets)
    ys = xs if Y is None else series_of(Y, y_offsets)
    return np.array([[_dtw(x, y, window) for y in ys] for x in xs]).reshape(len(xs), len(ys))


def _dtw(x: Any, y: Any, window: Any) -> float:
    n, m = x.shape[1], y.shape[1]
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return np.nan
    table = np.full((n + 1, m + 1), np.inf)
    table[0, 0] = 0.0
    for i in range(n):
        for j in range(m):
            if window is None or abs(i - j) <= window:
                cost = ((x[:, i] - y[:, j]) ** 2).sum()
                table[i + 1, j + 1] = cost + min(table[i, j + 1], table[i + 1, j], table[i, j])
    return float(np.sqrt(table[n, m]))
