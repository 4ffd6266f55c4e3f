"""Spacing: how evenly points lie."""

from __future__ import annotations

from typing import Any

from marey._runtime import native
from marey._runtime.doors import door
from marey.moo._points import as_points

__all__ = ["spacing"]


@door("F")
def spacing(F: Any) -> float:
    r"""Standard deviation of the distances from each point to its nearest neighbour.

    .. math:: d_i = \min_{k \ne i} \sum_j |p_{ij} - p_{kj}|, \qquad S = \sqrt{\frac{1}{N - 1} \sum_i (\bar d - d_i)^2}

    Parameters
    ----------
    F : (N, d) array_like
        Objective values, one point a row, at least two; finite.

    Returns
    -------
    float
        The spacing, in the units of the objectives; zero for evenly spaced points.

    Raises
    ------
    ValueError
        If the shape does not fit, there are fewer than two points or a value is not finite.
    TypeError
        If `F` is not real numbers, or is on a GPU.

    Notes
    -----
    Schott, "Fault tolerant design using single and multicriteria genetic algorithm optimization", MIT, 1995. O(d N^2),
    eight points at a time.

    Examples
    --------
    >>> from marey.moo import spacing
    >>> spacing([[0.0, 3.0], [1.0, 2.0], [2.0, 1.0], [3.0, 0.0]])
    0.0
    """
    return native.rust().spacing(as_points("F", F))  # type: ignore[no-any-return]
