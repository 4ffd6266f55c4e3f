"""h_t = exp(-rate * dt_t) * h_{t-1} + m_t * x_t, one step at a time."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["decay_scan"]


def decay_scan(
    x: ArrayLike,
    dt: ArrayLike,
    rate: ArrayLike,
    *,
    h0: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    offsets: ArrayLike | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """See :func:`marey.scan.decay_scan`."""
    x, dt, rate = (np.asarray(a, dtype=np.float64) for a in (x, dt, rate))
    mask = np.ones(dt.shape, dtype=bool) if mask is None else np.asarray(mask)
    if mask.ndim < x.ndim:
        mask = mask[..., None, :]
    observed = np.where(mask, x, 0.0)

    if offsets is None:
        state = np.zeros(x.shape[:-1]) if h0 is None else np.asarray(h0, dtype=np.float64)
        return _series(observed, dt, rate, state)

    bounds = np.asarray(offsets)
    h = np.empty(x.shape)
    hT = np.empty((len(bounds) - 1, len(rate)))
    for s, (begin, end) in enumerate(itertools.pairwise(bounds)):
        state = np.zeros(len(rate)) if h0 is None else np.asarray(h0, dtype=np.float64)[s]
        h[:, begin:end], hT[s] = _series(observed[:, begin:end], dt[begin:end], rate, state)
    return h, hT


def _series(x: Any, dt: Any, rate: Any, state: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    h = np.empty(x.shape)
    for t in range(x.shape[-1]):
        state = np.exp(-rate * dt[..., t, None]) * state + x[..., t]
        h[..., t] = state
    return h, np.array(state)
