"""h_t = a_t h_{t-1} + x_t, one step at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["linear_recurrence"]


def linear_recurrence(
    a: ArrayLike,
    x: ArrayLike,
    *,
    h0: ArrayLike | None = None,
    reverse: bool = False,
    reset: ArrayLike | None = None,
) -> tuple[NDArray[Any], NDArray[Any]]:
    """See :func:`marey.scan.linear_recurrence`."""
    a, x = np.asarray(a), np.asarray(x)
    dtype = np.complex128 if x.dtype.kind == "c" else np.float64
    a, x = a.astype(dtype), x.astype(dtype)
    if a.ndim == 1:
        a = a[:, None]
    a = np.broadcast_to(a, x.shape)
    forget = np.zeros(x.shape, dtype=bool)
    if reset is not None:
        reset = np.asarray(reset)
        forget |= reset if reset.ndim == x.ndim else reset[..., None, :]
    state = np.zeros(x.shape[:-1], dtype) if h0 is None else np.asarray(h0, dtype)
    h = np.empty(x.shape, dtype)
    steps = range(x.shape[-1])
    for t in reversed(steps) if reverse else steps:
        state = np.where(forget[..., t], x[..., t], a[..., t] * state + x[..., t])
        h[..., t] = state
    return h, np.array(state)
