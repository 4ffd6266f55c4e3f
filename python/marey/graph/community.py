"""Communities, and how good and how alike partitions are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from marey._runtime import native
from marey.graph._check import as_count, as_nodes, need_undirected
from marey.graph.graph import Graph

__all__ = [
    "adjusted_rand",
    "consensus",
    "label_propagation",
    "leiden",
    "louvain",
    "modularity",
    "normalized_mutual_information",
]


_OBJECTIVES = ("modularity", "cpm", "rb", "rber")


def _communities(
    graph: Graph, method: str, resolution: Any, objective: str, iterations: int | None, seeds: list[int]
) -> NDArray[np.int64]:
    """(R, n) labels: of each resolution, or of each seed at one resolution."""
    need_undirected(graph, method)
    if objective not in _OBJECTIVES:
        raise ValueError(f"`objective` is {objective!r}; expected one of {', '.join(map(repr, _OBJECTIVES))}")
    if iterations is not None:
        iterations = as_count("iterations", iterations, least=1)
    values = np.atleast_1d(np.asarray(resolution, dtype=np.float64))
    if values.ndim != 1:
        raise ValueError(f"`resolution` has shape {values.shape}; expected a number or one dimension")
    seeds = [as_count("seed", seed) % 2**64 for seed in seeds]
    values, runs = np.broadcast_arrays(values, np.array(seeds, dtype=np.uint64))
    labels: NDArray[np.int64] = native.rust().graph_communities(
        graph._rows(), values.tolist(), runs.tolist(), objective, method, iterations
    )
    return labels.reshape(len(values), graph.n)


def leiden(
    graph: Graph,
    *,
    resolution: Any = 1.0,
    objective: str = "modularity",
    iterations: int | None = 2,
    seed: int = 0,
) -> NDArray[np.int64]:
    """Communities by the Leiden algorithm; every community is connected.

    Parameters
    ----------
    graph : Graph
        Undirected, weights >= 0. Parallel edges count as their sum.
    resolution : float or (R,) array_like
        Larger finds more and smaller communities. Several are run in parallel.
    objective : str
        ``"modularity"``; ``"cpm"``, the constant Potts model, which has no resolution limit: there `resolution` is the
        density that a community exceeds; ``"rb"``, Reichardt and Bornholdt's with the strengths as null model, whose
        best partition is that of ``"modularity"``; or ``"rber"``, theirs with a random graph of the same density:
        ``"cpm"`` with `resolution` in units of the mean weight of a pair.
    iterations : int, optional
        Passes over all levels, each from the last's result; None: until nothing moves.
    seed : int
        Orders the nodes. The same seed gives the same communities on any number of threads.

    Returns
    -------
    (n,) or (R, n) int64
        Labels 0, 1, ... in the order of their first node.

    Raises
    ------
    ValueError
        If the graph is directed, a weight is negative, or `resolution` is not positive.

    Notes
    -----
    Traag, Waltman and van Eck (Scientific Reports 9, 5233, 2019) with greedy refinement; Reichardt and Bornholdt (Phys.
    Rev. E 74, 016110, 2006). Nodes move in batches that decide against one state; of neighbours that would move at once
    one waits, so each move gains exactly what was decided. Runs, batches, refinement and merging are parallel.

    Examples
    --------
    >>> from marey.graph import Graph, leiden
    >>> leiden(Graph.from_edges([0, 1, 2, 3, 4, 5, 2], [1, 2, 0, 4, 5, 3, 3]))
    array([0, 0, 0, 1, 1, 1])
    """
    labels = _communities(graph, "leiden", resolution, objective, iterations, [seed])
    return labels.reshape(*np.shape(resolution), graph.n)


def louvain(
    graph: Graph,
    *,
    resolution: Any = 1.0,
    objective: str = "modularity",
    iterations: int | None = 1,
    seed: int = 0,
) -> NDArray[np.int64]:
    """Communities by the Louvain method: faster than `leiden` and a little worse.

    Parameters
    ----------
    graph, resolution, objective, iterations, seed
        As of `leiden`.

    Returns
    -------
    (n,) or (R, n) int64
        Labels 0, 1, ... in the order of their first node. Communities that came out unconnected, a known flaw of the
        method, are split.

    Raises
    ------
    ValueError
        As `leiden`.

    Notes
    -----
    Blondel, Guillaume, Lambiotte and Lefebvre (J. Stat. Mech. P10008, 2008). Parallel as `leiden` is.

    Examples
    --------
    >>> from marey.graph import Graph, louvain
    >>> louvain(Graph.from_edges([0, 1, 2, 3, 4, 5, 2], [1, 2, 0, 4, 5, 3, 3]))
    array([0, 0, 0, 1, 1, 1])
    """
    labels = _communities(graph, "louvain", resolution, objective, iterations, [seed])
    return labels.reshape(*np.shape(resolution), graph.n)


def label_propagation(graph: Graph, *, seed: int = 0) -> NDArray[np.int64]:
    """Communities in which each node has the label of the most weight around it.

    Fast and without a parameter, for graphs with clear groups; without them it may find one community.

    Parameters
    ----------
    graph : Graph
        Undirected, weights >= 0. Parallel edges count as their sum.
    seed : int
        Orders the nodes and breaks ties.

    Returns
    -------
    (n,) int64
        Labels 0, 1, ... in the order of their first node; each community is connected.

    Raises
    ------
    ValueError
        If the graph is directed or a weight is negative.

    Notes
    -----
    Raghavan, Albert and Kumara (Phys. Rev. E 76, 036106, 2007); a node keeps its label where others only draw level,
    so the weight within communities rises with every change and the search ends. Parallel as `leiden` is.

    Examples
    --------
    >>> from marey.graph import Graph, label_propagation
    >>> label_propagation(Graph.from_edges([0, 1, 2, 3, 4, 5, 2], [1, 2, 0, 4, 5, 3, 3]))
    array([0, 0, 0, 1, 1, 1])
    """
    need_undirected(graph, "label_propagation")
    labels: NDArray[np.int64] = native.rust().graph_label_propagation(graph._rows(), [as_count("seed", seed) % 2**64])
    return labels


def consensus(
    graph: Graph,
    *,
    runs: int = 20,
    threshold: float = 0.5,
    resolution: float = 1.0,
    objective: str = "modularity",
    seed: int = 0,
    rounds: int = 50,
) -> NDArray[np.int64]:
    """Communities on which many runs of `leiden` agree: what does not hang on the seed.

    Each edge is weighted by the share of the runs that have its ends together, shares below the threshold are dropped,
    and the weighted graph is cut again, until all runs agree.

    Parameters
    ----------
    graph : Graph
        Undirected, weights >= 0.
    runs : int
        Runs of each round, in parallel.
    threshold : float
        Least share of the runs, from 0 to 1.
    resolution, objective, seed
        As of `leiden`.
    rounds : int
        Most rounds.

    Returns
    -------
    (n,) int64
        Labels 0, 1, ... in the order of their first node; each community is connected.

    Raises
    ------
    ValueError
        If the graph is directed, a weight is negative or an argument is out of range.
    RuntimeError
        If the runs of the last round still differ.

    Notes
    -----
    Lancichinetti and Fortunato (Scientific Reports 2, 336, 2012), on the edges of the graph (Tandon et al., Phys. Rev.
    E 99, 042301, 2019).

    Examples
    --------
    >>> from marey.graph import Graph, consensus
    >>> consensus(Graph.from_edges([0, 1, 2, 3, 4, 5, 2], [1, 2, 0, 4, 5, 3, 3]))
    array([0, 0, 0, 1, 1, 1])
    """
    runs, seed = as_count("runs", runs, least=2), as_count("seed", seed)
    if not 0 <= threshold <= 1:
        raise ValueError(f"`threshold` is {threshold}; expected 0 <= threshold <= 1")
    src, dst, _ = graph.edges()
    current = graph
    for step in range(as_count("rounds", rounds, least=1)):
        seeds = [seed + step * runs + i for i in range(runs)]
        labels = _communities(current, "leiden", resolution, objective, 2, seeds)
        together = np.zeros(len(src))
        for row in labels:
            together += row[src] == row[dst]
        share = together / runs
        if ((share == 0) | (share == 1)).all():
            agreed: NDArray[np.int64] = labels[0]
            return agreed
        share[share < threshold] = 0.0
        current = Graph.from_edges(src, dst, share, n=graph.n)
    raise RuntimeError(f"after {rounds} rounds the runs still differ; a larger `threshold` or more `rounds` may end it")


def modularity(graph: Graph, labels: Any, *, resolution: float = 1.0) -> float:
    """How much more weight lies within communities than the nodes' strengths alone would put there.

    The sum over communities of L / m - resolution (S / 2 m)^2 with L their inner weight, S their strength, and m the
    weight of all edges; a self-loop counts once in L and twice in S.

    Parameters
    ----------
    graph : Graph
        Undirected.
    labels : (n,) array_like of int
        Community of each node, at least 0.
    resolution : float
        Weight of what is expected.

    Returns
    -------
    float
        At most 1; NaN where the graph has no weight.

    Raises
    ------
    ValueError
        If the graph is directed, `labels` has another length, or `resolution` is negative or NaN.

    Notes
    -----
    Newman and Girvan (Phys. Rev. E 69, 026113, 2004); Reichardt and Bornholdt (ibid. 74, 016110, 2006).

    Examples
    --------
    >>> from marey.graph import Graph, modularity
    >>> round(modularity(Graph.from_edges([0, 2], [1, 3]), [0, 0, 1, 1]), 3)
    0.5
    """
    need_undirected(graph, "modularity")
    if not resolution >= 0:
        raise ValueError(f"`resolution` is {resolution}; expected a number >= 0")
    groups = _labels("labels", labels, graph.n)
    src, dst, weight = graph.edges()
    weight = np.ones(len(src)) if weight is None else weight
    total = weight.sum()
    if not total:
        return float("nan")
    inner = weight[groups[src] == groups[dst]].sum()
    strength = np.bincount(groups[src], weight, minlength=graph.n + 1)
    strength = strength + np.bincount(groups[dst], weight, minlength=graph.n + 1)
    return float(inner / total - resolution * ((strength / (2 * total)) ** 2).sum())


def normalized_mutual_information(a: Any, b: Any) -> float:
    """Mutual information of two partitions over the mean of their entropies: 1 where they are the same.

    Parameters
    ----------
    a, b : (n,) array_like of int
        Labels of the same items.

    Returns
    -------
    float
        From 0 to 1; 1 where both put everything in one group.

    Raises
    ------
    ValueError
        If the lengths differ.

    Notes
    -----
    Strehl and Ghosh (J. Machine Learning Research 3, 2002), arithmetic mean.

    Examples
    --------
    >>> from marey.graph import normalized_mutual_information
    >>> normalized_mutual_information([0, 0, 1, 1], [5, 5, 3, 3])
    1.0
    """
    both, first, second = _counts(a, b)
    n = first.sum()
    entropies = [float(-(c / n) @ np.log(c / n)) for c in (both, first, second)] if n else [0.0, 0.0, 0.0]
    mean = (entropies[1] + entropies[2]) / 2
    return 1.0 if mean == 0 else min(1.0, max(0.0, (entropies[1] + entropies[2] - entropies[0]) / mean))


def adjusted_rand(a: Any, b: Any) -> float:
    """The share of pairs on which two partitions agree, scaled to 1 for equal and 0 for independent ones on average.

    Parameters
    ----------
    a, b : (n,) array_like of int
        Labels of the same items.

    Returns
    -------
    float
        At most 1.

    Raises
    ------
    ValueError
        If the lengths differ.

    Notes
    -----
    Hubert and Arabie (J. Classification 2, 1985).

    Examples
    --------
    >>> from marey.graph import adjusted_rand
    >>> adjusted_rand([0, 0, 1, 1], [5, 5, 3, 3])
    1.0
    """
    both, first, second = (float((c * (c - 1.0)).sum() / 2) for c in _counts(a, b))
    n = len(np.asarray(a))
    pairs = n * (n - 1) / 2
    expected = first * second / pairs if pairs else 0.0
    most = (first + second) / 2
    return 1.0 if most == expected else (both - expected) / (most - expected)


def _labels(name: str, value: Any, n: int) -> NDArray[np.int64]:
    labels = as_nodes(name, value)
    if len(labels) != n:
        raise ValueError(f"`{name}` has length {len(labels)}; expected {n}")
    groups: NDArray[np.int64] = np.unique(labels, return_inverse=True)[1].reshape(-1).astype(np.int64)
    return groups


def _counts(a: Any, b: Any) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Sizes of the groups that the two share, of the first's and of the second's."""
    n = len(as_nodes("a", a))
    first, second = _labels("a", a, n), _labels("b", b, n)
    both = np.unique(first * (second.max(initial=0) + 1) + second, return_counts=True)[1]
    return both, np.bincount(first), np.bincount(second)
