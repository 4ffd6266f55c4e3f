"""dba: one series after the other, along a path of the table."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["dba_round"]


def dba_round(series: Any, center: Any, weights: Any, window: Any = None) -> tuple[Any, float]:
    """The center's steps as weighted means of what was matched with them, and the cost before. (d, n) each."""
    sums, counts, cost = np.zeros(center.shape), np.zeros(center.shape[1]), 0.0
    for x, weight in zip(series, weights, strict=True):
        square, path = _align(center, x, np.inf if window is None else window)
        cost += weight * square
        for i, j in path:
            sums[:, i] += weight * x[:, j]
            counts[i] += weight
    return sums / counts, cost


def _align(center: Any, x: Any, window: float) -> tuple[float, list[tuple[int, int]]]:
    n, m = center.shape[1], x.shape[1]
    table = np.full((n + 1, m + 1), np.inf)
    table[0, 0] = 0.0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            if abs(i - j) <= window:
                before = min(table[i - 1, j - 1], table[i - 1, j], table[i, j - 1])
                table[i, j] = ((center[:, i - 1] - x[:, j - 1]) ** 2).sum() + before
    i, j, path = n, m, []
    while i > 0:
        path.append((i - 1, j - 1))
        # The first of equals: diagonally, then to the shorter i.
        i, j = min(((i - 1, j - 1), (i - 1, j), (i, j - 1)), key=lambda cell: table[cell])
    return float(table[n, m]), path
