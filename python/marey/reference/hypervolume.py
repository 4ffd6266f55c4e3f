"""The hypervolume slab by slab: cut space at every value of the last objective. O(N^d)."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np


def hypervolume(F: Any, ref: Any) -> Any:
    """Volume that each set of `F` (..., N, d) dominates below `ref`."""
    F, ref = np.asarray(F), np.asarray(ref, dtype=np.float64)
    if F.ndim > 2:
        return np.array([hypervolume(points, ref) for points in F], dtype=F.dtype)
    if np.isnan(F).any():
        raise ValueError("NaN in `F`")
    return volume(F.astype(np.float64), ref)


def volume(points: Any, ref: Any) -> float:
    """Volume of one set."""
    points = points[(points < ref).all(axis=1)]
    if len(points) == 0:
        return 0.0
    if len(ref) == 1:
        return float(ref[0] - points.min())
    cuts = np.append(np.unique(points[:, -1]), ref[-1])
    total = 0.0
    for low, high in itertools.pairwise(cuts):
        total += (high - low) * volume(points[points[:, -1] <= low, :-1], ref[:-1])
    return total
