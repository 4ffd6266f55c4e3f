"""One value for each row of ragged data, row by row."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["segment_reduce"]


def segment_reduce(values: ArrayLike, offsets: ArrayLike, op: str) -> NDArray[np.float64]:
    """See :func:`marey.ragged.segment_reduce`."""
    values, bounds = np.asarray(values, dtype=np.float64), np.asarray(offsets)
    result = np.empty((len(bounds) - 1, *values.shape[1:]))
    with np.errstate(invalid="ignore", divide="ignore"):  # inf - inf is NaN, log(0) is -inf
        for i, (begin, end) in enumerate(itertools.pairwise(bounds)):
            result[i] = _row(values[begin:end], op)
    return result


def _row(row: NDArray[np.float64], op: str) -> Any:
    if op == "sum":
        return row.sum(axis=0)
    if op == "mean":
        return row.mean(axis=0) if len(row) else np.nan
    if op == "min":
        return row.min(axis=0, initial=np.inf)
    if op == "max":
        return row.max(axis=0, initial=-np.inf)
    largest = row.max(axis=0, initial=-np.inf)
    shift = np.where(np.isfinite(largest), largest, 0.0)
    return shift + np.log(np.exp(row - shift).sum(axis=0))
