"""What a graph is made of: cores, triangles, a spanning tree."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from marey._runtime import native
from marey.graph._check import as_nodes, need_undirected
from marey.graph.graph import Graph

__all__ = ["SteinerTree", "core_number", "minimum_spanning_tree", "steiner_tree", "triangles"]


def core_number(graph: Graph) -> NDArray[np.int64]:
    """The largest k for each node such that it lies in a subgraph where every degree is at least k.

    Parameters
    ----------
    graph : Graph
        Undirected. Weights, self-loops and parallel edges do not count.

    Returns
    -------
    (n,) int64
        Core numbers.

    Raises
    ------
    ValueError
        If the graph is directed.

    Notes
    -----
    Batagelj and Zaversnik, An O(m) algorithm for cores decomposition of networks, 2003. O(n + m).

    Examples
    --------
    >>> from marey.graph import Graph, core_number
    >>> core_number(Graph.from_edges([0, 1, 2, 2], [1, 2, 0, 3]))
    array([2, 2, 2, 1])
    """
    need_undirected(graph, "core_number")
    cores: NDArray[np.int64] = native.rust().graph_core_number(graph._rows())
    return cores


def triangles(graph: Graph) -> NDArray[np.int64]:
    """How many triangles each node is part of: the sum is three times the triangles of the graph.

    Parameters
    ----------
    graph : Graph
        Undirected. Weights, self-loops and parallel edges do not count.

    Returns
    -------
    (n,) int64
        Triangles at each node.

    Raises
    ------
    ValueError
        If the graph is directed.

    Notes
    -----
    The forward algorithm of Schank and Wagner (WEA 2005), O(m^1.5).

    Examples
    --------
    >>> from marey.graph import Graph, triangles
    >>> triangles(Graph.from_edges([0, 1, 2, 2], [1, 2, 0, 3]))
    array([1, 1, 1, 0])
    """
    need_undirected(graph, "triangles")
    counts: NDArray[np.int64] = native.rust().graph_triangles(graph._rows())
    return counts


def minimum_spanning_tree(graph: Graph) -> Graph:
    """A spanning tree of least weight, of each component one.

    Parameters
    ----------
    graph : Graph
        Undirected; weights may be negative. Without weights any spanning tree is one.

    Returns
    -------
    Graph
        The edges of the tree on the same nodes, weighted where `graph` is.

    Raises
    ------
    ValueError
        If the graph is directed.

    Notes
    -----
    Prim's algorithm with a 4-ary heap, O(m log n).

    Examples
    --------
    >>> from marey.graph import Graph, minimum_spanning_tree
    >>> tree = minimum_spanning_tree(Graph.from_edges([0, 1, 2], [1, 2, 0], [1.0, 2.0, 3.0]))
    >>> tree.edges()
    (array([0, 1]), array([1, 2]), array([1., 2.]))
    """
    need_undirected(graph, "minimum_spanning_tree")
    src, dst, weight = native.rust().graph_spanning_tree(graph._rows())
    return Graph.from_edges(src, dst, None if graph.weights is None else weight, graph.n)


class SteinerTree(NamedTuple):
    """A tree that joins the terminals, and how short one could be."""

    tree: Graph
    """Its edges, on the nodes of the graph."""
    weight: float
    """Their sum."""
    bound: float
    """No tree that joins the terminals weighs less; `weight` is at most twice as much."""


def steiner_tree(graph: Graph, terminals: Any) -> SteinerTree:
    """A light tree that joins the terminals, by way of other nodes where that is shorter.

    Parameters
    ----------
    graph : Graph
        Undirected, weights >= 0.
    terminals : (t,) array_like of int
        Nodes to be joined.

    Returns
    -------
    SteinerTree
        ``(tree, weight, bound)`` with ``weight <= 2 (1 - 1 / t) * least weight`` and ``bound <= least weight``.

    Raises
    ------
    ValueError
        If the graph is directed, a weight is negative, or the terminals are no nodes or not connected.

    Notes
    -----
    Kou, Markowsky and Berman (Acta Informatica 15, 1981) by way of Mehlhorn's graph (Information Processing Letters 27,
    1988), O((n + m) log n). The bound is the spanning tree of the terminals' distances over 2 (1 - 1 / t).

    Examples
    --------
    >>> from marey.graph import Graph, steiner_tree
    >>> star = Graph.from_edges([0, 1, 2, 0], [3, 3, 3, 1], [1.0, 1.0, 1.0, 2.5])
    >>> steiner_tree(star, [0, 1, 2]).weight
    3.0
    """
    need_undirected(graph, "steiner_tree")
    src, dst, weight, bound = native.rust().graph_steiner_tree(graph._rows(), as_nodes("terminals", terminals))
    tree = Graph.from_edges(src, dst, None if graph.weights is None else weight, graph.n)
    return SteinerTree(tree, float(weight.sum()), bound)
