"""Sample entropy by comparing every pair of templates."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["pairs_alike", "sample_entropy", "series_of"]


def sample_entropy(
    x: ArrayLike, m: int = 2, r: float = 0.2, *, tolerance: float | None = None, offsets: Any = None
) -> NDArray[np.float64]:
    """See :func:`marey.entropy.sample_entropy`."""
    series, shape = series_of(x, offsets)
    return np.array([_of_one(s, m, r, tolerance) for s in series], dtype=np.float64).reshape(shape)


def series_of(x: ArrayLike, offsets: Any) -> tuple[list[NDArray[np.float64]], tuple[int, ...]]:
    """The series one by one, and the shape that their results take."""
    values = np.asarray(x, dtype=np.float64)
    if offsets is None:
        count = math.prod(values.shape[:-1])
        return list(values.reshape(count, values.shape[-1])), values.shape[:-1]
    return [values[a:b] for a, b in itertools.pairwise(offsets)], (len(offsets) - 1,)


def pairs_alike(x: NDArray[np.float64], m: int, tolerance: float) -> tuple[int, int]:
    """How many pairs of the first ``len(x) - m`` templates agree in m values, and in m + 1."""
    counts = [0, 0]
    for i, j in itertools.combinations(range(len(x) - m), 2):
        apart = np.abs(x[i : i + m + 1] - x[j : j + m + 1]) <= tolerance
        counts[0] += bool(apart[:m].all())
        counts[1] += bool(apart.all())
    return counts[0], counts[1]


def _of_one(x: NDArray[np.float64], m: int, r: float, tolerance: float | None) -> float:
    if len(x) < m + 2 or not np.isfinite(x).all():
        return math.nan
    b, a = pairs_alike(x, m, r * x.std() if tolerance is None else tolerance)
    if b == 0:
        return math.nan
    return math.log(b / a) if a else math.inf
