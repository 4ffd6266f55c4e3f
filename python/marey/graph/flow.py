"""Who goes with whom at least cost: assignment and flow."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from marey._runtime import native
from marey.graph._check import as_floats, as_nodes

__all__ = ["Flow", "assignment", "min_cost_flow"]


class Flow(NamedTuple):
    """A flow of least cost, and the prices that prove it."""

    cost: int
    """Sum of cost times flow."""
    flow: NDArray[np.int64]
    """(m,) units on each arc."""
    potential: NDArray[np.int64]
    """(n,) prices: cost + potential[src] - potential[dst] is >= 0 on arcs with room and <= 0 on arcs with flow."""


def assignment(cost: Any, *, maximize: bool = False) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of rows and columns, each used at most once, of least total cost.

    Parameters
    ----------
    cost : (n, m) array_like
        Cost of each pair; inf forbids it. The shorter side is matched completely.
    maximize : bool
        Look for the largest total instead; -inf forbids a pair then.

    Returns
    -------
    rows, columns : (min(n, m),) int64
        The pairs, rows ascending.

    Raises
    ------
    ValueError
        If a cost is NaN (or infinite the wrong way), or the forbidden pairs leave no complete assignment.

    Notes
    -----
    Augmenting row reduction (Jonker and Volgenant, Computing 38, 1987), then shortest augmenting paths (Crouse, IEEE
    Trans. Aerospace and Electronic Systems 52(4), 2016); O(min(n, m)^2 max(n, m)) at worst, float64.

    Examples
    --------
    >>> from marey.graph import assignment
    >>> assignment([[4.0, 1.0, 3.0], [2.0, 0.0, 5.0]])
    (array([0, 1]), array([1, 0]))
    """
    matrix = as_floats("cost", cost, ndim=2)
    sign = -1.0 if maximize else 1.0
    bad = np.argwhere(np.isnan(matrix) | (matrix == -sign * np.inf))
    if len(bad):
        row, column = bad[0]
        rule = f"expected numbers; {sign * np.inf} forbids a pair"
        raise ValueError(f"`cost` is {matrix[row, column]} in row {row}, column {column}; {rule}")
    turned = matrix.shape[0] > matrix.shape[1]
    # Copied only where it must be: to change the sign, or to have the shorter side as rows.
    work = np.ascontiguousarray((-matrix if maximize else matrix).T if turned else -matrix if maximize else matrix)
    columns: NDArray[np.int64] = native.rust().graph_assignment(work.reshape(-1), *work.shape)
    if not turned:
        return np.arange(len(columns)), columns
    order = np.argsort(columns)
    return columns[order], order


def min_cost_flow(src: Any, dst: Any, *, cost: Any, supply: Any, capacity: Any = None) -> Flow:
    """The flow of least cost through a directed network that meets every supply and demand.

    Parameters
    ----------
    src, dst : (m,) array_like of int
        Ends of the arcs; parallel arcs are distinct.
    cost : (m,) array_like of int
        Cost of a unit on each arc; negative ones are allowed.
    supply : (n,) array_like of int
        Units that each node adds (> 0) or takes (< 0). They sum to 0.
    capacity : (m,) array_like of int, optional
        Most units on each arc; default: no limit.

    Returns
    -------
    Flow
        ``(cost, flow, potential)``.

    Raises
    ------
    ValueError
        If no flow meets the supplies, a cycle without limit has negative cost, or an array breaks a rule above.

    Notes
    -----
    Network simplex with a strongly feasible tree (Cunningham, Mathematical Programming 11, 1976), in whole numbers: the
    answer is exact.

    Examples
    --------
    >>> from marey.graph import min_cost_flow
    >>> min_cost_flow([0, 0, 1], [1, 2, 2], cost=[1, 5, 1], capacity=[2, 9, 2], supply=[3, 0, -3]).flow
    array([2, 1, 2])
    """
    src = as_nodes("src", src)
    limits = np.full(len(src), np.iinfo(np.int64).max) if capacity is None else as_nodes("capacity", capacity)
    costs, supplies = as_nodes("cost", cost), as_nodes("supply", supply)
    return Flow(*native.rust().graph_min_cost_flow(src, as_nodes("dst", dst), limits, costs, supplies))
