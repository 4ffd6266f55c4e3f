"""marey as a backend of NetworkX, by NetworkX's own tests and by comparison."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("marey._rust")
nx = pytest.importorskip("networkx", minversion="3.4")
if "marey" not in nx.utils.backends.backends:
    pytest.skip("this build of marey is not registered with NetworkX", allow_module_level=True)

# NetworkX warns whenever it takes a converted graph from its cache.
pytestmark = pytest.mark.filterwarnings("ignore:Note. conversions to backend graphs:UserWarning")

MODULES = [
    "networkx.algorithms.centrality.tests.test_betweenness_centrality",
    "networkx.algorithms.centrality.tests.test_closeness_centrality",
    "networkx.algorithms.community.tests.test_leiden",
    "networkx.algorithms.community.tests.test_louvain",
    "networkx.algorithms.components",
    "networkx.algorithms.flow.tests.test_maxflow",
    "networkx.algorithms.link_analysis.tests.test_pagerank",
    "networkx.algorithms.shortest_paths.tests.test_unweighted",
    "networkx.algorithms.shortest_paths.tests.test_weighted",
    "networkx.algorithms.tests.test_cluster",
    "networkx.algorithms.tests.test_core",
    "networkx.algorithms.tree.tests.test_mst",
]

# These name one partition or one seed's modularity, of the many local optima; marey's are others, as good.
LOCAL_OPTIMA = [
    f"networkx/algorithms/community/tests/test_louvain.py::{name}"
    for name in ("test_karate_club_partition", "test_undirected_selfloops", "test_none_weight_param", "test_threshold")
]


@pytest.mark.slow
def test_networkx_own_tests() -> None:
    environment = os.environ | {"NETWORKX_TEST_BACKEND": "marey", "NETWORKX_FALLBACK_TO_NX": "True"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore", "--pyargs", *MODULES]
    root = os.path.dirname(os.path.dirname(nx.__file__))
    for name in LOCAL_OPTIMA:
        command += ["--deselect", os.path.relpath(os.path.join(root, name), "/")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert " passed" in done.stdout


def graphs():
    yield nx.karate_club_graph()
    yield nx.gnp_random_graph(40, 0.06, seed=1)
    yield nx.gnp_random_graph(40, 0.05, seed=2, directed=True)
    yield nx.MultiGraph([(0, 1), (0, 1), (1, 2)])
    yield nx.relabel_nodes(nx.path_graph(5), dict(enumerate("edcba")))


def same(found, expected) -> None:
    assert list(found) == list(expected) or set(found) == set(expected)
    for key, value in expected.items():
        assert found[key] == pytest.approx(value, rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("number", range(5))
def test_equals_networkx(number: int) -> None:
    graph = list(graphs())[number]
    rng = np.random.default_rng(number)
    for *_, data in graph.edges(data=True):
        data["weight"] = float(rng.integers(1, 6))
    first = next(iter(graph))
    for weight in (None, "weight"):
        same(
            nx.pagerank(graph, weight=weight, tol=1e-10, backend="marey"),
            nx.pagerank(graph, weight=weight, tol=1e-12, max_iter=500),
        )
        same(
            nx.closeness_centrality(graph, distance=weight, backend="marey"),
            nx.closeness_centrality(graph, distance=weight),
        )
        if not graph.is_multigraph():
            same(
                nx.betweenness_centrality(graph, weight=weight, backend="marey"),
                nx.betweenness_centrality(graph, weight=weight),
            )
    for cutoff in (None, 2):
        same(
            nx.single_source_dijkstra_path_length(graph, first, cutoff=cutoff, backend="marey"),
            nx.single_source_dijkstra_path_length(graph, first, cutoff=cutoff),
        )
        same(
            dict(nx.single_source_shortest_path_length(graph, first, cutoff=cutoff, backend="marey")),
            dict(nx.single_source_shortest_path_length(graph, first, cutoff=cutoff)),
        )
    if graph.is_directed():
        parts = nx.strongly_connected_components, nx.weakly_connected_components
    else:
        parts = (nx.connected_components,)
    for function in parts:
        assert sorted(map(sorted, function(graph, backend="marey"))) == sorted(map(sorted, function(graph)))
    if not graph.is_directed() and not graph.is_multigraph():
        same(nx.core_number(graph, backend="marey"), nx.core_number(graph))
        same(nx.triangles(graph, backend="marey"), nx.triangles(graph))
        tree = nx.minimum_spanning_tree(graph, backend="marey")
        assert tree.size("weight") == nx.minimum_spanning_tree(graph).size("weight")
        assert all(graph.edges[edge] == data for *edge, data in tree.edges(data=True))


def test_leiden_and_what_is_left_to_networkx() -> None:
    graph = nx.karate_club_graph()
    found = nx.community.leiden_communities(graph, seed=1, backend="marey")
    assert nx.community.is_partition(graph, found)
    assert nx.community.modularity(graph, found) > 0.41
    with pytest.raises(NotImplementedError):
        nx.pagerank(graph, nstart={0: 1.0}, backend="marey")


def test_louvain() -> None:
    graph = nx.karate_club_graph()
    found = nx.community.louvain_communities(graph, seed=1, backend="marey")
    assert nx.community.is_partition(graph, found)
    assert nx.community.modularity(graph, found) > 0.4
    # A heavy loop is a reason to stay alone, as it is for NetworkX.
    graph.add_weighted_edges_from([(i, i, i * 1000) for i in range(9)])
    found = nx.community.louvain_communities(graph, seed=1, backend="marey")
    own = nx.community.louvain_communities(graph, seed=1)
    assert nx.community.modularity(graph, found) == pytest.approx(nx.community.modularity(graph, own), abs=0.001)
    assert nx.community.louvain_communities(nx.empty_graph(3), backend="marey") == [{0}, {1}, {2}]
    with pytest.raises(NotImplementedError):
        nx.community.louvain_communities(graph, threshold=0.1, backend="marey")


@pytest.mark.parametrize("directed", [True, False])
@pytest.mark.parametrize("seed", range(6))
def test_flows_and_cuts_equal_networkx(directed: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    graph = nx.gnp_random_graph(14, 0.3, seed=seed, directed=directed)
    graph.add_edge(3, 3, capacity=9)
    for u, v, data in graph.edges(data=True):
        if rng.random() < 0.9 or 13 in (u, v):
            data["capacity"] = int(rng.integers(0, 9))
    graph = nx.relabel_nodes(graph, dict(enumerate("abcdefghijklmn")))
    value, flow = nx.maximum_flow(graph, "a", "n", backend="marey")
    expected = nx.maximum_flow_value(graph, "a", "n")
    assert value == expected == nx.maximum_flow_value(graph, "a", "n", backend="marey")
    for node in graph:
        into = sum(flow[other].get(node, 0) for other in graph)
        assert sum(flow[node].values()) - into == {"a": value, "n": -value}.get(node, 0)
        assert set(flow[node]) == set(graph[node])
        for other, units in flow[node].items():
            assert 0 <= units <= graph[node][other].get("capacity", np.inf)
    cut, (near, far) = nx.minimum_cut(graph, "a", "n", backend="marey")
    assert (cut, (near, far)) == nx.minimum_cut(graph, "a", "n")
    assert near | far == set(graph)


def test_flows_without_end_and_of_what_is_no_whole_number() -> None:
    graph = nx.DiGraph([(0, 1), (1, 2)])
    with pytest.raises(nx.NetworkXUnbounded):
        nx.maximum_flow(graph, 0, 2, backend="marey")
    with pytest.raises(nx.NetworkXError, match="same node"):
        nx.maximum_flow(graph, 0, 0, backend="marey")
    graph.add_edge(0, 1, capacity=0.5)
    with pytest.raises(NotImplementedError):
        nx.maximum_flow(graph, 0, 2, backend="marey")


def test_a_graph_is_converted_once_until_it_changes() -> None:
    graph = nx.path_graph(6)
    nx.pagerank(graph, backend="marey")
    kept = dict(graph.__networkx_cache__["backends"]["marey"])
    nx.core_number(graph, backend="marey")
    assert all(graph.__networkx_cache__["backends"]["marey"][key] is value for key, value in kept.items())
    graph.add_edge(0, 5)
    assert nx.single_source_shortest_path_length(graph, 0, backend="marey")[5] == 1
