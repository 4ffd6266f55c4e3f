"""The difference equation in transposed direct form II, one sample at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["lfilter"]


def lfilter(b: ArrayLike, a: ArrayLike, x: ArrayLike, zi: ArrayLike | None = None) -> Any:
    """See :func:`marey.filters.lfilter`."""
    b, a, x = (np.asarray(array, dtype=np.float64) for array in (b, a, x))
    b, a = b / a[..., :1], a / a[..., :1]
    order = max(b.shape[-1], a.shape[-1]) - 1
    z = np.zeros((*x.shape[:-1], order + 1))
    if zi is not None:
        z[..., :order] = zi
    y = np.empty(x.shape)
    for t in range(x.shape[-1]):
        y[..., t] = b[..., 0] * x[..., t] + z[..., 0]
        for i in range(order):
            z[..., i] = z[..., i + 1]
            if i + 1 < b.shape[-1]:
                z[..., i] += b[..., i + 1] * x[..., t]
            if i + 1 < a.shape[-1]:
                z[..., i] -= a[..., i + 1] * y[..., t]
    return y if zi is None else (y, z[..., :order])
