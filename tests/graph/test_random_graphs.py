"""Random graphs of no node to twelve, with loops, parallel edges and pieces, against peers and definitions.

| functions | directed | weighted | against |
| --- | --- | --- | --- |
| bfs, shortest_paths, closeness, pagerank | both | both, negative lengths in test_optimisation | NetworkX |
| components | both | - | SciPy |
| betweenness | both | both | its definition |
| core_number, triangles, minimum_spanning_tree, steiner_tree | no | both | NetworkX; brute force in test_optimisation |
| leiden, louvain, label_propagation, consensus, modularity | no | both | igraph, leidenalg in test_community |
| spmm, edge_softmax | both | both | SciPy, its definition |
| neighbor_sample, random_walk | both | both | arcs of NetworkX; frequencies in test_sampling |
| assignment, max_flow, min_cost_flow, max_weight_matching | both | - | certificates and peers in test_optimisation |
| nearest_neighbors, Graph.knn | - | - | SciPy in test_knn |
| match_cohort | - | - | SciPy and R's optmatch in test_cohort |
| adjusted_rand, normalized_mutual_information | - | - | scikit-learn in test_community |

What each does with no node, one node and one loop, and that threads change no bit, is checked here for all of them.
"""

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
    adjusted_rand,
    assignment,
    betweenness,
    bfs,
    closeness,
    components,
    consensus,
    core_number,
    edge_softmax,
    label_propagation,
    layout,
    leiden,
    louvain,
    match_cohort,
    max_flow,
    max_weight_matching,
    min_cost_flow,
    minimum_spanning_tree,
    modularity,
    nearest_neighbors,
    neighbor_sample,
    normalized_mutual_information,
    pagerank,
    random_walk,
    shortest_paths,
    spmm,
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


@given(graphs(), st.integers(0, 9))
@settings(max_examples=100, deadline=None)
def test_sums_and_softmax_over_arcs(pair, seed: int) -> None:
    graph, _twin = pair
    x = np.random.default_rng(seed).integers(-4, 5, (graph.n, 3)).astype(float)
    given_weights = graph.weights if graph.weights is not None else np.ones(len(graph.targets))
    found = spmm(graph.offsets, graph.targets, x, graph.weights)
    # Whole numbers: sums are exact. SciPy adds parallel edges up.
    np.testing.assert_array_equal(found, graph.to_scipy() @ x if graph.n else x)
    share = edge_softmax(graph.offsets, given_weights)
    for v in range(graph.n):
        arcs = slice(graph.offsets[v], graph.offsets[v + 1])
        grown = np.exp(given_weights[arcs])
        np.testing.assert_allclose(share[arcs], grown / grown.sum() if len(grown) else grown, rtol=1e-14)


def arrays(found):
    """What a function of marey.graph returned, as arrays."""
    if isinstance(found, Graph):
        return [a for a in found._rows() if a is not None]
    if isinstance(found, (tuple, list)):
        return [a for part in found for a in arrays(part)]
    if hasattr(found, "__dict__"):
        return [a for part in vars(found).values() if isinstance(part, (np.ndarray, tuple)) for a in arrays(part)]
    return [np.ascontiguousarray(found)]


