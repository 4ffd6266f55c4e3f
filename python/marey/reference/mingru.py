"""h_t = (1 - z_t) h_{t-1} + z_t c_t, one step at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["mingru"]


def mingru(
    gate: ArrayLike, candidate: ArrayLike, *, h0: ArrayLike | None = None, reset: ArrayLike | None = None
) -> tuple[NDArray[Any], NDArray[Any]]:
    """See :func:`marey.scan.mingru`."""
    gate, candidate = (np.asarray(array, np.float64) for array in (gate, candidate))
    forget = np.zeros(gate.shape, dtype=bool)
    if reset is not None:
        reset = np.asarray(reset)
        forget |= reset if reset.ndim == gate.ndim else reset[..., None, :]
    state = np.zeros(gate.shape[:-1]) if h0 is None else np.asarray(h0, np.float64)
    h = np.empty(gate.shape)
    for t in range(gate.shape[-1]):
        z = 1 / (1 + np.exp(-gate[..., t]))
        state = np.where(forget[..., t], 0.0, (1 - z) * state) + z * candidate[..., t]
        h[..., t] = state
    return h, np.array(state)
