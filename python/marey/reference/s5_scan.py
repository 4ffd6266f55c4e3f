"""h_t = exp(Lambda dt_t) h_{t-1} + (exp(Lambda dt_t) - 1) / Lambda x_t, one step at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["s5_scan"]


def s5_scan(
    x: ArrayLike,
    Lambda: ArrayLike,
    dt: ArrayLike,
    *,
    h0: ArrayLike | None = None,
    reset: ArrayLike | None = None,
) -> tuple[NDArray[Any], NDArray[Any]]:
    """See :func:`marey.scan.s5_scan`."""
    x, Lambda = (np.asarray(array, np.complex128) for array in (x, Lambda))
    dt = np.broadcast_to(np.asarray(dt, np.float64), (*x.shape[:-2], x.shape[-1]))
    reset = np.zeros(dt.shape, dtype=bool) if reset is None else np.broadcast_to(np.asarray(reset), dt.shape)
    state = np.zeros(x.shape[:-1], np.complex128) if h0 is None else np.asarray(h0, np.complex128)
    h = np.empty(x.shape, np.complex128)
    for t in range(x.shape[-1]):
        decay, drive = _hold(Lambda, dt[..., t, None])
        kept = np.where(reset[..., t, None], 0.0, state)
        state = decay * kept + drive * x[..., t]
        h[..., t] = state
    return h, np.array(state)


def _hold(Lambda: Any, dt: Any) -> tuple[Any, Any]:
    """exp(z) and dt (exp(z) - 1) / z for z = Lambda dt; at z = 0 the second is dt, after an endless gap -1 / Lambda."""
    gap = np.where(np.isinf(dt), 0.0, dt)
    z = Lambda * gap
    small = np.abs(z) < 1e-4  # four terms of the series of (exp(z) - 1) / z leave 1e-18
    safe = np.where(small, 1.0, z)
    drive = gap * np.where(small, 1 + z / 2 + z**2 / 6 + z**3 / 24, np.expm1(safe) / safe)
    endless = np.isinf(dt) & (Lambda.real < 0)
    away = np.where(Lambda == 0, 1.0, Lambda)
    return np.where(endless, 0.0, np.exp(z)), np.where(endless, -1 / away, drive)
