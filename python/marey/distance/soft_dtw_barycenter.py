"""soft_dtw_barycenter: the center of series under soft dynamic time warping."""

from __future__ import annotations

from typing import Any

import numpy as np

from marey._runtime import native
from marey.distance._barycenter import Barycenter, problem
from marey.distance._lbfgs import minimize
from marey.distance.soft_dtw import soft_dtw

__all__ = ["soft_dtw_barycenter"]


def soft_dtw_barycenter(
    X: Any,
    gamma: float = 1.0,
    start: Any = None,
    *,
    length: int | None = None,
    window: int | None = None,
    weights: Any = None,
    rounds: int = 100,
    tolerance: float = 1e-6,
    x_offsets: Any = None,
) -> Barycenter:
    r"""The center of series under soft dynamic time warping, which is smooth where that of `dba` has jumps.

    .. math:: \min_c \sum_k w_k\, \text{soft\_dtw}_\gamma(c, x_k), \qquad \textstyle\sum_k w_k = 1

    Parameters
    ----------
    X, start, length, window, weights, x_offsets
        As in `dba`.
    gamma : float
        Smoothing, in the squared unit of the series; see `soft_dtw`.
    rounds : int
        Steps of the minimiser at most.
    tolerance : float
        It stops where a step lowers the cost by no more than this share.

    Returns
    -------
    Barycenter
        The center, its cost, which may be negative, and the steps taken.

    Raises
    ------
    ValueError, TypeError
        As in `dba`, and if `gamma` is not positive and finite.

    Notes
    -----
    By L-BFGS (Liu and Nocedal, Math Program 45:503, 1989) with the gradients of `soft_dtw`; it ends in a local minimum,
    which depends on `start`. The same bits for any number of threads. Cuturi and Blondel, ICML 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.distance import soft_dtw_barycenter
    >>> beats = np.array([[0.0, 0, 4, 0, 0, 0], [0, 0, 0, 4, 0, 0], [0, 0, 0, 0, 4, 0]])
    >>> soft_dtw_barycenter(beats, gamma=0.1, start=beats[1]).center.round(1)
    array([0., 0., 0., 4., 0., 0.])
    """
    p = problem(X, start, length, window, weights, rounds, tolerance, x_offsets)
    every = p.series()
    lengths = np.array([s.shape[1] for s in every], dtype=np.int64)
    padded = np.zeros((len(every), p.start.shape[0], lengths.max()), dtype=p.x.dtype)
    for k, one in enumerate(every):
        padded[k, :, : lengths[k]] = one
    weights = p.weights.astype(p.x.dtype)

    def cost(center: Any) -> tuple[float, Any]:
        copies = np.ascontiguousarray(np.broadcast_to(center.astype(p.x.dtype), (len(every), *center.shape)))
        values = soft_dtw(copies, padded, gamma, window=window, y_lengths=lengths)
        if not np.isfinite(values).all():
            return float("inf"), np.zeros_like(center)
        by_center, _ = native.core().soft_dtw_backward(weights, copies, padded, None, lengths, float(gamma), p.window)
        return float(p.weights @ values), by_center.sum(axis=0, dtype=np.float64)

    center, value, taken = minimize(cost, p.start.astype(np.float64), p.rounds, p.tolerance)
    return p.result(center, p.refuse_overflow(value), taken)
