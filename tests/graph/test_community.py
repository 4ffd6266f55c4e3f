"""Communities are connected and good; partitions are compared as NetworkX and scikit-learn compare them."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("marey._rust")
nx = pytest.importorskip("networkx")
from graph_cases import NAMES, random_edges, twins  # noqa: E402

import marey  # noqa: E402
from marey.graph import (  # noqa: E402
    Graph,
    adjusted_rand,
    components,
    consensus,
    label_propagation,
    leiden,
    louvain,
    modularity,
    normalized_mutual_information,
)


def planted(groups: int, size: int, inner: float, outer: float, seed: int) -> tuple[Graph, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(groups), size)
    src, dst = np.triu_indices(len(truth), 1)
    keep = rng.random(len(src)) < np.where(truth[src] == truth[dst], inner, outer)
    return Graph.from_edges(src[keep], dst[keep], n=len(truth)), truth


def check_connected(graph: Graph, labels: np.ndarray) -> None:
    src, dst, weight = graph.edges()
    inside = (labels[src] == labels[dst]) & (True if weight is None else weight > 0)
    np.testing.assert_array_equal(components(Graph.from_edges(src[inside], dst[inside], n=graph.n)), labels)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("objective", ["modularity", "cpm", "rb", "rber"])
@pytest.mark.parametrize("resolution", [0.2, 1.0, 3.0])
def test_every_community_is_connected(name: str, objective: str, resolution: float) -> None:
    graph, _ = twins(name, False, weighted=True)
    for method in (leiden, louvain):
        check_connected(graph, method(graph, resolution=resolution, objective=objective, seed=3))
    check_connected(graph, label_propagation(graph, seed=3))


def bridged(hubs: int, leaves: int) -> Graph:
    """Groups held together by one hub each, every hub drawn to a clique that all are near to: when a hub leaves, what
    it held together is in pieces. Moves made at once on old labels leave such pieces under one label."""
    src, dst = [], []
    clique = range(hubs * (leaves + 1), hubs * (leaves + 1) + 6)
    for h in range(hubs):
        hub = h * (leaves + 1)
        for i in range(1, leaves + 1):
            src.append(hub)
            dst.append(hub + i)
            if i % 2:
                src.append(hub + i)
                dst.append(hub + i + 1 if i < leaves else hub)
        src += [hub] * 6
        dst += clique
    for u in clique:
        for v in clique:
            if u < v:
                src += [u] * 3
                dst += [v] * 3
    return Graph.from_edges(src, dst)


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_hubs_that_leave_do_not_leave_pieces_behind(threads: int) -> None:
    marey.set_num_threads(threads)
    try:
        for hubs, leaves in [(3, 4), (20, 7), (60, 30), (300, 9)]:
            graph = bridged(hubs, leaves)
            for seed in range(4):
                for resolution in (0.05, 0.5, 1.0, 2.0):
                    for method in (leiden, louvain):
                        check_connected(graph, method(graph, resolution=resolution, seed=seed))
                check_connected(graph, label_propagation(graph, seed=seed))
    finally:
        marey.set_num_threads(0)


def test_neighbours_that_would_change_places() -> None:
    # All pairs of a perfect matching want each other at once; on long paths everybody wants a neighbour.
    pairs = Graph.from_edges(np.arange(0, 9600, 2), np.arange(1, 9600, 2))
    assert len(set(leiden(pairs))) == 4800
    path = Graph.from_edges(np.arange(9599), np.arange(1, 9600))
    labels = leiden(path, iterations=None)
    check_connected(path, labels)
    # The best pieces of a path of m edges have about sqrt(2 m) edges: the modularity is then 1 - 2 sqrt(2 / m) or so.
    assert modularity(path, labels) > 1 - 3 * np.sqrt(2 / path.m)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("weighted", [False, True])
def test_modularity(name: str, weighted: bool) -> None:
    graph, twin = twins(name, False, weighted)
    labels = np.random.default_rng(0).integers(0, 4, graph.n)
    if graph.m == 0:
        assert np.isnan(modularity(graph, labels))
        return
    groups = [set(np.flatnonzero(labels == c).tolist()) for c in range(4)]
    expected = nx.community.modularity(twin, groups, weight="weight" if weighted else None, resolution=0.7)
    np.testing.assert_allclose(modularity(graph, labels, resolution=0.7), expected, rtol=1e-12, atol=1e-14)


def test_planted_groups_are_found() -> None:
    graph, truth = planted(12, 25, 0.5, 0.01, seed=1)
    assert adjusted_rand(leiden(graph), truth) == 1.0
    assert adjusted_rand(leiden(graph, objective="cpm", resolution=0.1), truth) == 1.0
    both = leiden(graph, resolution=[1.0, 0.05])
    np.testing.assert_array_equal(both[0], leiden(graph))
    assert both[1].max() < both[0].max()


def test_as_good_as_the_peer() -> None:
    igraph = pytest.importorskip("igraph")
    for seed in range(3):
        graph = Graph.from_edges(*random_edges(800, 3000, seed))
        src, dst, weight = graph.edges()
        twin = igraph.Graph(n=graph.n, edges=np.c_[src, dst].tolist(), edge_attrs={"weight": weight})
        theirs = twin.community_leiden(objective_function="modularity", weights="weight", n_iterations=10)
        best = max(modularity(graph, leiden(graph, iterations=10, seed=s)) for s in range(3))
        # Without structure the optimum is flat: runs of either differ by this much among themselves.
        assert best >= modularity(graph, theirs.membership) - 0.01


def quality(graph: Graph, labels: np.ndarray, price: float) -> float:
    """Inner weight less `price` for each pair of nodes in one community."""
    src, dst, weight = graph.edges()
    sizes = np.bincount(labels)
    return weight[labels[src] == labels[dst]].sum() - price * (sizes * (sizes - 1) / 2).sum()


@pytest.mark.parametrize("objective", ["cpm", "rber", "rb"])
def test_as_good_as_leidenalg(objective: str) -> None:
    igraph, leidenalg = pytest.importorskip("igraph"), pytest.importorskip("leidenalg")
    graph, _ = planted(10, 30, 0.3, 0.03, seed=2)
    src, dst, _ = graph.edges()
    graph = Graph.from_edges(src, dst, np.random.default_rng(0).uniform(0.5, 1.5, len(src)))
    src, dst, weight = graph.edges()
    twin = igraph.Graph(n=graph.n, edges=np.c_[src, dst].tolist(), edge_attrs={"weight": weight})
    resolution = {"cpm": 0.1, "rber": 1.0, "rb": 1.0}[objective]
    kind = {
        "cpm": leidenalg.CPMVertexPartition,
        "rber": leidenalg.RBERVertexPartition,
        "rb": leidenalg.RBConfigurationVertexPartition,
    }[objective]
    theirs = leidenalg.find_partition(twin, kind, weights="weight", resolution_parameter=resolution, seed=1)
    ours = leiden(graph, objective=objective, resolution=resolution, iterations=None)
    theirs = np.array(theirs.membership)
    if objective == "rb":
        assert modularity(graph, ours) >= modularity(graph, theirs) - 1e-3
        return
    price = resolution * (weight.sum() / (graph.n * (graph.n - 1) / 2) if objective == "rber" else 1.0)
    assert quality(graph, ours, price) >= 0.999 * quality(graph, theirs, price)


def test_louvain_labels_and_consensus_find_planted_groups() -> None:
    graph, truth = planted(12, 25, 0.5, 0.01, seed=1)
    assert adjusted_rand(louvain(graph), truth) == 1.0
    assert adjusted_rand(label_propagation(graph), truth) == 1.0
    assert adjusted_rand(consensus(graph), truth) == 1.0


def test_consensus_hangs_less_on_the_seed() -> None:
    graph, _ = planted(10, 20, 0.3, 0.06, seed=8)

    def spread(labels):
        return np.mean([adjusted_rand(a, b) for i, a in enumerate(labels) for b in labels[:i]])

    agreed = [consensus(graph, seed=1000 * s) for s in range(4)]
    for labels in agreed:
        check_connected(graph, labels)
    assert spread(agreed) > spread([leiden(graph, seed=s) for s in range(8)])


def test_a_self_loop_and_a_single_node() -> None:
    np.testing.assert_array_equal(leiden(Graph.from_edges([0], [0], n=3)), [0, 1, 2])
    assert leiden(Graph.from_edges([], [])).shape == (0,)


def on_threads(call):
    """What `call` returns on 1, 2 and 4 threads."""
    try:
        answers = []
        for threads in (1, 2, 4):
            marey.set_num_threads(threads)
            answers.append(call())
        return answers
    finally:
        marey.set_num_threads(0)


def test_the_same_labels_on_any_number_of_threads() -> None:
    small, _ = planted(8, 40, 0.2, 0.05, seed=5)
    resolutions = np.linspace(0.3, 2.0, 7)
    src, dst, weight = random_edges(20_000, 90_000, 3)
    plain, weighted = Graph.from_edges(src, dst, n=20_000), Graph.from_edges(src, dst, weight, n=20_000)
    for call in (
        lambda: leiden(small, resolution=resolutions, seed=11),
        lambda: consensus(small, runs=6),
        lambda: leiden(plain, seed=1),
        lambda: leiden(weighted, seed=2, objective="rber"),
        lambda: louvain(weighted, resolution=[0.5, 1.0]),
        lambda: label_propagation(weighted),
    ):
        first, *others = on_threads(call)
        for other in others:
            np.testing.assert_array_equal(other, first)


def test_partitions_compare_as_in_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(4)
    for n, a, b in [(1, 1, 1), (50, 1, 4), (60, 3, 60), (500, 7, 5)]:
        x, y = rng.integers(0, a, n), rng.integers(0, b, n)
        for p, q in [(x, y), (x, x * 10 + 3)]:
            np.testing.assert_allclose(adjusted_rand(p, q), metrics.adjusted_rand_score(p, q), rtol=1e-12, atol=1e-12)
            expected = metrics.normalized_mutual_info_score(p, q)
            np.testing.assert_allclose(normalized_mutual_information(p, q), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"resolution": 0.0}, "`resolution` is 0"),
        ({"resolution": [1.0, np.nan]}, "`resolution` is NaN"),
        ({"objective": "surprise"}, "`objective` is 'surprise'"),
        ({"iterations": 0}, "`iterations` is 0"),
        ({"seed": -1}, "`seed` is -1"),
    ],
)
def test_what_is_refused(options, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        leiden(Graph.from_edges([0], [1]), **options)
