"""Generational distance: how far a set is from a reference set."""

from __future__ import annotations

from typing import Any

from marey._runtime import native
from marey._runtime.doors import door
from marey.moo._points import as_points

__all__ = ["gd", "gd_plus"]


@door("F", "R")
def gd(F: Any, R: Any) -> float:
    r"""Generational distance: mean Euclidean distance from the points of `F` to their nearest points of `R`.

    .. math:: \mathrm{GD}(F, R) = \frac1{|F|} \sum_{p \in F} \min_{r \in R} \lVert p - r \rVert_2

    Parameters
    ----------
    F : (N, d) array_like
        Objective values, one point a row; finite.
    R : (M, d) array_like
        Reference set, usually points of the true front; finite.

    Returns
    -------
    float
        The mean distance, in the units of the objectives; smaller is better.

    Raises
    ------
    ValueError
        If a shape does not fit, a set is empty or a value is not finite.
    TypeError
        If an argument is not real numbers, or is on a GPU.

    Notes
    -----
    Van Veldhuizen, Lamont, "Evolutionary computation and convergence to a Pareto front", GP 1998, with the mean of
    distances. O(d N M), eight points at a time.

    Examples
    --------
    >>> from marey.moo import gd
    >>> gd([[3.0, 4.0], [0.0, 1.0]], [[0.0, 0.0]])
    3.0
    """
    points = as_points("F", F)
    return native.rust().gd(points, as_points("R", R, d=points.shape[1]))  # type: ignore[no-any-return]


@door("F", "R")
def gd_plus(F: Any, R: Any) -> float:
    r"""Generational distance of which only what `F` is worse counts: zero when every point weakly dominates one of `R`.

    .. math:: \mathrm{GD}^+(F, R) = \frac1{|F|} \sum_{p \in F} \min_{r \in R} \lVert \max(p - r, 0) \rVert_2

    Parameters
    ----------
    F : (N, d) array_like
        Objective values, minimised, one point a row; finite.
    R : (M, d) array_like
        Reference set; finite.

    Returns
    -------
    float
        The mean distance; smaller is better.

    Raises
    ------
    ValueError
        If a shape does not fit, a set is empty or a value is not finite.
    TypeError
        If an argument is not real numbers, or is on a GPU.

    Notes
    -----
    Ishibuchi, Masuda, Tanigaki, Nojima, "Modified distance calculation in generational distance and inverted
    generational distance", EMO 2015. O(d N M), eight points at a time.

    Examples
    --------
    >>> from marey.moo import gd_plus
    >>> gd_plus([[3.0, -4.0], [-1.0, -1.0]], [[0.0, 0.0]])
    1.5
    """
    points = as_points("F", F)
    return native.rust().gd_plus(points, as_points("R", R, d=points.shape[1]))  # type: ignore[no-any-return]
