"""Searches, paths, cores, triangles, trees and centralities against NetworkX, on every kind of graph."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

pytest.importorskip("marey._rust")
nx = pytest.importorskip("networkx")
from graph_cases import NAMES, random_edges, twins  # noqa: E402

import marey  # noqa: E402
from marey.graph import (  # noqa: E402
    Graph,
    betweenness,
    bfs,
    closeness,
    components,
    core_number,
    minimum_spanning_tree,
    pagerank,
    shortest_paths,
    triangles,
)

KINDS = pytest.mark.parametrize(("name", "directed"), list(itertools.product(NAMES, [False, True])))
WEIGHTS = pytest.mark.parametrize("weighted", [False, True])


def simple(twin, weighted=True):
    """The shortest of parallel edges, which is all that matters to lengths."""
    graph = nx.DiGraph() if twin.is_directed() else nx.Graph()
    graph.add_nodes_from(twin)
    for u, v, w in twin.edges(data="weight"):
        w = w if weighted else 1.0
        graph.add_edge(u, v, weight=min(w, graph[u][v]["weight"] if graph.has_edge(u, v) else np.inf))
    return graph


@KINDS
def test_bfs(name: str, directed: bool) -> None:
    graph, twin = twins(name, directed, weighted=False)
    hops = bfs(graph, np.arange(graph.n))
    for v in range(graph.n):
        expected = nx.single_source_shortest_path_length(twin, v)
        np.testing.assert_array_equal(hops[v], [expected.get(t, -1) for t in range(graph.n)])
        np.testing.assert_array_equal(bfs(graph, v), hops[v])


@KINDS
@pytest.mark.parametrize("strong", [False, True])
def test_components(name: str, directed: bool, strong: bool) -> None:
    graph, twin = twins(name, directed, weighted=False)
    find = nx.strongly_connected_components if strong else nx.weakly_connected_components
    groups = sorted(map(sorted, (find if directed else nx.connected_components)(twin)))
    expected = np.full(graph.n, -1)
    for label, group in enumerate(groups):
        expected[group] = label
    np.testing.assert_array_equal(components(graph, strong=strong), expected)


@KINDS
@WEIGHTS
@pytest.mark.parametrize("cutoff", [None, 1.5])
def test_shortest_paths(name: str, directed: bool, weighted: bool, cutoff: float | None) -> None:
    graph, twin = twins(name, directed, weighted)
    distance, before = shortest_paths(graph, np.arange(graph.n), cutoff=cutoff, predecessors=True)
    np.testing.assert_array_equal(shortest_paths(graph, np.arange(graph.n), cutoff=cutoff), distance)
    flat = simple(twin, weighted)
    for v in range(graph.n):
        expected = nx.single_source_dijkstra_path_length(flat, v, cutoff=cutoff)
        # Both add the same weights along a path, from the source on.
        np.testing.assert_array_equal(distance[v], [expected.get(t, np.inf) for t in range(graph.n)])
        for t in np.flatnonzero(before[v] >= 0):
            assert distance[v, before[v, t]] + flat[before[v, t]][t]["weight"] == distance[v, t]
        np.testing.assert_array_equal(before[v] >= 0, np.isfinite(distance[v]) & (np.arange(graph.n) != v))


@KINDS
@WEIGHTS
def test_pagerank(name: str, directed: bool, weighted: bool) -> None:
    graph, twin = twins(name, directed, weighted)
    if not graph.n:
        assert pagerank(graph).shape == (0,)
        return
    weight = "weight" if weighted else None
    start = np.random.default_rng(0).random((2, graph.n)) + 1e-3
    ranks = pagerank(graph, personalization=start, tolerance=1e-13)
    for row, p in zip(ranks, start, strict=True):
        expected = nx.pagerank(twin, personalization=dict(enumerate(p)), weight=weight, tol=1e-15, max_iter=10_000)
        # The peer stops at a change of 1e-15 n.
        np.testing.assert_allclose(row, [expected[v] for v in range(graph.n)], rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(pagerank(graph).sum(), 1.0, rtol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_cores_and_triangles(name: str) -> None:
    graph, twin = twins(name, False, weighted=False)
    flat = nx.Graph(twin)
    flat.remove_edges_from(list(nx.selfloop_edges(flat)))
    assert core_number(graph).tolist() == [nx.core_number(flat)[v] for v in range(graph.n)]
    assert triangles(graph).tolist() == [nx.triangles(flat)[v] for v in range(graph.n)]


@pytest.mark.parametrize("name", NAMES)
@WEIGHTS
@pytest.mark.parametrize("sign", [1, -1])
def test_spanning_tree(name: str, weighted: bool, sign: int) -> None:
    graph, twin = twins(name, False, weighted)
    if weighted:
        graph = Graph.from_edges(*graph.edges()[:2], sign * graph.edges()[2], n=graph.n)
    tree = minimum_spanning_tree(graph)
    assert tree.m == graph.n - len(set(components(graph)))
    np.testing.assert_array_equal(components(tree), components(graph))
    if weighted:
        signed = nx.MultiGraph()
        signed.add_weighted_edges_from((u, v, sign * w) for u, v, w in twin.edges(data="weight"))
        expected = sum(d["weight"] for _, _, d in nx.minimum_spanning_edges(signed, keys=False))
        np.testing.assert_allclose(tree.edges()[2].sum(), expected, rtol=1e-12, err_msg="sums in another order")


@KINDS
@WEIGHTS
@pytest.mark.parametrize("normalized", [False, True])
def test_betweenness(name: str, directed: bool, weighted: bool, normalized: bool) -> None:
    graph, twin = twins(name, directed, weighted)
    if "parallel" in name or not graph.n:
        return
    flat = simple(twin, weighted)
    graph = Graph.from_networkx(flat, weight="weight" if weighted else None)
    expected = nx.betweenness_centrality(flat, weight="weight" if weighted else None, normalized=normalized)
    found = betweenness(graph, normalized=normalized)
    np.testing.assert_allclose(found, [expected[v] for v in range(graph.n)], rtol=1e-9, atol=1e-12)


def test_sampled_betweenness_is_unbiased() -> None:
    graph = Graph.from_edges(*random_edges(60, 150, 3), n=60)
    every = betweenness(graph)
    np.testing.assert_allclose(betweenness(graph, samples=60), every, rtol=1e-12)
    mean = np.mean([betweenness(graph, samples=15, seed=seed) for seed in range(400)], axis=0)
    # 400 draws of a quarter of the sources: the standard error of a node is below a twentieth of the largest value.
    np.testing.assert_allclose(mean, every, atol=0.05 * every.max())


def test_the_error_of_sampled_betweenness_is_bounded() -> None:
    graph = Graph.from_edges(*random_edges(500, 900, 4)[:2], n=500)
    every = betweenness(graph)
    for error in (0.3, 0.12, 0.05):
        for seed in range(20):
            found = betweenness(graph, error=error, confidence=0.9, seed=seed)
            # The bound is far from tight: it holds in each of the draws.
            assert np.abs(found - every).max() <= error
    np.testing.assert_allclose(betweenness(graph, error=1e-9), every, rtol=1e-12)
    with pytest.raises(ValueError, match="both given"):
        betweenness(graph, error=0.1, samples=3)
    with pytest.raises(ValueError, match="`confidence` is 1"):
        betweenness(graph, error=0.1, confidence=1.0)


@KINDS
@WEIGHTS
def test_closeness(name: str, directed: bool, weighted: bool) -> None:
    graph, twin = twins(name, directed, weighted)
    expected = nx.closeness_centrality(simple(twin, weighted), distance="weight")
    np.testing.assert_allclose(closeness(graph), [expected[v] for v in range(graph.n)], rtol=1e-12)


@WEIGHTS
def test_the_same_bits_on_any_number_of_threads(weighted: bool) -> None:
    src, dst, weight = random_edges(400, 1500, 7)
    graph = Graph.from_edges(src, dst, weight if weighted else None)
    start = np.random.default_rng(1).random((5, 400))
    answers = []
    try:
        for threads in (1, 2, 4):
            marey.set_num_threads(threads)
            answers.append(
                [
                    bfs(graph, range(20)),
                    *shortest_paths(graph, range(20), predecessors=True),
                    pagerank(graph, personalization=start),
                    triangles(graph),
                    betweenness(graph),
                    closeness(graph),
                ]
            )
    finally:
        marey.set_num_threads(0)
    for answer in answers[1:]:
        for ours, first in zip(answer, answers[0], strict=True):
            assert ours.tobytes() == first.tobytes()


@WEIGHTS
def test_larger_graphs_against_scipy(weighted: bool) -> None:
    csgraph = pytest.importorskip("scipy.sparse.csgraph")
    src, dst, weight = random_edges(3000, 12_000, 5)
    graph = Graph.from_edges(src, dst, weight if weighted else None, directed=True).simplify()
    matrix = graph.to_scipy()
    distance = shortest_paths(graph, [0, 1, 2])
    np.testing.assert_array_equal(distance, csgraph.dijkstra(matrix, indices=[0, 1, 2]))
    _, labels = csgraph.connected_components(matrix, connection="strong")
    ours = components(graph, strong=True)
    assert len(set(zip(ours, labels, strict=True))) == len(set(labels)) == len(set(ours))
