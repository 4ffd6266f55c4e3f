"""Flows through networks: the greatest and the cheapest."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from marey._runtime import native
from marey.graph._check import as_count, as_nodes

__all__ = ["Flow", "MaxFlow", "max_flow", "min_cost_flow"]


class Flow(NamedTuple):
    """A flow of least cost, and the prices that prove it."""

    cost: int
    """Sum of cost times flow."""
    flow: NDArray[np.int64]
    """(m,) units on each arc."""
    potential: NDArray[np.int64]
    """(n,) prices: cost + potential[src] - potential[dst] is >= 0 on arcs with room and <= 0 on arcs with flow."""


class MaxFlow(NamedTuple):
    """A flow of greatest value, and the cut that proves it."""

    value: int
    """Units from the source to the sink: the capacity of the arcs that leave the source's side."""
    flow: NDArray[np.int64]
    """(m,) units on each arc; negative from dst to src, where arcs have no direction."""
    source_side: NDArray[np.bool_]
    """(n,) whether a node is on the source's side of the least cut."""


def max_flow(
    src: Any, dst: Any, *, capacity: Any, source: int, sink: int, n: int | None = None, directed: bool = True
) -> MaxFlow:
    """The most that can flow from a source to a sink, and the least cut between them.

    Parameters
    ----------
    src, dst : (m,) array_like of int
        Ends of the arcs; parallel arcs are distinct.
    capacity : (m,) array_like of int
        Most units on each arc.
    source, sink : int
        Two nodes.
    n : int, optional
        Number of nodes; default: the largest node plus one.
    directed : bool
        With ``False`` an arc carries its capacity in either direction.

    Returns
    -------
    MaxFlow
        ``(value, flow, source_side)``. Among the least cuts it has the smallest side of the sink.

    Raises
    ------
    ValueError
        If an array breaks a rule above, or source and sink are the same node.

    Notes
    -----
    Push-relabel, highest label first, with global relabelling and gaps (Goldberg and Tarjan, J. ACM 35(4), 1988;
    Cherkassky and Goldberg, Algorithmica 19, 1997), O(n^2 sqrt(m)).

    Examples
    --------
    >>> from marey.graph import max_flow
    >>> found = max_flow([0, 0, 1, 2], [1, 2, 3, 3], capacity=[5, 2, 3, 9], source=0, sink=3)
    >>> found.value, found.flow
    (5, array([3, 2, 3, 2]))
    """
    src, dst = as_nodes("src", src), as_nodes("dst", dst)
    source, sink = as_count("source", source), as_count("sink", sink)
    if n is None:
        n = int(max(src.max(initial=-1), dst.max(initial=-1), source, sink)) + 1
    ends = (source, sink)
    found = native.rust().graph_max_flow(src, dst, as_nodes("capacity", capacity), as_count("n", n), ends, not directed)
    return MaxFlow(*found)


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
        If an array breaks a rule above.
    marey.errors.InfeasibleError
        If no flow meets the supplies. Its ``certificate`` holds nodes whose supplies are in all more than the arcs that
        leave them can carry.
    marey.errors.NegativeCycleError
        If a cycle without limit has negative cost: ``cycle`` holds its nodes.

    Notes
    -----
    Network simplex with a strongly feasible tree (Cunningham, Mathematical Programming 11, 1976); from 80,000 arcs on,
    where costs and capacities are below 2^31 and costs cannot fall without end, cost scaling (Goldberg, J. Algorithms
    22, 1997). Whole numbers throughout: the answer is exact.

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
