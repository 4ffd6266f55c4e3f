"""Softmax within each row of ragged data, row by row."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["segment_softmax"]


def segment_softmax(values: ArrayLike, offsets: ArrayLike) -> NDArray[np.float64]:
    """See :func:`marey.ragged.segment_softmax`."""
    values, bounds = np.asarray(values, dtype=np.float64), np.asarray(offsets)
    result = np.empty(values.shape)
    for begin, end in itertools.pairwise(bounds):
        row = values[begin:end]
        with np.errstate(invalid="ignore"):  # inf - inf: a row with inf in it, or of -inf alone, is NaN
            weights = np.exp(row - row.max(axis=0, initial=-np.inf))
            result[begin:end] = weights / weights.sum(axis=0)
    return result
