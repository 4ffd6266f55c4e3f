"""Random graphs of no node to twelve, with loops, parallel edges and pieces, against peers and definitions."""

from __future__ import annotations

import itertools
from collections import defaultdict

import numpy as np
import pytest

pytest.importorskip("marey._rust")
nx = pytest.importorskip("networkx")
from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

import marey  # noqa: E402
from marey.graph import (  # noqa: E402
    Graph,
    assignment,
    betweenness,
    bfs,
    closeness,
    components,
    consensus,
    core_number,
    label_propagation,
    layout,
    leiden,
    louvain,
    max_flow,
    max_weight_matching,
    min_cost_flow,
    minimum_spanning_tree,
    modularity,
    nearest_neighbors,
    neighbor_sample,
    pagerank,
    random_walk,
    shortest_paths,
    steiner_tree,
    triangles,
)


@st.composite
def graphs(draw, directed=None):
    """A graph with its twin in NetworkX, weights whole so that ways tie, or none."""
    n = draw(st.integers(0, 12))
    edge = st.tuples(st.integers(0, n - 1), st.integers(0, n - 1), st.integers(1, 4))
    edges = draw(st.lists(edge, max_size=40)) if n else []
    directed = draw(st.booleans()) if directed is None else directed
    weighted = draw(st.booleans())
    src, dst, weight = (np.array([e[i] for e in edges], dtype=np.int64) for i in range(3))
    graph = Graph.from_edges(src, dst, weight.astype(float) if weighted else None, n=n, directed=directed)
    twin = nx.MultiDiGraph() if directed else nx.MultiGraph()
    twin.add_nodes_from(range(n))
    twin.add_weighted_edges_from((u, v, w if weighted else 1) for u, v, w in edges)
    return graph, twin


def shortest(twin):
    """Of parallel edges the shortest."""
    flat = nx.DiGraph() if twin.is_directed() else nx.Graph()
    flat.add_nodes_from(twin)
    for u, v, w in twin.edges(data="weight"):
        flat.add_edge(u, v, weight=min(w, flat[u][v]["weight"] if flat.has_edge(u, v) else w))
    return flat


def in_order(of_node, n):
    return [of_node[v] for v in range(n)]


@given(graphs())
@settings(max_examples=150, deadline=None)
def test_searches_and_lengths(pair) -> None:
    graph, twin = pair
    nodes, flat = np.arange(graph.n), shortest(twin)
    hops = bfs(graph, nodes)
    distance, before = shortest_paths(graph, nodes, predecessors=True)
    for v in nodes:
        reached = nx.single_source_shortest_path_length(twin, v)
        assert hops[v].tolist() == [reached.get(t, -1) for t in nodes]
        length = nx.single_source_dijkstra_path_length(flat, v)
        assert distance[v].tolist() == [length.get(t, np.inf) for t in nodes]
        for t in np.flatnonzero(before[v] >= 0):
            assert distance[v, before[v, t]] + flat[before[v, t]][t]["weight"] == distance[v, t]
    expected = nx.closeness_centrality(flat, distance="weight")
    np.testing.assert_allclose(closeness(graph), in_order(expected, graph.n), rtol=1e-12)


@given(graphs())
@settings(max_examples=150, deadline=None)
def test_pieces_ranks_and_scipy(pair) -> None:
    sparse, csgraph = pytest.importorskip("scipy.sparse"), pytest.importorskip("scipy.sparse.csgraph")
    graph, twin = pair
    if not graph.n:
        assert components(graph).shape == components(graph, strong=True).shape == pagerank(graph).shape == (0,)
        return
    src, dst, _weight = graph.edges()
    matrix = sparse.csr_array((np.ones(len(src)), (src, dst)), shape=(graph.n, graph.n))
    for strong in (False, True):
        count, labels = csgraph.connected_components(
            matrix, directed=graph.directed, connection="strong" if strong else "weak"
        )
        # Ours are numbered by their first node.
        first = [int(np.flatnonzero(labels == label)[0]) for label in labels]
        np.testing.assert_array_equal(components(graph, strong=strong), np.unique(first, return_inverse=True)[1])
        assert components(graph, strong=strong).max() + 1 == count
    expected = nx.pagerank(twin, tol=1e-14, max_iter=10_000)
    np.testing.assert_allclose(pagerank(graph, tolerance=1e-13), in_order(expected, graph.n), rtol=1e-9, atol=1e-11)


