"""The R2 indicator."""

from __future__ import annotations

from typing import Any

from marey._runtime import native
from marey._runtime.doors import door
from marey.moo._points import as_floats, as_points

__all__ = ["r2"]


@door("F")
def r2(F: Any, ideal: Any, *, weights: Any = None) -> float:
    r"""Mean over weights of the best weighted Tchebycheff value of a set.

    .. math:: R_2(F) = \frac1{|W|} \sum_{w \in W} \min_{p \in F} \max_j\, w_j (p_j - z_j)

    Parameters
    ----------
    F : (N, d) array_like
        Objective values, minimised, one point a row; finite.
    ideal : (d,) array_like
        Ideal point z; no point may be below it in an objective.
    weights : (M, d) array_like, optional
        Weights, not negative. Left out, in two objectives: the integral over all (w, 1 - w), w uniform in [0, 1].

    Returns
    -------
    float
        The indicator; smaller is better.

    Raises
    ------
    ValueError
        If a shape does not fit, a set is empty, a value is not finite, a weight is negative, a point is below `ideal`,
        or `weights` is left out where there are not two objectives.
    TypeError
        If an argument is not real numbers, or is on a GPU.

    Notes
    -----
    Brockhoff, Wagner, Trautmann, "On the properties of the R2 indicator", GECCO 2012; the integral: Schäpermeier,
    Kerschke, "R2 v2: the Pareto-compliant R2 indicator for better benchmarking in bi-objective optimization", Evol.
    Comput., 2025. O(d N M), eight points at a time; the integral O(N log N).

    Examples
    --------
    >>> from marey.moo import r2
    >>> r2([[1.0, 1.0]], [0.0, 0.0])
    0.75
    >>> r2([[1.0, 2.0], [2.0, 1.0]], [0.0, 0.0], weights=[[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]])
    1.0
    """
    points = as_points("F", F)
    d = points.shape[1]
    z = as_floats("ideal", ideal)
    if z.shape != (d,):
        raise ValueError(f"`ideal` has shape {z.shape}; expected (d,) = ({d},)")
    if weights is None:
        if d != 2:
            raise ValueError(f"`weights` is left out; expected (M, {d}) weights where there are not two objectives")
        return native.rust().r2(points, z)  # type: ignore[no-any-return]
    w = as_points("weights", weights, d=d)
    if len(w) == 0 or not (w >= 0).all():
        raise ValueError(f"`weights` has shape {w.shape}, least {w.min(initial=0)}; expected some, none negative")
    return native.rust().r2(points, z, w)  # type: ignore[no-any-return]
