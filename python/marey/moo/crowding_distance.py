"""The crowding distance."""

from __future__ import annotations

from typing import Any

import numpy as np

from marey._runtime import native
from marey._runtime.doors import door, is_torch
from marey.moo._points import as_points, like

__all__ = ["crowding_distance"]


@door("F", "rank")
def crowding_distance(F: Any, rank: Any = None) -> Any:
    """How far apart the neighbours of each point are, summed over the objectives: large for lonely points.

    Parameters
    ----------
    F : (N, d) array_like
        Objective values, one point a row; finite.
    rank : (N,) array_like of int, optional
        Front of each point, as :func:`pareto_rank` gives it: points are compared within their front. Left out: all
        points are one front.

    Returns
    -------
    (N,)
        The distances, in the dtype of `F`: for each objective the gap between the point's two neighbours, divided by
        the range of the front. Infinite for the outermost points.

    Raises
    ------
    ValueError
        If a shape does not fit or a value is not finite.
    TypeError
        If `F` is not real numbers, `rank` is not integers, or an argument is on a GPU.

    Notes
    -----
    Deb, Pratap, Agarwal, Meyarivan, "A fast and elitist multiobjective genetic algorithm: NSGA-II", IEEE Trans. Evol.
    Comput. 6(2), 2002. Points that tie in an objective are ordered by the others, so that the order of the rows does
    not matter unless points are equal. An objective in which a front does not differ adds nothing. O(d N log N).

    Examples
    --------
    >>> from marey.moo import crowding_distance
    >>> crowding_distance([[0.0, 4.0], [1.0, 2.0], [3.0, 1.0], [4.0, 0.0]])
    array([ inf, 1.5 , 1.25,  inf])
    """
    points = as_points("F", F)
    n = len(points)
    if rank is None:
        group = np.zeros(n, np.int64)
    else:
        ranks = rank.cpu().numpy() if is_torch(rank) else np.asarray(rank)
        if ranks.dtype.kind not in "iu":
            raise TypeError(f"`rank` has dtype {ranks.dtype}; expected integers")
        if ranks.shape != (n,):
            raise ValueError(f"`rank` has shape {ranks.shape}; expected (N,) = ({n},)")
        group = np.unique(ranks, return_inverse=True)[1].astype(np.int64)
    return like(F, native.rust().crowding_distance(points, group))
