"""Sampled neighbourhoods and walks: what may be drawn, how often, and the same on any number of threads."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("marey._rust")
import marey
from marey.graph import Graph, neighbor_sample, random_walk


def made(n: int = 60, m: int = 900, seed: int = 0) -> Graph:
    rng = np.random.default_rng(seed)
    return Graph.from_edges(*rng.integers(0, n, (2, m)), n=n, directed=True)


def check(graph: Graph, found, seeds) -> None:
    """Arcs are of the graph and join the nodes that they say; hops add up."""
    np.testing.assert_array_equal(graph.targets[found.edge], found.node[found.neighbor])
    np.testing.assert_array_equal(graph.sources()[found.edge], found.node[found.center])
    assert found.nodes_of_hop.sum() == len(found.node)
    assert found.edges_of_hop.sum() == len(found.edge)
    assert list(found.node[: found.nodes_of_hop[0]]) == list(dict.fromkeys(np.asarray(seeds).tolist()))


@pytest.mark.parametrize("fanouts", [[3], [4, 2], [-1, 3], [0, 2], [2, 2, 2], [200]])
@pytest.mark.parametrize("replace", [False, True])
def test_arcs_join_what_they_say(fanouts: list[int], replace: bool) -> None:
    graph, seeds = made(), [5, 9, 5, 33]
    found = neighbor_sample(graph, seeds, fanouts, replace=replace, seed=3)
    check(graph, found, seeds)
    counts = np.bincount(found.center[: found.edges_of_hop[0]], minlength=3)
    degree = graph.degree()[[5, 9, 33]]
    expected = degree if fanouts[0] < 0 else np.full(3, fanouts[0]) if replace else np.minimum(degree, fanouts[0])
    np.testing.assert_array_equal(counts, expected)
    if not replace:
        assert len(np.unique(found.edge)) == len(found.edge)


def test_all_neighbours_are_the_ball_around_the_seeds() -> None:
    graph = made(80, 160, seed=2)
    found = neighbor_sample(graph, [0], [-1, -1, -1])
    reach, ball = {0}, {0}
    for _ in range(3):
        reach = {int(t) for v in reach for t in graph.targets[graph.offsets[v] : graph.offsets[v + 1]]}
        ball |= reach
    assert set(found.node.tolist()) == ball
    assert len(np.unique(found.node)) == len(found.node)


def test_every_arc_is_drawn_equally_often() -> None:
    graph = Graph.from_edges(np.zeros(10, dtype=int), np.arange(1, 11), directed=True)
    draws = 4000
    for replace in (False, True):
        counts = np.zeros(10)
        for seed in range(draws):
            np.add.at(counts, neighbor_sample(graph, [0], [3], replace=replace, seed=seed).edge, 1)
        # Chi-squared of 9 degrees of freedom exceeds 27.9 once in a thousand; without replacement it is smaller.
        assert ((counts - draws * 0.3) ** 2 / (draws * 0.3)).sum() < 27.9


def test_types_have_fanouts_of_their_own() -> None:
    graph = made()
    kind = np.random.default_rng(4).integers(0, 3, len(graph.targets))
    found = neighbor_sample(graph, [1, 2], [[2, 0, 1]], edge_type=kind, seed=7)
    check(graph, found, [1, 2])
    for center in (0, 1):
        mine = kind[found.edge[found.center == center]]
        np.testing.assert_array_equal(np.bincount(mine, minlength=3), [2, 0, 1])


@pytest.mark.parametrize("window", [None, 0.3])
def test_a_seed_sees_its_past_alone(window: float | None) -> None:
    graph = made()
    time = np.random.default_rng(5).random(len(graph.targets))
    seeds, seed_time = [3, 3, 8], np.array([0.2, 0.9, 0.5])
    found = neighbor_sample(
        graph, seeds, [-1, -1], disjoint=True, time=time, seed_time=seed_time, time_window=window, seed=1
    )
    end = seed_time[found.batch[found.center]]
    assert (time[found.edge] <= end).all()
    np.testing.assert_array_equal(found.batch[found.center], found.batch[found.neighbor])
    assert window is None or (time[found.edge] >= end - window).all()
    for seed in range(3):
        row = np.arange(graph.offsets[seeds[seed]], graph.offsets[seeds[seed] + 1])
        allowed = (time[row] <= seed_time[seed]) & (time[row] >= seed_time[seed] - (window or np.inf))
        mine = found.edge[: found.edges_of_hop[0]][found.center[: found.edges_of_hop[0]] == seed]
        np.testing.assert_array_equal(np.sort(mine), row[allowed])
    of_node = np.random.default_rng(6).random(graph.n)
    found = neighbor_sample(graph, seeds, [5, 5], disjoint=True, time=of_node, seed_time=seed_time)
    assert (of_node[found.node[found.neighbor]] <= seed_time[found.batch[found.center]]).all()


def test_the_same_seed_is_the_same_sample_on_any_number_of_threads() -> None:
    graph = made(3000, 60_000, seed=1)
    seeds = np.arange(0, 3000, 7)
    samples, walks = [], []
    for threads in (1, 2, 4):
        marey.set_num_threads(threads)
        samples.append(neighbor_sample(graph, seeds, [10, 5], seed=11))
        walks.append(random_walk(graph, seeds, 20, p=0.5, q=2.0, seed=11))
    marey.set_num_threads(0)
    for other in samples[1:]:
        np.testing.assert_array_equal(other.edge, samples[0].edge)
        np.testing.assert_array_equal(other.node, samples[0].node)
    for other in walks[1:]:
        np.testing.assert_array_equal(other, walks[0])
    assert len(neighbor_sample(graph, seeds, [10, 5], seed=12).edge) > 0
    assert not np.array_equal(neighbor_sample(graph, seeds, [10, 5], seed=12).edge, samples[0].edge)


def test_walks_go_along_arcs_by_weight() -> None:
    graph = Graph.from_edges([0, 0, 0, 1], [1, 2, 3, 0], [1.0, 2.0, 0.0, 1.0], n=5, directed=True)
    walks = random_walk(graph, np.zeros(6000, dtype=int), 1, seed=2)
    counts = np.bincount(walks[:, 1], minlength=5)
    assert counts[3] == 0
    assert abs(counts[2] / 6000 - 2 / 3) < 4 * np.sqrt(2 / 9 / 6000)
    assert (random_walk(graph, [3, 4], 4) == [[3] * 5, [4] * 5]).all()


@pytest.mark.parametrize(("p", "q"), [(0.25, 4.0), (4.0, 0.25), (1.0, 1.0)])
def test_second_steps_have_the_odds_of_node2vec(p: float, q: float) -> None:
    # From 0 to 1, and from there back to 0 (1 / p), to 2, a neighbour of 0 (1), or to 3 and 4 (1 / q).
    graph = Graph.from_edges([0, 0, 1, 1, 1], [1, 2, 2, 3, 4], n=5)
    walks = random_walk(graph, np.zeros(40_000, dtype=int), 2, p=p, q=q, seed=5)
    second = walks[walks[:, 1] == 1, 2]
    odds = np.array([1 / p, 1, 1 / q, 1 / q])
    expected = odds / odds.sum() * len(second)
    found = np.bincount(second, minlength=5)[[0, 2, 3, 4]]
    # Chi-squared of 3 degrees of freedom exceeds 16.3 once in a thousand.
    assert ((found - expected) ** 2 / expected).sum() < 16.3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seeds": [99]}, "`seeds` has node 99"),
        ({"fanouts": [-2]}, "`fanouts` is -2"),
        ({"fanouts": [[1, 2]]}, "`fanouts` has 2 types"),
        ({"edge_type": [1]}, "`edge_type` has length 1"),
        ({"time": np.zeros(900)}, "`seed_time` is missing"),
        ({"time": np.zeros(900), "seed_time": [1.0]}, "`disjoint` is False"),
        ({"time": np.zeros(7), "seed_time": [1.0], "disjoint": True}, "`time` has length 7"),
        ({"time_window": 1.0}, "need `time`"),
    ],
)
def test_what_is_refused(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        neighbor_sample(**{"graph": made(), "seeds": [1], "fanouts": [2]} | options)


def test_walks_refuse_bad_odds() -> None:
    for name in ("p", "q"):
        with pytest.raises(ValueError, match=f"`{name}` is 0"):
            random_walk(made(), [0], 2, **{name: 0.0})
