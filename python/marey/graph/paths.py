"""What leads where: breadth-first search, components, shortest paths."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from marey._runtime import native
from marey.graph._check import as_nodes
from marey.graph.graph import Graph

__all__ = ["bfs", "components", "shortest_paths"]


def _sources(value: Any) -> tuple[NDArray[np.int64], bool]:
    one = np.ndim(value) == 0
    return as_nodes("sources", [value] if one else value), one


def bfs(graph: Graph, sources: Any) -> NDArray[np.int64]:
    """Hops from each source to every node; weights do not count.

    Parameters
    ----------
    graph : Graph
        Arcs are followed in their direction.
    sources : int or (S,) array_like of int
        Nodes to start from, in parallel.

    Returns
    -------
    (n,) or (S, n) int64
        Number of arcs on a shortest path, -1 where there is none.

    Raises
    ------
    ValueError
        If a source is no node.

    Notes
    -----
    O(n + m) a source. In an undirected graph nodes look for a neighbour in a large frontier, not the other way round
    (Beamer, Asanovic and Patterson, SC 2012).

    Examples
    --------
    >>> from marey.graph import Graph, bfs
    >>> bfs(Graph.from_edges([0, 1, 3], [1, 2, 4]), 0)
    array([ 0,  1,  2, -1, -1])
    """
    nodes, one = _sources(sources)
    hops: NDArray[np.int64] = native.rust().graph_bfs(graph._rows(), graph._known_incoming(), nodes)
    return hops if one else hops.reshape(len(nodes), graph.n)


def components(graph: Graph, *, strong: bool = False) -> NDArray[np.int64]:
    """The connected component of each node, numbered by the smallest node in it.

    Parameters
    ----------
    graph : Graph
        Any graph.
    strong : bool
        Of a directed graph: strong components (each node leads to each other), not weak ones (direction ignored).

    Returns
    -------
    (n,) int64
        Labels 0, 1, ...: ``labels.max() + 1`` components.

    Notes
    -----
    Weak: union-find. Strong: Tarjan (SIAM J. Computing 1(2), 1972). Both O(n + m) in practice.

    Examples
    --------
    >>> from marey.graph import Graph, components
    >>> components(Graph.from_edges([0, 1, 3], [1, 2, 4]))
    array([0, 0, 0, 1, 1])
    """
    labels: NDArray[np.int64] = native.rust().graph_components(graph._rows(), strong and graph.directed)
    return labels


def shortest_paths(graph: Graph, sources: Any, *, cutoff: float | None = None, predecessors: bool = False) -> Any:
    """Lengths of shortest paths from each source to every node.

    Parameters
    ----------
    graph : Graph
        Weights are lengths; without weights every arc has length 1. Arcs are followed in their direction. Lengths may
        be negative in a directed graph.
    sources : int or (S,) array_like of int
        Nodes to start from, in parallel.
    cutoff : float, optional
        Longer paths are not looked for.
    predecessors : bool
        Also return the node before each node.

    Returns
    -------
    distance : (n,) or (S, n) float64
        Length, inf where there is no path within the cutoff.
    predecessor : (n,) or (S, n) int64
        With ``predecessors=True``: the node before on a shortest path; -1 for the source and where there is none.

    Raises
    ------
    ValueError
        If a source is no node, a weight of an undirected graph is negative (the message names its arc), or the cutoff.
    marey.errors.NegativeCycleError
        If a source leads to a cycle of negative length: ``cycle`` holds its nodes.

    Notes
    -----
    Buckets of a fixed width (Meyer and Sanders, J. Algorithms 49, 2003), or Dijkstra's algorithm with a 4-ary heap,
    O((n + m) log n), where the graph is small or its lengths differ widely; Bellman and Ford's with negative lengths,
    O(n m).

    Examples
    --------
    >>> from marey.graph import Graph, shortest_paths
    >>> graph = Graph.from_edges([0, 0, 1], [1, 2, 2], [1.0, 5.0, 2.0])
    >>> shortest_paths(graph, 0)
    array([0., 1., 3.])
    """
    nodes, one = _sources(sources)
    limit = np.inf if cutoff is None else float(cutoff)
    distance, before = native.rust().graph_shortest_paths(graph._rows(), nodes, limit, predecessors, graph.directed)
    shape = (graph.n,) if one else (len(nodes), graph.n)
    return (distance.reshape(shape), before.reshape(shape)) if predecessors else distance.reshape(shape)