def calls(graph: Graph, seed: int = 0):
    """Every function of marey.graph on one undirected graph or its nodes: name -> what to call."""
    rng = np.random.default_rng(seed)
    n, nodes = graph.n, np.arange(graph.n)
    src, dst, weight = graph.edges()
    first = np.flatnonzero(components(graph) == 0)[:20]
    labels = rng.integers(0, 3, n)
    x, y = rng.normal(0.3, 1, (n // 4, 3)), rng.normal(size=(n, 3))
    # A ring of dear arcs makes every supply possible.
    ring = np.arange(n), (np.arange(n) + 1) % max(n, 1)
    supply = rng.permutation(n) - nodes
    whole = np.ones(len(src), dtype=np.int64) if weight is None else weight.astype(np.int64)
    directed = Graph.from_edges(src, dst, weight, n=n, directed=True)
    price = rng.normal(size=n)
    bent = Graph.from_edges(src, dst, 1 + price[dst] - price[src], n=n, directed=True)
    return {
        "adjusted_rand": lambda: adjusted_rand(labels, labels),
        "assignment": lambda: [
            assignment(rng.random((n, n))),
            assignment(rng.random((9, n, n // 2))),
            n and assignment((directed.to_scipy() + 99 * np.eye(n))[: n // 2]),
        ],
        "betweenness": lambda: [betweenness(directed), betweenness(graph, samples=min(n, 50), seed=3) if n else 0.0],
        "bfs": lambda: [bfs(graph, nodes), bfs(directed, nodes)],
        "closeness": lambda: [closeness(graph), closeness(directed)],
        "components": lambda: [components(graph), components(directed), components(directed, strong=True)],
        "consensus": lambda: consensus(graph, runs=4),
        "core_number": lambda: core_number(graph),
        "edge_softmax": lambda: edge_softmax(graph.offsets, rng.random(len(graph.targets))),
        "label_propagation": lambda: label_propagation(graph, seed=2),
        "layout": lambda: layout(graph, seed=1),
        "leiden": lambda: leiden(graph, resolution=[0.5, 1.0], seed=2),
        "louvain": lambda: louvain(graph, seed=2),
        "match_cohort": lambda: match_cohort(x, y, ratio=2, metric="euclidean"),
        "max_flow": lambda: max_flow(src, dst, capacity=whole, source=0, sink=max(n - 1, 1)),
        "max_weight_matching": lambda: max_weight_matching(graph)[:3],
        "min_cost_flow": lambda: min_cost_flow(
            np.r_[src, ring[0]], np.r_[dst, ring[1]], cost=np.r_[whole, np.full(n, 50)], supply=supply
        ),
        "minimum_spanning_tree": lambda: minimum_spanning_tree(graph),
        "modularity": lambda: modularity(graph, labels),
        "nearest_neighbors": lambda: [
            nearest_neighbors(y, min(7, max(n - 1, 0)), metric=metric, exact=exact)
            for metric in ("correlation", "gower")
            for exact in (True, False)
        ],
        "neighbor_sample": lambda: [
            neighbor_sample(graph, first, [3, 3], seed=4),
            neighbor_sample(
                directed, first, [3, 3], disjoint=True, time=price[directed.targets], seed_time=price[first]
            ),
        ],
        "normalized_mutual_information": lambda: normalized_mutual_information(labels, labels),
        "pagerank": lambda: [pagerank(directed), pagerank(graph, personalization=1 + rng.random((3, n)))],
        "random_walk": lambda: [random_walk(graph, nodes, 9, p=0.5, q=2.0, seed=4), random_walk(directed, nodes, 9)],
        "shortest_paths": lambda: [shortest_paths(g, nodes, predecessors=True) for g in (graph, directed, bent)],
        "spmm": lambda: spmm(graph.offsets, graph.targets, y, graph.weights),
        "steiner_tree": lambda: steiner_tree(graph, first),
        "triangles": lambda: triangles(graph),
    }


EVERY = sorted(name for name, value in vars(marey.graph).items() if callable(value) and name[0].islower())


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", EVERY)
def test_the_same_bits_on_any_number_of_threads(name: str, weighted: bool) -> None:
    rng = np.random.default_rng(5)
    src, dst = rng.integers(0, 300, (2, 900))
    graph = Graph.from_edges(src, dst, rng.integers(1, 9, 900).astype(float) if weighted else None, n=300)
    found = []
    try:
        for threads in (1, 2, 4):
            marey.set_num_threads(threads)
            found.append([a.tobytes() for a in arrays(calls(graph)[name]())])
    finally:
        marey.set_num_threads(0)
    assert found[0] == found[1] == found[2]
    assert any(found[0])


# Of one node without and with a loop.
ALONE = {
    "adjusted_rand": 1,
    "betweenness": 0,
    "bfs": 0,
    "closeness": 0,
    "components": 0,
    "consensus": 0,
    "core_number": 0,
    "label_propagation": 0,
    "layout": 0,
    "leiden": 0,
    "louvain": 0,
    "max_flow": 0,
    "max_weight_matching": -1,
    "modularity": 0,
    "normalized_mutual_information": 1,
    "pagerank": 1,
    "random_walk": 0,
    "triangles": 0,
}


@pytest.mark.parametrize("name", EVERY)
def test_no_node_one_node_and_one_loop(name: str) -> None:
    for n, ends in [(0, []), (1, []), (1, [0])]:
        graph = Graph.from_edges(ends, ends, 2.0 * np.ones(len(ends)), n=n)
        found = arrays(calls(graph)[name]())
        # There is no modularity without edges, no correlation of one point.
        if name == "modularity" and not ends:
            assert np.isnan(found[0])
        elif n and name in ALONE:
            expected = {"max_weight_matching": [-1, 0, 0], "max_flow": [0, 0, 1, 0]}.get(name, [ALONE[name]])
            np.testing.assert_array_equal(np.unique(np.concatenate([a.ravel() for a in found])), np.unique(expected))
        if n and name == "minimum_spanning_tree":
            assert graph.n == 1
            assert minimum_spanning_tree(graph).m == 0
        if n and name == "spmm":
            x = np.ones((1, 1))
            assert spmm(graph.offsets, graph.targets, x, graph.weights) == graph.to_scipy() @ x


ARC = Graph.from_edges([0], [1], directed=True)


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
        (lambda: modularity(Graph.from_edges([0], [1]), [0, 0], resolution=np.nan), "`resolution` is nan"),
        (lambda: Graph.from_edges(np.array([2**63 + 1], dtype=np.uint64), [0]), "`src` has 9223372036854775809"),
        (lambda: neighbor_sample(ARC, [0], [1], disjoint=True, time=[np.nan], seed_time=[1.0]), "`time` is NaN at"),
        (lambda: neighbor_sample(ARC, [0], [1], disjoint=True, time=[1], seed_time=[np.nan]), "`seed_time` is NaN at"),
        (lambda: Graph([0, 1, 1], [1], [np.nan], directed=True), "`weights` is nan at index 0"),
        (lambda: pagerank(ARC, personalization=[np.nan, 1.0]), "`personalization` is NaN for node 0"),
        (lambda: closeness(ARC, [2]), "`nodes` has node 2"),
        (lambda: random_walk(ARC, [2], 1), "`starts` has node 2"),
        (lambda: random_walk(ARC, [0], 1, p=np.nan), "`p` is NaN"),
        (lambda: core_number(Graph.from_edges([0], [1], directed=True)), "directed"),
        (lambda: leiden(Graph.from_edges([0], [1], directed=True)), "directed"),
        (lambda: max_weight_matching(Graph.from_edges([0], [1], directed=True)), "directed"),
    ],
)
def test_what_is_refused(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
