"""Sampled neighbourhoods and walks of the LFR-like graph: marey, NumPy and igraph, one thread, CPU time."""

import time

import numpy as np
import peers
import pytest

import marey
from marey.graph import neighbor_sample, random_walk

SEEDS = np.arange(0, peers.NODES, 97)
FANOUTS = [10, 10]
STARTS = np.arange(0, peers.NODES, 10)
STEPS = 40


def marey_with_replacement():
    found = neighbor_sample(peers.ours(), SEEDS, FANOUTS, replace=True)
    return found.node[found.center], found.node[found.neighbor]


def numpy_with_replacement():
    """What is written without a library: draw arcs of all nodes of a hop at once, then find which nodes are new."""
    graph, rng = peers.ours(), np.random.default_rng(0)
    seen, hop, center, neighbor = SEEDS, SEEDS, [], []
    for fanout in FANOUTS:
        degree = np.diff(graph.offsets)[hop]
        hop, degree = hop[degree > 0], degree[degree > 0]
        arc = graph.offsets[hop, None] + rng.integers(0, degree[:, None], (len(hop), fanout))
        center.append(np.repeat(hop, fanout))
        neighbor.append(graph.targets[arc.ravel()].astype(np.int64))
        hop = np.setdiff1d(neighbor[-1], seen)
        seen = np.concatenate([seen, hop])
    return np.concatenate(center), np.concatenate(neighbor)


def marey_without_replacement():
    found = neighbor_sample(peers.ours(), SEEDS, FANOUTS)
    return found.node[found.center], found.node[found.neighbor]


def marey_walks():
    return random_walk(peers.ours(), STARTS, STEPS)


def igraph_walks():
    graph = peers.igraph()
    return np.array([graph.random_walk(start, STEPS) for start in STARTS.tolist()])


def check_sample(center, neighbor, replaced):
    graph = peers.ours()
    assert len(center) > 8 * len(SEEDS) * FANOUTS[0]
    assert peers.scipy()[center, neighbor].all()
    drawn = np.bincount(center, minlength=graph.n)
    least = np.diff(graph.offsets) if not replaced else np.full(graph.n, FANOUTS[0])
    np.testing.assert_array_equal(drawn[SEEDS], np.minimum(least, FANOUTS[0])[SEEDS])


CASES = [
    ("neighbor_sample with replacement", marey_with_replacement),
    ("neighbor_sample with replacement", numpy_with_replacement),
    ("neighbor_sample", marey_without_replacement),
    ("random_walk", marey_walks),
    ("random_walk", igraph_walks),
]


@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize(("case", "contender"), CASES, ids=lambda x: getattr(x, "__name__", x))
def test_sampling(benchmark, case, contender):
    marey.set_num_threads(1)
    try:
        found = contender()
        if case == "random_walk":
            assert found.shape == (len(STARTS), STEPS + 1)
            assert peers.scipy()[found[:, :-1].ravel(), found[:, 1:].ravel()].all()
        else:
            check_sample(*found, "with" in case)
        size = f"{len(STARTS):,} x {STEPS} steps" if "walk" in case else f"{len(SEEDS):,} seeds, fan-outs {FANOUTS}"
        benchmark.group = f"{case} {peers.NODES:,} nodes, {size}"
        benchmark.extra_info.update(contender=contender.__name__, threads=1)
        benchmark.pedantic(contender, rounds=5, iterations=1, warmup_rounds=1)
    finally:
        marey.set_num_threads(0)
