"""Building graphs, from and to other libraries, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("marey._rust")
nx = pytest.importorskip("networkx")
from graph_cases import NAMES, twins  # noqa: E402

from marey.graph import Graph, layout, pagerank, shortest_paths, triangles  # noqa: E402


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("directed", [False, True])
def test_every_edge_is_kept(name: str, directed: bool) -> None:
    graph, twin = twins(name, directed, weighted=True)
    assert (graph.n, graph.m, graph.directed) == (len(twin), twin.number_of_edges(), directed)
    degree = twin.out_degree() if directed else twin.degree()
    np.testing.assert_array_equal(graph.degree(), [d for _, d in degree])
    src, dst, weight = graph.edges()
    seen = sorted(zip(src, dst, weight, strict=True))
    order = (lambda u, v: (u, v)) if directed else (lambda u, v: (min(u, v), max(u, v)))
    assert seen == sorted((*order(u, v), w) for u, v, w in twin.edges(data="weight"))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("directed", [False, True])
def test_there_and_back_through_scipy(name: str, directed: bool) -> None:
    pytest.importorskip("scipy")
    graph, twin = twins(name, directed, weighted=True)
    matrix = graph.to_scipy()
    if graph.n:
        np.testing.assert_allclose(matrix.toarray(), nx.to_numpy_array(twin), rtol=1e-15, err_msg="sum of parallels")
    back = Graph.from_scipy(matrix, directed)
    for ours, theirs in zip(graph._rows(), back._rows(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_scipy_arrays_are_shared() -> None:
    pytest.importorskip("scipy")
    graph = Graph.from_edges([0, 1], [1, 2], [1.0, 2.0])
    matrix = graph.to_scipy()
    assert np.shares_memory(matrix.data, graph.weights)
    assert np.shares_memory(matrix.indices, graph.targets)
    matrix.indices.setflags(write=False)
    assert np.shares_memory(Graph.from_scipy(matrix, directed=False).weights, graph.weights)


def test_from_networkx_follows_the_order_of_its_nodes() -> None:
    twin = nx.Graph([("b", "a", {"weight": 2.0}), ("a", "c", {})])
    graph = Graph.from_networkx(twin)
    assert [edge.tolist() for edge in graph.edges()] == [[0, 1], [1, 2], [2.0, 1.0]]


def test_from_torch_takes_both_directions() -> None:
    torch = pytest.importorskip("torch")
    edge_index = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])
    assert Graph.from_torch(edge_index).m == 4
    assert Graph.from_torch(edge_index, directed=False).m == 2
    with pytest.raises(ValueError, match="not symmetric"):
        Graph.from_torch(edge_index[:, :3], directed=False)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("directed", [False, True])
def test_there_and_back_through_arrow_torch_and_networkx(name: str, directed: bool) -> None:
    pytest.importorskip("pyarrow")
    pytest.importorskip("torch")
    graph, _ = twins(name, directed, weighted=True)
    ways = [
        Graph.from_arrow(graph.to_arrow(), weight="weight", n=graph.n, directed=directed),
        Graph.from_torch(*graph.to_torch(), n=graph.n, directed=directed),
        Graph.from_networkx(graph.to_networkx()),
    ]
    for back in ways:
        assert back.directed == directed
        np.testing.assert_array_equal(back.offsets, graph.offsets)
        np.testing.assert_array_equal(back.targets, graph.targets)
        # Parallel edges may come in another order; of none NetworkX does not say that they have weights.
        ours, theirs = (np.empty(0) if g.weights is None else np.sort(g.weights) for g in (graph, back))
        np.testing.assert_array_equal(theirs, ours)


def test_arrow_tables_that_are_no_edges() -> None:
    pa = pytest.importorskip("pyarrow")
    with pytest.raises(ValueError, match="no column 'dst'; it has src"):
        Graph.from_arrow(pa.table({"src": [0]}))
    with pytest.raises(ValueError, match="column 'dst' has 1 nulls"):
        Graph.from_arrow(pa.table({"src": [0, 1], "dst": [1, None]}))


def test_a_drawing() -> None:
    plt = pytest.importorskip("matplotlib.pyplot")
    graph = Graph.from_edges([0, 1, 2, 3, 4, 5, 2], [1, 2, 0, 4, 5, 3, 3])
    at = layout(graph)
    assert np.abs(at).max() == 0.5
    groups = np.array([0, 0, 0, 1, 1, 1])
    centres = [at[groups == g].mean(axis=0) for g in (0, 1)]
    spread = max(np.linalg.norm(at[groups == g] - centres[g], axis=1).max() for g in (0, 1))
    assert np.linalg.norm(centres[0] - centres[1]) > spread
    np.testing.assert_array_equal(layout(graph), at)
    axes = graph.plot(groups)
    assert len(axes.collections) == 2
    plt.close(axes.figure)
    with pytest.raises(ValueError, match="`labels` has shape"):
        graph.plot([0, 1])
    with pytest.raises(ValueError, match="at most 3000"):
        layout(Graph.from_edges([], [], n=3001))


def test_simplify_and_undirected() -> None:
    graph = Graph.from_edges([0, 0, 1, 1], [1, 1, 0, 1], [3.0, 1.0, 5.0, 7.0], directed=True)
    assert [a.tolist() for a in graph.simplify().edges()] == [[0, 1, 1], [1, 0, 1], [4.0, 5.0, 7.0]]
    assert [a.tolist() for a in graph.simplify(weight="min", loops=False).edges()] == [[0, 1], [1, 0], [1.0, 5.0]]
    assert graph.to_undirected().m == 4
    assert graph.to_undirected().simplify(weight="max").edges()[2].tolist() == [5.0, 7.0]


def test_a_graph_never_changes() -> None:
    graph = Graph.from_edges([0], [1], [1.0])
    with pytest.raises(ValueError, match="read-only"):
        graph.weights[0] = 2.0
    with pytest.raises(AttributeError):
        graph.n = 3


def test_it_shows_itself() -> None:
    graph = Graph.from_edges([0, 1], [1, 2], n=1000)
    assert repr(graph) == "Graph(1,000 nodes, 2 edges, undirected, unweighted)"
    assert "largest 2" in graph._repr_html_()
    assert "Graph(0 nodes" in Graph.from_edges([], [])._repr_html_()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Graph.from_edges([0, 5], [1, 1], n=3), "`src` has node 5 at index 1; expected 0 <= node < n = 3"),
        (lambda: Graph.from_edges([0, 1], [1, -1]), "`dst` has node -1 at index 1"),
        (lambda: Graph.from_edges([0, 1], [1]), "`dst` has length 1; expected 2"),
        (lambda: Graph.from_edges([0], [1], [1.0, 2.0]), "`weight` has length 2; expected 1"),
        (lambda: Graph.from_edges([0, 1], [1, 0], [1.0, np.nan]), "`weight` is NaN at index 1"),
        (lambda: Graph.from_edges([[0]], [1]), "`src` has shape"),
        (lambda: Graph.from_edges([0], [1], n=-1), "`n` is -1; expected at least 0"),
        (lambda: Graph([0, 2, 1], [0, 1], directed=True), "`offsets`"),
        (lambda: Graph([0, 1, 1], [2]), "`targets` has node 2 at index 0"),
        (lambda: Graph([0, 1, 1], [1], directed=False), "not symmetric"),
        (lambda: shortest_paths(Graph.from_edges([0], [1], [-1.0]), 0), "`weight` is -1 from node 0 to node 1"),
        (lambda: shortest_paths(Graph.from_edges([0], [1]), 2), "`sources` has node 2 at index 0"),
        (lambda: shortest_paths(Graph.from_edges([0], [1]), 0, cutoff=-1.0), "`cutoff` is -1"),
        (lambda: pagerank(Graph.from_edges([0], [1]), damping=1.0), "`damping` is 1"),
        (lambda: pagerank(Graph.from_edges([0], [1]), personalization=[0.0, 0.0]), "sums to 0 in row 0"),
        (lambda: triangles(Graph.from_edges([0], [1], directed=True)), "`graph` is directed; triangles"),
    ],
)
def test_what_is_refused(call, message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        call()


def test_nodes_are_integers() -> None:
    with pytest.raises(TypeError, match="`src` has dtype float64"):
        Graph.from_edges([0.5], [1])
