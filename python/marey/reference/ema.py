"""The weighted mean of the samples so far, straight from its definition."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["ema"]


def ema(
    x: ArrayLike,
    t: ArrayLike,
    tau: ArrayLike,
    *,
    mask: ArrayLike | None = None,
    state: Any = None,
    x0: ArrayLike | None = None,
) -> tuple[NDArray[Any], tuple[NDArray[Any], ...]]:
    """See :func:`marey.scan.ema`; from a ``state`` it does not go on."""
    if state is not None:
        raise ValueError("`state` is not for the reference: give it the whole signal")
    x, t = np.asarray(x, np.float64), np.asarray(t, np.float64)
    tau = np.broadcast_to(np.asarray(tau, np.float64), x.shape[-2:-1])
    seen = np.ones(x.shape, dtype=bool)
    if mask is not None:
        mask = np.asarray(mask)
        seen = seen & (mask if mask.ndim == x.ndim else mask[..., None, :])
    if x0 is not None and x.shape[-1]:
        x = np.concatenate([np.asarray(x0, np.float64)[..., None], x], axis=-1)
        t = np.concatenate([t[..., :1], t], axis=-1)
        seen = np.concatenate([np.ones((*x.shape[:-1], 1), dtype=bool), seen], axis=-1)
    first = 1 if x0 is not None and x.shape[-1] else 0
    y = np.full(x.shape, np.nan)
    total = np.zeros(x.shape[:-1]) if x0 is None else np.asarray(x0, np.float64)
    weight = np.zeros(x.shape[:-1]) if x0 is None else np.ones(x.shape[:-1])
    for end in range(x.shape[-1]):
        age = t[..., end, None] - t[..., : end + 1]
        weights = np.exp(-age[..., None, :] / tau[:, None]) * seen[..., : end + 1]
        total = (weights * np.where(seen, x, 0.0)[..., : end + 1]).sum(-1)
        weight = weights.sum(-1)
        y[..., end] = np.divide(total, weight, out=np.full(total.shape, np.nan), where=weight > 0)
    time = t[..., -1] if x.shape[-1] else t.sum(-1)
    return y[..., first:], (total, weight, np.array(time))
