"""Inverted generational distance: how far a reference set is from a set."""

from __future__ import annotations

from typing import Any

from marey._runtime import native
from marey._runtime.doors import door
from marey.moo._points import as_points

__all__ = ["igd", "igd_plus"]


@door("F", "R")
def igd(F: Any, R: Any) -> float:
    r"""Inverted generational distance: mean Euclidean distance from the points of `R` to their nearest points of `F`.

    .. math:: \mathrm{IGD}(F, R) = \frac1{|R|} \sum_{r \in R} \min_{p \in F} \lVert p - r \rVert_2

    Parameters
    ----------
    F : (N, d) array_like
        Objective values, one point a row; finite.
    R : (M, d) array_like
        Reference set, spread over the true front; finite.

    Returns
    -------
    float
        The mean distance, in the units of the objectives; smaller is better. A dominated set may have the smaller one;
        :func:`igd_plus` does not have that fault.

    Raises
    ------
    ValueError
        If a shape does not fit, a set is empty or a value is not finite.
    TypeError
        If an argument is not real numbers, or is on a GPU.

    Notes
    -----
    Coello Coello, Reyes Sierra, "A study of the parallelization of a coevolutionary multi-objective evolutionary
    algorithm", MICAI 2004, with the mean of distances. O(d N M), eight points at a time.

    Examples
    --------
    >>> from marey.moo import igd
    >>> igd([[0.0, 0.0]], [[3.0, 4.0], [0.0, 1.0]])
    3.0
    """
    points = as_points("F", F)
    return native.rust().igd(points, as_points("R", R, d=points.shape[1]))  # type: ignore[no-any-return]


@door("F", "R")
def igd_plus(F: Any, R: Any) -> float:
    r"""Inverted generational distance of which only what `F` is worse counts.

    .. math:: \mathrm{IGD}^+(F, R) = \frac1{|R|} \sum_{r \in R} \min_{p \in F} \lVert \max(p - r, 0) \rVert_2

    A set that weakly dominates another never has the larger value.

    Parameters
    ----------
    F : (N, d) array_like
        Objective values, minimised, one point a row; finite.
    R : (M, d) array_like
        Reference set; finite.

    Returns
    -------
    float
        The mean distance; smaller is better, zero when `F` weakly dominates `R`.

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
    >>> from marey.moo import igd_plus
    >>> igd_plus([[0.0, 0.0]], [[-3.0, -4.0], [1.0, 1.0]])
    2.5
    """
    points = as_points("F", F)
    return native.rust().igd_plus(points, as_points("R", R, d=points.shape[1]))  # type: ignore[no-any-return]
