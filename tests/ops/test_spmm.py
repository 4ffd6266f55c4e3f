"""What is special to spmm; the contract checks the rest."""

from __future__ import annotations

import numpy as np
import pytest

from marey.graph import Graph, edge_softmax, spmm


def test_equals_scipy() -> None:
    sparse = pytest.importorskip("scipy.sparse")
    rng = np.random.default_rng(0)
    for n, m, f in [(7, 30, 1), (50, 400, 33), (300, 5000, 130)]:
        matrix = sparse.random_array((n, n), density=m / n**2, format="csr", rng=rng)
        x = rng.normal(size=(n, f))
        found = spmm(matrix.indptr.astype(np.int64), matrix.indices, x, matrix.data)
        np.testing.assert_allclose(found, matrix @ x, rtol=1e-12, atol=1e-12)


def test_takes_the_arrays_of_a_graph() -> None:
    graph = Graph.from_edges([0, 1, 2], [1, 2, 0], [1.0, 2.0, 3.0], n=4)
    x = np.arange(8.0).reshape(4, 2)
    np.testing.assert_allclose(spmm(graph.offsets, graph.targets, x, graph.weights), graph.to_scipy() @ x)


def test_the_gradient_is_that_of_gather_and_index_add() -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(1)
    lengths = rng.integers(0, 9, 40)
    offsets = torch.from_numpy(np.concatenate([[0], np.cumsum(lengths)]))
    rows = torch.from_numpy(np.repeat(np.arange(40), lengths))
    targets = torch.from_numpy(rng.integers(0, 30, lengths.sum()))
    x = torch.randn(30, 20, dtype=torch.float64, requires_grad=True)
    w = torch.randn(len(targets), dtype=torch.float64, requires_grad=True)
    found = spmm(offsets, targets, x, w)
    expected = torch.zeros(40, 20, dtype=torch.float64).index_add(0, rows, w[:, None] * x[targets])
    torch.testing.assert_close(found, expected)
    grad = torch.randn_like(found)
    for a, b in zip(torch.autograd.grad(found, (x, w), grad), torch.autograd.grad(expected, (x, w), grad), strict=True):
        torch.testing.assert_close(a, b)


def test_attention_over_arcs() -> None:
    torch = pytest.importorskip("torch")
    offsets, targets = torch.tensor([0, 3, 3, 5]), torch.tensor([0, 1, 2, 1, 2])
    scores = torch.randn(5, dtype=torch.float64, requires_grad=True)
    x = torch.eye(3, dtype=torch.float64)
    out = spmm(offsets, targets, x, edge_softmax(offsets, scores))
    torch.testing.assert_close(out.sum(dim=1), torch.tensor([1.0, 0.0, 1.0], dtype=torch.float64))
    out[0, 1].backward()
    assert (scores.grad[:3] != 0).all()
    assert (scores.grad[3:] == 0).all()


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"targets": np.array([0, 4])}, ValueError, "`targets` has a node that `x` has no row for"),
        ({"targets": np.array([0, -1])}, ValueError, "`targets` has a node"),
        ({"targets": np.array([0.0, 1.0])}, TypeError, "`targets` has dtype float64"),
        ({"offsets": np.array([0, 2, 1])}, ValueError, "`offsets` must never fall"),
        ({"offsets": np.array([0, 1, 3])}, ValueError, "`offsets` must end"),
        ({"weights": np.ones(3)}, ValueError, "`weights` has shape"),
        ({"weights": np.ones(2, dtype=np.float32)}, TypeError, "`weights` has dtype float32"),
    ],
)
def test_what_is_refused(change: dict, error: type[Exception], message: str) -> None:
    given = {"offsets": np.array([0, 1, 2]), "targets": np.array([0, 1]), "x": np.ones((4, 2)), "weights": np.ones(2)}
    with pytest.raises(error, match=message):
        spmm(**given | change)
