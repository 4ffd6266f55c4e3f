"""Non-dominated rank by its definition: peel the front of what is left, again and again. O(d N^2) a front."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def pareto_rank(F: NDArray[np.float64], *, k: int | None = None) -> NDArray[np.int64]:
    """Rank of each row of `F`, minimised. With `k`, rows beyond the fronts that hold the best k share the next rank."""
    F = np.asarray(F, dtype=np.float64)
    ranks = np.full(len(F), -1, dtype=np.int64)
    left = np.arange(len(F))
    rank = 0
    while len(left) > 0 and (k is None or len(F) - len(left) < k):
        points = F[left]
        front = [not any(dominates(other, point) for other in points) for point in points]
        ranks[left[front]] = rank
        left = left[np.logical_not(front)]
        rank += 1
    ranks[left] = rank
    return ranks


def dominates(a: NDArray[np.float64], b: NDArray[np.float64]) -> bool:
    """`a` is no worse than `b` anywhere and better somewhere."""
    return bool(np.all(a <= b) and np.any(a < b))
