"""Communities, and how good and how alike partitions are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from marey._runtime import native
from marey.graph._check import as_count, as_nodes, need_undirected
from marey.graph.graph import Graph

__all__ = ["adjusted_rand", "leiden", "modularity", "normalized_mutual_information"]


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
        ``"modularity"``, or ``"cpm"``, the constant Potts model, which has no resolution limit: there `resolution` is
        the density that a community exceeds.
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
    Traag, Waltman and van Eck (Scientific Reports 9, 5233, 2019) with greedy refinement. One run is sequential.

    Examples
    --------
    >>> from marey.graph import Graph, leiden
    >>> leiden(Graph.from_edges([0, 1, 2, 3, 4, 5, 2], [1, 2, 0, 4, 5, 3, 3]))
    array([0, 0, 0, 1, 1, 1])
    """
    need_undirected(graph, "leiden")
    if objective not in ("modularity", "cpm"):
        raise ValueError(f"`objective` is {objective!r}; expected 'modularity' or 'cpm'")
    if iterations is not None:
        iterations = as_count("iterations", iterations, least=1)
    values = np.atleast_1d(np.asarray(resolution, dtype=np.float64))
    if values.ndim != 1:
        raise ValueError(f"`resolution` has shape {values.shape}; expected a number or one dimension")
    seed = as_count("seed", seed) % 2**64
    labels: NDArray[np.int64] = native.rust().graph_leiden(graph._rows(), values, objective == "cpm", iterations, seed)
    return labels.reshape(*np.shape(resolution), graph.n)


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
        If the graph is directed or `labels` has another length.

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
