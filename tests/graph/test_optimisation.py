"""Flows, cuts, matchings, Steiner trees and sparse assignments: certificates, and the peers' values."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

pytest.importorskip("marey._rust")
nx = pytest.importorskip("networkx")
from graph_cases import NAMES, random_edges, twins  # noqa: E402
from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from marey.errors import InfeasibleError, NegativeCycleError  # noqa: E402
from marey.graph import (  # noqa: E402
    Graph,
    assignment,
    components,
    max_flow,
    max_weight_matching,
    min_cost_flow,
    minimum_spanning_tree,
    shortest_paths,
    steiner_tree,
)


def check_flow(src, dst, capacity, n, source, sink, found, directed=True):
    assert (np.abs(found.flow) <= capacity).all()
    assert directed is False or (found.flow >= 0).all()
    kept = np.zeros(n, dtype=np.int64)
    np.subtract.at(kept, src, found.flow)
    np.add.at(kept, dst, found.flow)
    assert kept[sink] == found.value == -kept[source]
    kept[[source, sink]] = 0
    assert not kept.any()
    side = found.source_side
    assert side[source]
    assert not side[sink]
    cut = side[src] & ~side[dst]
    across = cut if directed else side[src] != side[dst]
    assert capacity[across].sum() == found.value


@st.composite
def networks(draw, least=2):
    n = draw(st.integers(least, 12))
    arc = st.tuples(st.integers(0, n - 1), st.integers(0, n - 1), st.integers(0, 9))
    arcs = np.array(draw(st.lists(arc, max_size=50)), dtype=np.int64).reshape(-1, 3)
    return n, *arcs.T


@given(networks(), st.booleans())
@settings(max_examples=150, deadline=None)
def test_max_flow_equals_its_cut_and_networkx(network, directed: bool) -> None:
    n, src, dst, capacity = network
    found = max_flow(src, dst, capacity=capacity, source=0, sink=n - 1, n=n, directed=directed)
    check_flow(src, dst, capacity, n, 0, n - 1, found, directed)
    twin = nx.DiGraph()
    twin.add_nodes_from(range(n))
    for u, v, c in zip(src.tolist(), dst.tolist(), capacity.tolist(), strict=True):
        for a, b in [(u, v)] if directed else [(u, v), (v, u)]:
            twin.add_edge(a, b, capacity=c + (twin[a][b]["capacity"] if twin.has_edge(a, b) else 0))
    assert found.value == nx.maximum_flow_value(twin, 0, n - 1)


def long_ring(n: int, extra: int, seed: int):
    """A ring of wide arcs round all nodes, and narrow arcs across: what is stuck walks the whole ring."""
    rng = np.random.default_rng(seed)
    u, v = rng.integers(0, n, (2, extra))
    src, dst = np.r_[np.arange(n), u], np.r_[(np.arange(n) + 1) % n, v]
    return src, dst, np.r_[np.full(n, 10**6), rng.integers(1, 100, extra)]


@pytest.mark.parametrize("n", [300, 3000])
def test_max_flow_on_a_long_ring_equals_or_tools(n: int) -> None:
    peer = pytest.importorskip("ortools.graph.python.max_flow").SimpleMaxFlow()
    src, dst, capacity = long_ring(n, 10 * n, 1)
    found = max_flow(src, dst, capacity=capacity, source=0, sink=n // 2)
    check_flow(src, dst, capacity, n, 0, n // 2, found)
    peer.add_arcs_with_capacity(src, dst, capacity)
    peer.solve(0, n // 2)
    assert found.value == peer.optimal_flow()


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([0], [1], [-1]), {}, "`capacity` is -1 at index 0"),
        (([0], [1], [1, 2]), {}, "`capacity` has length 2"),
        (([0], [3], [1]), {"n": 2}, "`dst` has node 3"),
        (([0], [1], [1]), {"sink": 0}, "`sink` is 0, the source"),
        (([0], [1], [2**62]), {}, "`capacity` sums to"),
    ],
)
def test_no_max_flow(arguments, options, message: str) -> None:
    src, dst, capacity = arguments
    with pytest.raises(ValueError, match=message):
        max_flow(src, dst, capacity=capacity, **{"source": 0, "sink": 1, **options})


def check_matching(graph, found, *, free_duals=False):
    src, dst, weight = graph.edges()
    weight = np.ones(len(src)) if weight is None else weight
    mate = found.mate
    matched = np.flatnonzero(mate >= 0)
    np.testing.assert_array_equal(mate[mate[matched]], matched)
    pairs = {(u, v) for u, v in enumerate(mate.tolist()) if u < v}
    assert pairs <= set(zip(src.tolist(), dst.tolist(), strict=True))
    price = found.dual[src] + found.dual[dst]
    for nodes, z in found.blossoms:
        assert z > 0
        assert len(nodes) % 2 == 1
        price = price + z * (np.isin(src, nodes) & np.isin(dst, nodes))
        # Matched within, but for one node.
        assert np.isin(mate[nodes], nodes).sum() == len(nodes) - 1
    proper = src != dst
    assert (price[proper] >= weight[proper]).all()
    if free_duals:
        return
    assert (found.dual >= 0).all()
    assert found.dual.sum() + sum(z * (len(nodes) // 2) for nodes, z in found.blossoms) == found.weight


@given(st.integers(1, 11), st.lists(st.tuples(st.integers(0, 10), st.integers(0, 10), st.integers(-2, 9)), max_size=45))
@settings(max_examples=300, deadline=None)
def test_matching_is_proved_by_its_duals_and_equals_networkx(n: int, edges) -> None:
    edges = [(u % n, v % n, w) for u, v, w in edges]
    graph = Graph.from_edges(*([e[i] for e in edges] for i in range(3)), n=n)
    twin = nx.Graph()
    twin.add_nodes_from(range(n))
    for u, v, w in edges:
        if u != v:
            twin.add_edge(u, v, weight=max(w, twin[u][v]["weight"] if twin.has_edge(u, v) else -9))
    for most in (False, True):
        found = max_weight_matching(graph, max_cardinality=most)
        check_matching(graph, found, free_duals=most)
        expected = nx.max_weight_matching(twin, maxcardinality=most)
        assert found.weight == sum(twin[u][v]["weight"] for u, v in expected)
        assert not most or (found.mate >= 0).sum() == 2 * len(expected)


def test_a_larger_matching_and_real_weights() -> None:
    for seed in range(4):
        src, dst, weight = random_edges(250, 900, seed)
        graph = Graph.from_edges(src, dst, np.rint(weight * 1000) if seed % 2 else weight, n=250)
        found = max_weight_matching(graph)
        twin = nx.Graph()
        for u, v, w in zip(*(a.tolist() for a in graph.edges()), strict=True):
            if u != v and (not twin.has_edge(u, v) or twin[u][v]["weight"] < w):
                twin.add_edge(u, v, weight=w)
        expected = sum(twin[u][v]["weight"] for u, v in nx.max_weight_matching(twin))
        # Real weights are rounded to 2^-40 of the largest, for at most 125 pairs.
        np.testing.assert_allclose(found.weight, expected, rtol=1e-10)
        if seed % 2:
            check_matching(graph, found)


def best_tree(graph, terminals):
    """The lightest spanning tree over every choice of other nodes."""
    others = [v for v in range(graph.n) if v not in terminals]
    src, dst, weight = graph.edges()
    best = np.inf
    for k in range(len(others) + 1):
        for extra in itertools.combinations(others, k):
            nodes = np.array([*terminals, *extra])
            keep = np.isin(src, nodes) & np.isin(dst, nodes)
            part = Graph.from_edges(src[keep], dst[keep], weight[keep], n=graph.n)
            if len(set(components(part)[nodes])) == 1:
                best = min(best, minimum_spanning_tree(part).edges()[2].sum())
    return best


@pytest.mark.parametrize("seed", range(25))
def test_a_steiner_tree_is_within_its_bound(seed: int) -> None:
    rng = np.random.default_rng(seed)
    graph = Graph.from_edges(*random_edges(9, 18, seed), n=9)
    labels = components(graph)
    inside = np.flatnonzero(labels == np.bincount(labels).argmax())
    terminals = rng.choice(inside, min(len(inside), int(rng.integers(1, 5))), replace=False)
    found = steiner_tree(graph, terminals)
    best = best_tree(graph, set(terminals.tolist()))
    t = len(set(terminals.tolist()))
    rounding = 1e-12
    assert found.bound <= best + rounding
    assert best <= found.weight + rounding
    assert found.weight <= 2 * (1 - 1 / t) * best + rounding if t > 1 else found.weight == 0
    src, dst, _ = found.tree.edges()
    joined = components(found.tree)
    assert len(set(joined[terminals])) == 1
    touched = set(src.tolist()) | set(dst.tolist())
    assert len(src) == max(len(touched) - 1, 0)
    degree = found.tree.degree()
    assert all(degree[v] > 1 or v in terminals for v in touched)


@pytest.mark.parametrize("name", NAMES)
def test_a_steiner_tree_of_all_nodes_is_a_spanning_tree(name: str) -> None:
    graph, _ = twins(name, False, weighted=True)
    if not graph.n or components(graph).max():
        return
    found = steiner_tree(graph, range(graph.n))
    np.testing.assert_allclose(found.weight, minimum_spanning_tree(graph).edges()[2].sum(), rtol=1e-12)


def test_terminals_that_nothing_joins() -> None:
    with pytest.raises(ValueError, match="has no way from 0 to 2"):
        steiner_tree(Graph.from_edges([0], [1], n=3), [0, 2])


@pytest.mark.parametrize("shape", [(1, 1), (6, 9), (40, 40), (60, 25), (25, 200)])
@pytest.mark.parametrize("maximize", [False, True])
def test_sparse_assignment_equals_scipy(shape, maximize: bool) -> None:
    sparse = pytest.importorskip("scipy.sparse")
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    rng = np.random.default_rng(sum(shape))
    for _ in range(5):
        keep = rng.random(shape) < 0.3
        np.fill_diagonal(keep, True)
        cost = np.where(keep, rng.integers(1, 30, shape) / 4, 0.0)
        matrix = sparse.csr_array(cost)
        rows, columns = assignment(matrix, maximize=maximize)
        assert list(rows) == sorted(set(rows))
        assert len(set(columns)) == min(shape)
        assert keep[rows, columns].all()
        expected = min_weight_full_bipartite_matching(matrix, maximize=maximize)
        assert matrix[rows, columns].sum() == cost[expected].sum()


def check_prices(cost, rows, columns):
    """Prices of the columns, 0 or less, at which no row would change, and 0 of free ones: there are such if the
    assignment is the cheapest."""
    price = np.zeros(cost.shape[1])
    for _ in range(cost.shape[1] + 1):
        change = price[columns, None] + cost[rows] - cost[rows, columns][:, None]
        before, price = price, np.minimum(price, change.min(axis=0, initial=0.0))
    np.testing.assert_array_equal(price, before)
    assert not np.delete(price, columns).any()


@given(st.integers(0, 7), st.integers(0, 9), st.integers(0, 2**32), st.sampled_from([0.2, 0.5, 1.0]))
@settings(max_examples=300, deadline=None)
def test_an_assignment_is_proved_or_its_absence_is(n: int, m: int, seed: int, share: float) -> None:
    optimize, sparse = pytest.importorskip("scipy.optimize"), pytest.importorskip("scipy.sparse")
    rng = np.random.default_rng(seed)
    cost = np.where(rng.random((n, m)) < share, rng.integers(-3, 6, (n, m)), np.inf)
    stored = np.nonzero(np.isfinite(cost))
    wide = cost if n <= m else cost.T
    for given_cost in (cost, sparse.csr_array((cost[stored], stored), shape=(n, m))):
        try:
            rows, columns = assignment(given_cost)
        except InfeasibleError as error:
            short = error.certificate
            assert np.isfinite(wide[short]).any(axis=0).sum() < len(set(short))
            with pytest.raises(ValueError, match="infeasible"):
                optimize.linear_sum_assignment(cost)
            continue
        assert len(set(rows)) == len(set(columns)) == len(rows) == min(n, m)
        assert cost[rows, columns].sum() == cost[optimize.linear_sum_assignment(cost)].sum()
        check_prices(wide, *((rows, columns) if n <= m else (columns, rows)))


def test_a_batch_of_assignments_equals_a_loop() -> None:
    rng = np.random.default_rng(0)
    for shape in [(5, 4, 7), (5, 7, 4), (3, 6, 6), (0, 3, 3), (4, 0, 2)]:
        cost = rng.random(shape)
        rows, columns = assignment(cost)
        for i in range(len(cost)):
            one = assignment(cost[i])
            np.testing.assert_array_equal(rows[i], one[0])
            np.testing.assert_array_equal(columns[i], one[1])
    cost = np.zeros((2, 2, 2))
    cost[1, :, 0] = np.inf
    rows, columns = assignment(cost)
    assert rows.tolist() == [[0, 1], [-1, -1]]
    assert columns[1].tolist() == [-1, -1]


def test_no_assignment_is_proved() -> None:
    sparse = pytest.importorskip("scipy.sparse")
    allowed = np.array([[1, 1, 0, 0], [0, 1, 0, 0], [1, 0, 0, 0], [1, 1, 1, 1]], dtype=bool)
    for cost in (np.where(allowed, 1.0, np.inf), sparse.csr_array(allowed * 1.0)):
        with pytest.raises(InfeasibleError, match="3 rows share 2 columns") as caught:
            assignment(cost)
        rows = caught.value.certificate
        assert sorted(rows) == [0, 1, 2]
        assert allowed[rows].any(axis=0).sum() == len(rows) - 1


@given(networks(least=1), st.integers(0, 2**32))
@settings(max_examples=100, deadline=None)
def test_a_flow_is_proved_or_its_absence_is(network, seed: int) -> None:
    n, src, dst, capacity = network
    rng = np.random.default_rng(seed)
    cost = rng.integers(-4, 9, len(src))
    supply = rng.integers(-3, 4, n)
    supply[0] -= supply.sum()
    try:
        found = min_cost_flow(src, dst, cost=cost, supply=supply, capacity=capacity)
    except InfeasibleError as error:
        inside = np.isin(np.arange(n), error.certificate)
        out = capacity[inside[src] & ~inside[dst]].sum()
        assert supply[inside].sum() > out
        return
    kept = supply.copy()
    np.subtract.at(kept, src, found.flow)
    np.add.at(kept, dst, found.flow)
    assert not kept.any()
    reduced = cost + found.potential[src] - found.potential[dst]
    assert (reduced[found.flow < capacity] >= 0).all()
    assert (reduced[found.flow > 0] <= 0).all()


def length_of(cycle, edges):
    return sum(min(w for u, v, w in edges if (u, v) == pair) for pair in zip(cycle, np.roll(cycle, -1), strict=True))


def test_a_cycle_along_which_cost_falls() -> None:
    edges = [(0, 1, 4), (1, 2, -3), (2, 3, 1), (3, 1, 1), (2, 0, 9)]
    src, dst, cost = map(list, zip(*edges, strict=True))
    with pytest.raises(NegativeCycleError, match="`capacity` lets cost fall without end") as caught:
        min_cost_flow(src, dst, cost=cost, supply=[0] * 4)
    assert length_of(caught.value.cycle, edges) < 0
    graph = Graph.from_edges(src, dst, np.array(cost, float), directed=True)
    with pytest.raises(NegativeCycleError, match="`weight` has a cycle of negative length") as caught:
        shortest_paths(graph, 0)
    assert length_of(caught.value.cycle, edges) < 0
    # A cycle that the source does not reach does no harm.
    far = Graph.from_edges([0, 1, 2], [3, 2, 1], [1.0, -1.0, -1.0], directed=True)
    assert shortest_paths(far, 0).tolist() == [0.0, np.inf, np.inf, 1.0]


@given(networks(), st.integers(0, 2**32))
@settings(max_examples=100, deadline=None)
def test_negative_lengths(network, seed: int) -> None:
    n, src, dst, _ = network
    # Lengths from prices of the nodes: no cycle is negative.
    rng = np.random.default_rng(seed)
    price = rng.integers(-9, 9, n)
    weight = (rng.integers(0, 5, len(src)) + price[dst] - price[src]).astype(float)
    graph = Graph.from_edges(src, dst, weight, n=n, directed=True)
    twin = nx.DiGraph()
    twin.add_nodes_from(range(n))
    for u, v, w in zip(src.tolist(), dst.tolist(), weight.tolist(), strict=True):
        twin.add_edge(u, v, weight=min(w, twin[u][v]["weight"] if twin.has_edge(u, v) else np.inf))
    distance, before = shortest_paths(graph, 0, predecessors=True)
    expected = nx.single_source_bellman_ford_path_length(twin, 0)
    assert distance.tolist() == [expected.get(v, np.inf) for v in range(n)]
    for v in np.flatnonzero(before >= 0):
        assert distance[v] == distance[before[v]] + twin[before[v]][v]["weight"]
