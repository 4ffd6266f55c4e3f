"""Boxes that make up what a set dominates, or what it does not."""

from __future__ import annotations

from typing import Any

from marey._runtime import native
from marey._runtime.doors import door
from marey.moo._points import as_points, as_reference, like

__all__ = ["box_decomposition"]

_KINDS = ("nondominated", "dominated")


@door("F")
def box_decomposition(F: Any, ref: Any, *, kind: str = "nondominated") -> tuple[Any, Any]:
    """Boxes without overlap that together are the region that a set dominates below a reference point, or the rest.

    Parameters
    ----------
    F : (N, d) array_like
        Objective values, minimised, one point a row. Dominated points and points that are not below `ref` do not
        matter. NaN is not allowed.
    ref : (d,) array_like
        Reference point, finite.
    kind : {"nondominated", "dominated"}
        Which region: below `ref` and not dominated by `F`, whose boxes reach down to -inf, or dominated by `F`.

    Returns
    -------
    lower, upper : (B, d)
        Corners of the boxes, in the dtype of `F`: at most N + 1 for d = 2, little more than 2 N for d = 3.

    Raises
    ------
    ValueError
        If a shape does not fit, `F` holds a NaN, `ref` is not finite, or `kind` is neither.
    TypeError
        If an argument is not real numbers, or is on a GPU.

    Notes
    -----
    Local upper bounds, each with the points that define it (Lacour, Klamroth, Fonseca, Comput. Oper. Res. 79, 2017);
    for the non-dominated region the bounds are decomposed once more, backwards (Yang, Emmerich, Deutz, Bäck, J. Glob.
    Optim. 75, 2019).

    Examples
    --------
    >>> from marey.moo import box_decomposition
    >>> lower, upper = box_decomposition([[1.0, 3.0], [2.0, 1.0]], ref=[4.0, 4.0], kind="dominated")
    >>> float((upper - lower).prod(axis=1).sum())
    7.0
    """
    if kind not in _KINDS:
        raise ValueError(f"`kind` is {kind!r}; expected 'nondominated' or 'dominated'")
    points = as_points("F", F)
    d = points.shape[1]
    lower, upper = native.rust().boxes(points, as_reference(ref, d), kind == "dominated")
    return like(F, lower.reshape(-1, d)), like(F, upper.reshape(-1, d))
