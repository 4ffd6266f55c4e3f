"""Pairs of nodes along edges: the matching of greatest weight."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from marey._runtime import native
from marey.graph._check import need_undirected
from marey.graph.graph import Graph

__all__ = ["Matching", "max_weight_matching"]


class Matching(NamedTuple):
    """A matching of greatest weight, and the prices that prove it.

    With u the `dual` of a node and z that of a blossom: for each edge ``u[i] + u[j]`` plus the z of the blossoms that
    hold both ends is at least the edge's weight, with equality where it is matched; u and z are not negative; so no
    matching weighs more than ``u.sum()`` plus the sum of z times half the size of its blossom, rounded down.
    """

    mate: NDArray[np.int64]
    """(n,) partner of each node, or -1."""
    weight: float
    """Sum of the weights of the pairs."""
    dual: NDArray[np.float64]
    """(n,) u of each node."""
    blossoms: list[tuple[NDArray[np.int64], float]]
    """Nodes, of odd number, and z of each blossom with z > 0."""


def max_weight_matching(graph: Graph, *, max_cardinality: bool = False) -> Matching:
    """Pairs of neighbours, each node in at most one, of greatest total weight.

    Parameters
    ----------
    graph : Graph
        Undirected. Self-loops never match; of parallel edges the heaviest counts.
    max_cardinality : bool
        Of the matchings with the most pairs the heaviest. The duals may be negative then.

    Returns
    -------
    Matching
        ``(mate, weight, dual, blossoms)``.

    Raises
    ------
    ValueError
        If the graph is directed.

    Notes
    -----
    Edmonds' blossom algorithm in O(n^3) (Galil, ACM Computing Surveys 18(1), 1986), in whole numbers: weights that are
    whole numbers below 2^40 are taken as they are and the answer is exact; others are rounded to 2^-40 of the largest.

    Examples
    --------
    >>> from marey.graph import Graph, max_weight_matching
    >>> max_weight_matching(Graph.from_edges([0, 1, 2], [1, 2, 3], [5.0, 11.0, 5.0])).mate
    array([-1,  2,  1, -1])
    """
    need_undirected(graph, "max_weight_matching")
    src, dst, weights = graph.edges()
    real = np.ones(len(src)) if weights is None else weights
    largest = float(np.abs(real).max(initial=0.0))
    whole = largest < 2.0**40 and bool((real == np.rint(real)).all())
    # Scaled by a power of two, which rounds nothing by itself.
    scale = 1.0 if whole or largest == 0 else 2.0 ** (39 - np.floor(np.log2(largest)))
    units = np.rint(real * scale).astype(np.int64)
    mate, dual, blossoms = native.rust().graph_max_weight_matching(src, dst, units, graph.n, max_cardinality)
    best = np.full(graph.n, -np.inf)
    pairs = mate[src] == dst
    np.maximum.at(best, src[pairs], real[pairs])
    half = 0.5 / scale
    return Matching(
        mate, float(best[np.isfinite(best)].sum()), dual * half, [(nodes, z * half) for nodes, z in blossoms]
    )
