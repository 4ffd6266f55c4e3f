"""dba: the mean of series under dynamic time warping."""

from __future__ import annotations

from typing import Any

from marey._runtime import native
from marey.distance._barycenter import Barycenter, Problem, problem

__all__ = ["dba"]


def dba(
    X: Any,
    start: Any = None,
    *,
    length: int | None = None,
    window: int | None = None,
    weights: Any = None,
    rounds: int = 30,
    tolerance: float = 1e-5,
    x_offsets: Any = None,
) -> Barycenter:
    r"""The mean of series under dynamic time warping, by DTW barycenter averaging.

    .. math:: \min_c \sum_k w_k\, d(c, x_k)^2, \qquad \textstyle\sum_k w_k = 1

    with d that of `dtw_cdist`: in each round every series is aligned with the center, and each step of the center
    becomes the mean of all that was matched with it.

    Parameters
    ----------
    X : (n, L) or (n, d, L)
        Series with d channels, float32 or float64; with `x_offsets` packed, (total,) or (d, total).
    start : (M,) or (d, M), optional
        The center to begin with. Left out, the mean of the series, each stretched linearly to `length` steps.
    length : int, optional
        Steps of the center; by default those of the longest series.
    window : int, optional
        Greatest :math:`|i - j|` of matched steps; unbounded if left out.
    weights : (n,), optional
        What each series counts, 0 or more; their sum is taken to 1.
    rounds : int
        How often the center moves at most.
    tolerance : float
        It stops where a round lowers the cost by no more than this share.
    x_offsets : (n + 1,) int64, optional
        Where each packed series begins, and their total.

    Returns
    -------
    Barycenter
        The center, its cost and the rounds taken.

    Raises
    ------
    ValueError, TypeError
        If a shape, a dtype, offsets or a parameter does not fit, if a series has no steps or a value that is not
        finite, or if the window leaves one without a path.

    Notes
    -----
    No round raises the cost, and it ends in a local minimum, which depends on `start`. The same bits for any number of
    threads. Petitjean, Ketterlin and Gancarski, Pattern Recognition 44:678, 2011.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.distance import dba
    >>> beats = np.array([[0.0, 0, 4, 0, 0, 0], [0, 0, 0, 4, 0, 0], [0, 0, 0, 0, 4, 0]])
    >>> dba(beats, start=beats[1], window=2).center
    array([0., 0., 0., 4., 0., 0.])
    """
    p = problem(X, start, length, window, weights, rounds, tolerance, x_offsets)
    center, moved = p.start, 0
    sums, counts, cost = _round(p, center)
    while moved < p.rounds:
        other = (sums / counts).astype(center.dtype)
        sums, counts, lower = _round(p, other)
        if not lower < cost:
            break
        enough = cost - lower <= p.tolerance * cost
        center, cost, moved = other, lower, moved + 1
        if enough:
            break
    return p.result(center, cost, moved)


def _round(p: Problem, center: Any) -> tuple[Any, Any, float]:
    sums, counts, squares = native.core().dba_round(p.x, p.offsets, center, p.weights, p.window)
    return sums, counts, p.refuse_overflow(float(p.weights @ squares))
