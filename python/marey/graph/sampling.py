"""Sampled neighbourhoods and random walks, for graph neural networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marey._runtime import native
from marey.graph._check import as_count, as_floats, as_nodes, need_numbers
from marey.graph.graph import Graph

__all__ = ["NeighborSample", "neighbor_sample", "random_walk"]

_SEEDS = 1 << 64


@dataclass(frozen=True, repr=False)
class NeighborSample:
    """Nodes in the order in which they were found, the seeds first, and the sampled arcs between them."""

    node: NDArray[np.int64]
    """(k,) nodes of the graph."""
    neighbor: NDArray[np.int64]
    """(arcs,) place in `node` where each sampled arc leads."""
    center: NDArray[np.int64]
    """(arcs,) place in `node` of the node that it was sampled for."""
    edge: NDArray[np.int64]
    """(arcs,) index of each arc in the graph's ``targets``."""
    batch: NDArray[np.int64] | None
    """(k,) seed of each node, where samples are disjoint."""
    nodes_of_hop: NDArray[np.int64]
    """(hops + 1,) nodes new in each hop, the seeds' first."""
    edges_of_hop: NDArray[np.int64]
    """(hops,) arcs of each hop."""

    def __repr__(self) -> str:
        hops = len(self.edges_of_hop)
        return f"NeighborSample({len(self.node):,} nodes, {len(self.edge):,} arcs, {hops} hop{'s' * (hops != 1)})"


def neighbor_sample(
    graph: Graph,
    seeds: Any,
    fanouts: Sequence[int] | Sequence[Sequence[int]],
    *,
    replace: bool = False,
    disjoint: bool = False,
    edge_type: Any = None,
    time: Any = None,
    seed_time: Any = None,
    time_window: float | None = None,
    seed: int = 0,
) -> NeighborSample:
    """Samples the neighbourhoods of seeds hop by hop: of each new node so many arcs.

    Parameters
    ----------
    graph : Graph
        Arcs are followed from a node to its targets; for messages along the arcs give the graph turned round.
    seeds : (s,) array_like of int
        Where to begin; a seed given twice is one node, unless `disjoint`.
    fanouts : sequence of int, or of sequences of int
        Arcs of each node in each hop, -1 for all; with `edge_type` for each type.
    replace : bool
        Whether an arc may be drawn twice.
    disjoint : bool
        Whether each seed has a sample of its own that shares no node with another's.
    edge_type : (arcs,) array_like of int, optional
        Type of each arc, from 0.
    time : (arcs,) or (n,) array_like, optional
        When each arc, or the node it leads to, came to be. A seed sees what is not later than its own time; needs
        `disjoint`. Where arcs and nodes are as many, it is of the arcs.
    seed_time : (s,) array_like, optional
        Time of each seed, with `time`.
    time_window : float, optional
        A seed sees no arc more than this much older than itself; default: no limit.
    seed : int
        The same seed gives the same sample on any number of threads.

    Returns
    -------
    NeighborSample

    Raises
    ------
    ValueError
        If a length, a node, a type or a time does not fit, or a time is NaN.

    Notes
    -----
    Hamilton, Ying & Leskovec, NeurIPS 2017. Draws are uniform among the arcs that type and time allow.

    Examples
    --------
    >>> from marey.graph import Graph, neighbor_sample
    >>> star = Graph.from_edges([0, 0, 0, 0], [1, 2, 3, 4], directed=True)
    >>> found = neighbor_sample(star, [0], [2], seed=1)
    >>> found
    NeighborSample(3 nodes, 2 arcs, 1 hop)
    >>> bool((star.targets[found.edge] == found.node[found.neighbor]).all())
    True
    """
    seeds = as_nodes("seeds", seeds)
    hops = [[hop] if isinstance(hop, (int, np.integer)) else list(hop) for hop in fanouts]
    for hop in hops:
        for fanout in hop:
            as_count("fanouts", fanout, least=-1)
    types = None if edge_type is None else as_nodes("edge_type", edge_type)
    times = None
    if time is not None:
        if seed_time is None:
            raise ValueError("`seed_time` is missing; expected the time of each seed with `time`")
        of_arc, of_seed = as_floats("time", time, ndim=1), as_floats("seed_time", seed_time, ndim=1)
        need_numbers("time", of_arc)
        need_numbers("seed_time", of_seed)
        if len(of_arc) == graph.n and len(of_arc) != len(graph.targets):
            of_arc = np.ascontiguousarray(of_arc[graph.targets])
        window = np.inf if time_window is None else float(time_window)
        if not window >= 0:
            raise ValueError(f"`time_window` is {time_window}; expected a number >= 0")
        times = (of_arc, of_seed, window)
    elif seed_time is not None or time_window is not None:
        raise ValueError("`seed_time` and `time_window` need `time`, that of each arc or node")
    rows, key = graph._rows(), _key(seed)
    found = native.rust().graph_neighbor_sample(rows, seeds, hops, types, bool(replace), bool(disjoint), times, key)
    node, neighbor, center, edge, batch, nodes_of_hop, edges_of_hop = found
    return NeighborSample(node, neighbor, center, edge, batch if disjoint else None, nodes_of_hop, edges_of_hop)


def random_walk(
    graph: Graph, starts: Any, length: int, *, p: float = 1.0, q: float = 1.0, seed: int = 0
) -> NDArray[np.int64]:
    """Random walks along the arcs, by their weights, as node2vec takes them.

    Parameters
    ----------
    graph : Graph
        Weights, where it has any, are >= 0.
    starts : (s,) array_like of int
        Where each walk begins.
    length : int
        Steps of each walk.
    p : float
        Going straight back is 1 / p times as likely.
    q : float
        Going where no arc leads from the node before is 1 / q times as likely.
    seed : int
        The same seed gives the same walks on any number of threads.

    Returns
    -------
    (s, length + 1) int64
        The nodes. A walk that finds no arc, or none with weight, stays where it is.

    Notes
    -----
    Grover & Leskovec, KDD 2016, by rejection: no table is built.

    Examples
    --------
    >>> from marey.graph import Graph, random_walk
    >>> random_walk(Graph.from_edges([0, 1, 2], [1, 2, 0], directed=True), [0, 2], 3)
    array([[0, 1, 2, 0],
           [2, 0, 1, 2]])
    """
    starts, length = as_nodes("starts", starts), as_count("length", length)
    rows, key = graph._rows(), _key(seed)
    walks: NDArray[np.int64] = native.rust().graph_random_walk(rows, starts, length, float(p), float(q), key)
    return walks.reshape(len(starts), length + 1)


def _key(seed: int) -> int:
    return as_count("seed", seed) % _SEEDS
