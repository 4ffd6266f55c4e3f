"""Searches and centralities of the LFR-like graph: marey, SciPy, igraph, networkit, rustworkx; one thread, CPU time."""

import time

import numpy as np
import peers
import pytest

import marey
from marey.graph import bfs, components, pagerank, shortest_paths

SOURCES = list(range(0, 32 * 3000, 3000))


def csgraph():
    return pytest.importorskip("scipy.sparse.csgraph")


def nk():
    return pytest.importorskip("networkit")


def ran(algorithm):
    algorithm.run()
    return algorithm


def order_of(order, before):
    """Hops from the order and the predecessors of a breadth-first search."""
    hops = np.full(len(before), -1)
    hops[order[0]] = 0
    for v in order[1:]:
        hops[v] = hops[before[v]] + 1
    return hops


# Of each contender the call, and the answer that its result stands for.
CASES = {
    "bfs": {
        "marey": (lambda: bfs(peers.ours(), 0), np.asarray),
        "scipy": (lambda: csgraph().breadth_first_order(peers.scipy(), 0), lambda found: order_of(*found)),
        "networkit": (
            lambda: ran(nk().distance.BFS(peers.networkit(), 0, storePaths=False)),
            lambda found: np.array(found.getDistances()),
        ),
        "igraph": (lambda: peers.igraph().distances(0), lambda found: np.array(found[0])),
    },
    "shortest paths": {
        "marey": (lambda: shortest_paths(peers.ours(True), 0), np.asarray),
        "scipy": (lambda: csgraph().dijkstra(peers.scipy(True), indices=0), np.asarray),
        "networkit": (
            lambda: ran(nk().distance.Dijkstra(peers.networkit(True), 0, storePaths=False)),
            lambda found: np.array(found.getDistances()),
        ),
        "igraph": (lambda: peers.igraph().distances(0, weights="weight"), lambda found: np.array(found[0])),
        "rustworkx": (
            lambda: pytest.importorskip("rustworkx").dijkstra_shortest_path_lengths(peers.rustworkx(), 0, float),
            lambda found: np.array([0.0, *(found[v] for v in range(1, peers.NODES))]),
        ),
    },
    "pagerank": {
        "marey": (lambda: pagerank(peers.ours(), tolerance=1e-8), np.asarray),
        "networkit": (
            lambda: ran(nk().centrality.PageRank(peers.networkit(), tol=1e-8)),
            lambda found: np.array(found.scores()),
        ),
        "igraph": (lambda: peers.igraph().pagerank(), np.array),
    },
    "components": {
        "marey": (lambda: components(peers.ours()), lambda found: found.max() + 1),
        "scipy": (lambda: csgraph().connected_components(peers.scipy(), directed=False), lambda found: found[0]),
        "networkit": (
            lambda: ran(nk().components.ConnectedComponents(peers.networkit())),
            lambda found: found.numberOfComponents(),
        ),
    },
    "betweenness, 32 sources": {
        "marey": (lambda: betweenness_of(SOURCES), np.asarray),
        "igraph": (lambda: peers.igraph().betweenness(sources=SOURCES), lambda found: 2 * np.array(found)),
    },
}


def betweenness_of(sources):
    from marey._runtime import native

    return native.rust().graph_betweenness(peers.ours()._rows(), np.array(sources))


def tolerance_of(case):
    # Sums in another order; PageRank to 1e-8 in the peers' own norms.
    return {"pagerank": {"rtol": 1e-3, "atol": 1e-9}}.get(case, {"rtol": 1e-9})


@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize(("case", "contender"), [(case, name) for case, all in CASES.items() for name in all])
def test_paths(benchmark, case, contender):
    marey.set_num_threads(1)
    try:
        call, answer = CASES[case][contender]
        expected = CASES[case]["marey"]
        found = call()
        np.testing.assert_allclose(answer(found), expected[1](expected[0]()), **tolerance_of(case))
        benchmark.group = f"{case} {peers.NODES:,} nodes"
        benchmark.extra_info.update(contender=contender, threads=1)
        benchmark.pedantic(call, rounds=3 if "between" in case else 9, iterations=1)
    finally:
        marey.set_num_threads(0)
