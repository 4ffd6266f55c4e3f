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
    leiden,
    modularity,
    normalized_mutual_information,
)


def planted(groups: int, size: int, inner: float, outer: float, seed: int) -> tuple[Graph, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(groups), size)
    src, dst = np.triu_indices(len(truth), 1)
    keep = rng.random(len(src)) < np.where(truth[src] == truth[dst], inner, outer)
    return Graph.from_edges(src[keep], dst[keep], n=len(truth)), truth


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("objective", ["modularity", "cpm"])
@pytest.mark.parametrize("resolution", [0.2, 1.0, 3.0])
def test_every_community_is_connected(name: str, objective: str, resolution: float) -> None:
    graph, _ = twins(name, False, weighted=True)
    labels = leiden(graph, resolution=resolution, objective=objective, seed=3)
    src, dst, _ = graph.edges()
    inside = labels[src] == labels[dst]
    np.testing.assert_array_equal(components(Graph.from_edges(src[inside], dst[inside], n=graph.n)), labels)


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


def test_a_self_loop_and_a_single_node() -> None:
    np.testing.assert_array_equal(leiden(Graph.from_edges([0], [0], n=3)), [0, 1, 2])
    assert leiden(Graph.from_edges([], [])).shape == (0,)


def test_the_same_labels_on_any_number_of_threads() -> None:
    graph, _ = planted(8, 40, 0.2, 0.05, seed=5)
    resolutions = np.linspace(0.3, 2.0, 7)
    try:
        answers = []
        for threads in (1, 2, 4):
            marey.set_num_threads(threads)
            answers.append(leiden(graph, resolution=resolutions, seed=11))
    finally:
        marey.set_num_threads(0)
    np.testing.assert_array_equal(answers[1], answers[0])
    np.testing.assert_array_equal(answers[2], answers[0])


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
    ],
)
def test_what_is_refused(options, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        leiden(Graph.from_edges([0], [1]), **options)
