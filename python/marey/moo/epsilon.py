"""The epsilon indicators."""

from __future__ import annotations

from typing import Any

from marey._runtime import native
from marey._runtime.doors import door
from marey.moo._points import as_points

__all__ = ["epsilon"]

_KINDS = ("additive", "multiplicative")


@door("F", "R")
def epsilon(F: Any, R: Any, *, kind: str = "additive") -> float:
    r"""The least that makes `F` weakly dominate `R`, when subtracted from every objective of `F`, or divided by.

    .. math:: \epsilon_+(F, R) = \max_{r \in R} \min_{p \in F} \max_j\, (p_j - r_j), \qquad
              \epsilon_\times(F, R) = \max_{r \in R} \min_{p \in F} \max_j\, p_j / r_j

    Parameters
    ----------
    F : (N, d) array_like
        Objective values, minimised, one point a row; finite.
    R : (M, d) array_like
        Reference set; finite.
    kind : {"additive", "multiplicative"}
        Which of the two; the second needs positive values.

    Returns
    -------
    float
        The indicator; smaller is better. Additive: at most 0 when `F` weakly dominates `R`; multiplicative: at most 1.

    Raises
    ------
    ValueError
        If a shape does not fit, a set is empty, a value is not finite (or not positive), or `kind` is neither.
    TypeError
        If an argument is not real numbers, or is on a GPU.

    Notes
    -----
    Zitzler, Thiele, Laumanns, Fonseca, Grunert da Fonseca, IEEE Trans. Evol. Comput. 7(2), 2003. At worst O(d N M); a
    point of `R` is left as soon as it cannot raise the maximum.

    Examples
    --------
    >>> from marey.moo import epsilon
    >>> epsilon([[2.0, 3.0]], [[1.0, 2.5], [3.0, 1.0]])
    2.0
    >>> epsilon([[2.0, 3.0]], [[1.0, 2.5], [3.0, 1.0]], kind="multiplicative")
    3.0
    """
    if kind not in _KINDS:
        raise ValueError(f"`kind` is {kind!r}; expected 'additive' or 'multiplicative'")
    points = as_points("F", F)
    reference = as_points("R", R, d=points.shape[1])
    return native.rust().epsilon(points, reference, kind == "multiplicative")  # type: ignore[no-any-return]
