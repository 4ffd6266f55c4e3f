"""h_t = exp(dt_t A) h_{t-1} + dt_t B_t u_t,  out_t = (sum_n C_t h_t + D u_t) silu(z_t), one step at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["selective_scan"]


def selective_scan(
    u: ArrayLike,
    delta: ArrayLike,
    A: ArrayLike,
    B: ArrayLike,
    C: ArrayLike,
    D: ArrayLike | None = None,
    z: ArrayLike | None = None,
    delta_bias: ArrayLike | None = None,
    delta_softplus: bool = False,
    return_last_state: bool = False,
    *,
    h0: ArrayLike | None = None,
    dt_scale: ArrayLike | None = None,
    reset: ArrayLike | None = None,
) -> Any:
    """See :func:`marey.scan.selective_scan`."""
    u, delta, A = (np.asarray(a, dtype=np.float64) for a in (u, delta, A))
    batch, channels, length = u.shape
    dt = delta if delta_bias is None else delta + np.asarray(delta_bias, dtype=np.float64)[:, None]
    if delta_softplus:
        dt = np.logaddexp(0.0, dt)
    if dt_scale is not None:
        dt = dt * np.asarray(dt_scale, dtype=np.float64)[:, None, :]
    B, C = (_for_every_channel(np.asarray(a, dtype=np.float64), batch, channels, length) for a in (B, C))

    h = np.zeros((batch, channels, A.shape[1])) if h0 is None else np.array(h0, dtype=np.float64)
    out = np.empty(u.shape)
    for t in range(length):
        if reset is not None:
            h[np.asarray(reset)[:, t]] = 0.0
        step = dt[:, :, t, None]
        with np.errstate(over="ignore"):
            h = np.exp(step * A) * h + step * B[..., t] * u[:, :, t, None]
        out[:, :, t] = np.sum(C[..., t] * h, axis=-1)
    if D is not None:
        out = out + np.asarray(D, dtype=np.float64)[:, None] * u
    if z is not None:
        z = np.asarray(z, dtype=np.float64)
        out = out * z / (1 + np.exp(-z))
    return (out, h) if return_last_state else out


def _for_every_channel(a: NDArray[Any], batch: int, channels: int, length: int) -> NDArray[np.float64]:
    """(D, N), (B, N, L) or (B, G, N, L) as (B, D, N, L)."""
    if a.ndim == 2:
        return np.broadcast_to(a[None, :, :, None], (batch, channels, a.shape[1], length))
    if a.ndim == 3:
        a = a[:, None]
    return np.repeat(a, channels // a.shape[1], axis=1)
