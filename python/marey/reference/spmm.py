"""A sparse matrix in compressed rows times a dense one, arc by arc."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["spmm"]


def spmm(offsets: ArrayLike, targets: ArrayLike, x: ArrayLike, weights: ArrayLike | None = None) -> NDArray[np.float64]:
    """See :func:`marey.graph.spmm`."""
    bounds, columns, x = np.asarray(offsets), np.asarray(targets), np.asarray(x, dtype=np.float64)
    w = np.ones(len(columns)) if weights is None else np.asarray(weights, dtype=np.float64)
    out = np.zeros((len(bounds) - 1, *x.shape[1:]))
    for row in range(len(out)):
        for arc in range(bounds[row], bounds[row + 1]):
            out[row] += w[arc] * x[columns[arc]]
    return out