def brute_betweenness(twin):
    """By the definition: the share of shortest ways from s to t through v, each of parallel edges a way of its own."""
    n, edges = len(twin), defaultdict(list)
    for u, v, w in twin.edges(data="weight"):
        for a, b in [(u, v)] if twin.is_directed() else {(u, v), (v, u)}:
            edges[a].append((b, w))
    distance, ways = np.full((n, n), np.inf), np.zeros((n, n))
    for s in range(n):
        found = nx.single_source_dijkstra_path_length(shortest(twin), s)
        for t in sorted(found, key=found.get):
            distance[s, t] = found[t]
            into = (ways[s, u] for u in found for v, w in edges[u] if v == t and found[u] + w == found[t])
            ways[s, t] = 1 if s == t else sum(into)
    sum_of = np.zeros(n)
    for v in range(n):
        for s in set(range(n)) - {v}:
            for t in set(range(n)) - {v, s}:
                if np.isfinite(distance[s, t]) and distance[s, v] + distance[v, t] == distance[s, t]:
                    sum_of[v] += ways[s, v] * ways[v, t] / ways[s, t]
    return sum_of if twin.is_directed() else sum_of / 2


@given(graphs())
@settings(max_examples=100, deadline=None)
def test_betweenness_is_its_definition(pair) -> None:
    graph, twin = pair
    expected = brute_betweenness(twin)
    np.testing.assert_allclose(betweenness(graph, normalized=False), expected, rtol=1e-9, atol=1e-12)
    if graph.n:
        # Every source drawn is no sample.
        found = betweenness(graph, normalized=False, samples=graph.n)
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


@given(graphs(directed=False))
@settings(max_examples=150, deadline=None)
def test_cores_triangles_and_trees(pair) -> None:
    graph, twin = pair
    flat = nx.Graph(twin)
    flat.remove_edges_from(list(nx.selfloop_edges(flat)))
    assert core_number(graph).tolist() == in_order(nx.core_number(flat), graph.n)
    assert triangles(graph).tolist() == in_order(nx.triangles(flat), graph.n)
    tree = minimum_spanning_tree(graph)
    np.testing.assert_array_equal(components(tree), components(graph))
    weight = tree.edges()[2]
    expected = sum(w for _, _, w in nx.minimum_spanning_tree(shortest(twin)).edges(data="weight"))
    assert (tree.m if weight is None else weight.sum()) == expected
    for part in nx.connected_components(twin):
        found = steiner_tree(graph, sorted(part))
        inner = nx.minimum_spanning_tree(shortest(twin).subgraph(part))
        assert found.weight == sum(w for _, _, w in inner.edges(data="weight"))
        assert found.bound <= found.weight


@given(graphs(directed=False), st.integers(0, 9), st.sampled_from([0.2, 1.0, 3.0]))
@settings(max_examples=150, deadline=None)
def test_communities_are_connected_and_gain(pair, seed: int, resolution: float) -> None:
    igraph = pytest.importorskip("igraph")
    graph, _twin = pair
    src, dst, weight = graph.edges()
    for find in (leiden, louvain, consensus, label_propagation):
        options = {} if find is label_propagation else {"resolution": resolution}
        labels = find(graph, seed=seed, **options)
        inside = labels[src] == labels[dst]
        np.testing.assert_array_equal(components(Graph.from_edges(src[inside], dst[inside], n=graph.n)), labels)
        if graph.m and find in (leiden, louvain):
            value = modularity(graph, labels, resolution=resolution)
            assert value >= modularity(graph, np.arange(graph.n), resolution=resolution) - 1e-12
            peer = igraph.Graph(n=graph.n, edges=np.c_[src, dst].tolist())
            own = peer.modularity(labels.tolist(), weights=weight, resolution=resolution)
            np.testing.assert_allclose(value, own, rtol=1e-9, atol=1e-12)


