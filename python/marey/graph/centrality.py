"""Who matters: PageRank, betweenness, closeness."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from marey._runtime import native
from marey.graph._check import as_count, as_nodes
from marey.graph.graph import Graph

__all__ = ["betweenness", "closeness", "pagerank"]


def pagerank(
    graph: Graph,
    *,
    damping: float = 0.85,
    personalization: Any = None,
    tolerance: float = 1e-9,
    sweeps: int = 1000,
) -> NDArray[np.float64]:
    """The share of time that a random walk with restarts spends at each node.

    Parameters
    ----------
    graph : Graph
        Arcs are taken in proportion to their weights, which must not be negative.
    damping : float
        Probability, below 1, to follow an arc; otherwise, and where no arc leaves, the walk restarts.
    personalization : (n,) or (K, n) array_like, optional
        Where the walk restarts: weights >= 0 with a positive sum; K rows are solved in parallel. Default: anywhere.
    tolerance : float
        Stop when a sweep changes the ranks by no more than this in the 1-norm.
    sweeps : int
        Most sweeps.

    Returns
    -------
    (n,) or (K, n) float64
        Ranks; each row sums to 1.

    Raises
    ------
    ValueError
        If a weight is negative, `personalization` is no such matrix, or `damping` is out of range.
    RuntimeError
        If `sweeps` sweeps do not reach the tolerance.

    Notes
    -----
    Gauss-Seidel sweeps over x = (1 - d) p + d P'x, O(n + m) each, about half as many as power iteration needs (Gleich,
    SIAM Review 57(3), 2015).

    Examples
    --------
    >>> from marey.graph import Graph, pagerank
    >>> pagerank(Graph.from_edges([0, 1, 2], [1, 2, 0], directed=True)).round(3)
    array([0.333, 0.333, 0.333])
    """
    restart = np.ones(graph.n) if personalization is None else np.asarray(personalization, dtype=np.float64)
    if restart.ndim not in (1, 2) or restart.shape[-1] != graph.n:
        raise ValueError(f"`personalization` has shape {restart.shape}; expected ({graph.n},) or (K, {graph.n})")
    if not tolerance > 0:
        raise ValueError(f"`tolerance` is {tolerance}; expected a number > 0")
    flat = np.ascontiguousarray(restart.reshape(-1))
    rank, change = native.rust().graph_pagerank(
        graph._incoming_rows(), flat, float(damping), float(tolerance), as_count("sweeps", sweeps, least=1)
    )
    if (change > tolerance).any():
        raise RuntimeError(f"after {sweeps} sweeps the ranks still change by {change.max():.3g}, over `tolerance`")
    ranks: NDArray[np.float64] = rank.reshape(restart.shape)
    return ranks


def betweenness(
    graph: Graph,
    *,
    samples: int | None = None,
    error: float | None = None,
    confidence: float = 0.95,
    seed: int = 0,
    normalized: bool = True,
) -> NDArray[np.float64]:
    """The share of shortest paths between other nodes that lead through each node.

    Parameters
    ----------
    graph : Graph
        Weights are lengths > 0. Parallel edges are distinct paths.
    samples : int, optional
        Start from this many nodes only, drawn without replacement, and scale: an unbiased estimate. Default: all.
    error : float, optional
        Instead of `samples`: so many that with probability `confidence` no node's normalized value is farther off.
    confidence : float
        Between 0 and 1.
    seed : int
        Of the draw.
    normalized : bool
        Divide by the number of pairs, (n - 1)(n - 2), or half of it in an undirected graph.

    Returns
    -------
    (n,) float64
        Betweenness; the same bits for any number of threads.

    Raises
    ------
    ValueError
        If a weight is not positive, there are fewer nodes than samples, or `error` or `confidence` is out of range.

    Notes
    -----
    Brandes (J. Math. Sociology 25(2), 2001), O(n m) without weights; samples as of Brandes and Pich
    (Int. J. Bifurcation and Chaos 17(7), 2007). Of k samples the error is at most n / (n - 1) times
    sqrt((1 - (k - 1) / n) log(2 n / (1 - confidence)) / (2 k)): a source adds a share between 0 and 1, drawn without
    replacement (Serfling, Annals of Statistics 2(1), 1974), at each of n nodes.

    Examples
    --------
    >>> from marey.graph import Graph, betweenness
    >>> betweenness(Graph.from_edges([0, 1], [1, 2]))
    array([0., 1., 0.])
    """
    n = graph.n
    sources = np.arange(n)
    if error is not None:
        if samples is not None:
            raise ValueError("`samples` and `error` are both given; expected one of them")
        samples = _samples_for(error, confidence, n)
    if samples is not None and n > 0:
        samples = as_count("samples", samples, least=1)
        if samples > n:
            raise ValueError(f"`samples` is {samples}; expected at most n = {n}")
        sources = np.sort(np.random.default_rng(seed).choice(n, samples, replace=False))
    total: NDArray[np.float64] = native.rust().graph_betweenness(graph._rows(), sources)
    if n == 0:
        return total
    # Every undirected pair was seen from both its ends.
    pairs = (n - 1) * (n - 2) if normalized else (1 if graph.directed else 2)
    return total * (n / len(sources) / pairs) if pairs else total


def _samples_for(error: float, confidence: float, n: int) -> int:
    """The fewest samples whose bound is at most `error`."""
    if not error > 0:
        raise ValueError(f"`error` is {error}; expected a number > 0")
    if not 0 < confidence < 1:
        raise ValueError(f"`confidence` is {confidence}; expected 0 < confidence < 1")
    counts = np.arange(1, n + 1)
    left = 1 - (counts - 1) / max(n, 1)
    bound = n / max(n - 1, 1) * np.sqrt(left * np.log(2 * max(n, 1) / (1 - confidence)) / (2 * counts))
    # All sources leave no error.
    return int(np.append(counts[:-1][bound[:-1] <= error], n)[0])


def closeness(graph: Graph, nodes: Any = None) -> NDArray[np.float64]:
    """How near each node is to the nodes that lead to it.

    With r nodes that lead to v (v among them) at a sum s of distances: (r - 1)^2 / ((n - 1) s), 0 where r = 1.

    Parameters
    ----------
    graph : Graph
        Weights are lengths >= 0.
    nodes : (k,) array_like of int, optional
        Nodes that are asked for, in parallel; default: all.

    Returns
    -------
    (k,) float64
        Closeness.

    Raises
    ------
    ValueError
        If a weight is negative or one of `nodes` is no node.

    Notes
    -----
    Wasserman and Faust, Social Network Analysis, 1994, p. 201. One search a node.

    Examples
    --------
    >>> from marey.graph import Graph, closeness
    >>> closeness(Graph.from_edges([0, 1], [1, 2])).round(3)
    array([0.667, 1.   , 0.667])
    """
    wanted = np.arange(graph.n) if nodes is None else as_nodes("nodes", nodes)
    values: NDArray[np.float64] = native.rust().graph_closeness(graph._incoming_rows(), wanted)
    return values
