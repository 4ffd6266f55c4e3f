"""y_t = f(bias + sum_k weight_k x_{t - W + 1 + k}), one step at a time; x0 stands before the first."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["causal_conv1d"]


def causal_conv1d(
    x: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    activation: str | None = None,
    *,
    x0: ArrayLike | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """See :func:`marey.scan.causal_conv1d`."""
    x, weight = np.asarray(x, dtype=np.float64), np.asarray(weight, dtype=np.float64)
    width = weight.shape[1]
    before = np.zeros((*x.shape[:-1], width - 1)) if x0 is None else np.asarray(x0, dtype=np.float64)
    whole = np.concatenate([before, x], axis=-1)
    y = np.empty(x.shape)
    for t in range(x.shape[-1]):
        y[..., t] = np.sum(weight * whole[..., t : t + width], axis=-1)
        if bias is not None:
            y[..., t] += np.asarray(bias, dtype=np.float64)
    if activation is not None:
        with np.errstate(over="ignore"):
            y = y / (1 + np.exp(-y))
    return y, whole[..., x.shape[-1] :].copy()