@given(graphs(), st.integers(0, 9))
@settings(max_examples=100, deadline=None)
def test_samples_and_walks_stay_on_arcs(pair, seed: int) -> None:
    graph, twin = pair
    nodes = np.arange(graph.n)
    found = neighbor_sample(graph, nodes, [-1])
    assert sorted(found.edge) == list(range(len(graph.targets)))
    found = neighbor_sample(graph, nodes, [2, 1], replace=True, disjoint=True, seed=seed)
    np.testing.assert_array_equal(graph.targets[found.edge], found.node[found.neighbor])
    np.testing.assert_array_equal(graph.sources()[found.edge], found.node[found.center])
    for walk in random_walk(graph, nodes, 5, p=0.5, q=2.0, seed=seed):
        for u, v in itertools.pairwise(walk):
            assert twin.has_edge(u, v) or (u == v and twin.out_degree(u) == 0 if twin.is_directed() else u == v)


def answers(seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    src, dst = rng.integers(0, 300, (2, 900))
    weight = rng.integers(1, 9, 900)
    graph = Graph.from_edges(src, dst, weight.astype(float), n=300)
    directed = Graph.from_edges(src, dst, n=300, directed=True)
    joined = np.flatnonzero(components(graph) == 0)[:20]
    supply = np.bincount(rng.integers(0, 300, 50), minlength=300) - np.bincount(rng.integers(0, 300, 50), minlength=300)
    ring = np.arange(300)
    arcs = np.r_[src, ring], np.r_[dst, (ring + 1) % 300]
    flow = min_cost_flow(*arcs, cost=np.r_[weight, np.full(300, 50)], supply=supply)
    matching = max_weight_matching(graph)
    return [
        components(directed, strong=True),
        core_number(graph),
        minimum_spanning_tree(graph).targets,
        steiner_tree(graph, joined).tree.targets,
        betweenness(directed, samples=50, seed=3),
        betweenness(graph, samples=50, seed=3),
        closeness(directed),
        layout(graph, seed=1),
        np.stack(assignment(rng.random((20, 12, 17)))),
        np.stack(assignment(rng.random((150, 170)))),
        max_flow(src, dst, capacity=weight, source=0, sink=299).flow,
        flow.flow,
        flow.potential,
        matching.mate,
        matching.dual,
        louvain(graph, seed=2),
        label_propagation(graph, seed=2),
        *nearest_neighbors(rng.normal(size=(400, 5)), 7, metric="correlation"),
        neighbor_sample(graph, joined, [3, 3], disjoint=True, seed=4).edge,
    ]


def test_the_same_bits_on_any_number_of_threads() -> None:
    found = []
    try:
        for threads in (1, 2, 4):
            marey.set_num_threads(threads)
            found.append([np.ascontiguousarray(a).tobytes() for a in answers(5)])
    finally:
        marey.set_num_threads(0)
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Graph.from_edges([0, 5], [1, 1], n=3), "`src` has node 5"),
        (lambda: Graph.from_edges([0], [-1], n=3), "`dst` has node -1"),
        (lambda: Graph.from_edges([0], [1], [np.nan]), "`weight` is NaN"),
        (lambda: bfs(Graph.from_edges([0], [1]), 2), "`sources` has node 2"),
        (lambda: shortest_paths(Graph.from_edges([0], [1]), [-1]), "`sources` has node -1"),
        (lambda: steiner_tree(Graph.from_edges([0], [1]), [7]), "`terminals` has node 7"),
        (lambda: neighbor_sample(Graph.from_edges([0], [1]), [3], [1]), "`seeds` has node 3"),
        (lambda: shortest_paths(Graph.from_edges([0], [1], [-1.0]), 0), "`weight` is -1 from node 0 to node 1"),
        (lambda: betweenness(Graph.from_edges([0], [1], [-1.0])), "`weight`"),
        (lambda: pagerank(Graph.from_edges([0], [1], [-1.0])), "`weight`"),
        (lambda: leiden(Graph.from_edges([0], [1], [-1.0])), "`weight`"),
        (lambda: core_number(Graph.from_edges([0], [1], directed=True)), "directed"),
        (lambda: leiden(Graph.from_edges([0], [1], directed=True)), "directed"),
        (lambda: max_weight_matching(Graph.from_edges([0], [1], directed=True)), "directed"),
    ],
)
def test_what_is_refused(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
