"""What each point adds to the hypervolume."""

from __future__ import annotations

from typing import Any

from marey._runtime import native
from marey._runtime.doors import door
from marey.moo._points import as_points, as_reference, like

__all__ = ["hv_contributions", "hv_least"]


@door("F")
def hv_contributions(F: Any, ref: Any) -> Any:
    r"""Volume that each point alone dominates: :math:`H(F) - H(F \setminus \{p\})`.

    Parameters
    ----------
    F : (N, d) array_like
        Objective values, minimised, one point a row. NaN is not allowed, nor -inf below `ref`.
    ref : (d,) array_like
        Reference point, finite.

    Returns
    -------
    (N,)
        The contributions, in the dtype of `F`; computed in float64. Zero for dominated and for repeated points, and for
        points that are not below `ref`. A dominated point still lessens the contribution of a point that alone
        dominates it.

    Raises
    ------
    ValueError
        If a shape does not fit, `F` holds a NaN or -inf, or `ref` is not finite.
    TypeError
        If an argument is not real numbers, or is on a GPU.

    Notes
    -----
    d = 2 and 3: one sweep, O(N log N) (Emmerich, Fonseca, EMO 2011). From d = 4 on: each point's volume in the box to
    the nearest points that block it along an axis. The same bits for any number of threads.

    Examples
    --------
    >>> from marey.moo import hv_contributions
    >>> hv_contributions([[1.0, 3.0], [2.0, 1.0], [3.0, 2.0]], ref=[4.0, 4.0])
    array([1., 3., 0.])
    """
    points = as_points("F", F)
    return like(F, native.rust().hv_contributions(points, as_reference(ref, points.shape[1])))


@door("F")
def hv_least(F: Any, ref: Any) -> tuple[int, float]:
    """The point that adds least to the hypervolume, the one to drop.

    Parameters
    ----------
    F : (N, d) array_like
        Objective values, minimised, one point a row; at least one.
    ref : (d,) array_like
        Reference point, finite.

    Returns
    -------
    index : int
        Of the point; the first one of several.
    contribution : float
        The volume that it alone dominates.

    Raises
    ------
    ValueError
        If `F` has no point, or as for :func:`hv_contributions`.
    TypeError
        If an argument is not real numbers, or is on a GPU.

    Examples
    --------
    >>> from marey.moo import hv_least
    >>> hv_least([[1.0, 3.0], [2.0, 1.0]], ref=[4.0, 4.0])
    (0, 1.0)
    """
    points = as_points("F", F)
    least = native.rust().hv_least(points, as_reference(ref, points.shape[1]))
    if least is None:
        raise ValueError(f"`F` has shape {points.shape}; expected at least one point")
    index, contribution = least
    return index, contribution
