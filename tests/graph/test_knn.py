"""Nearest neighbours against SciPy's distances and against Gower's definition."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("marey._rust")
import marey
from marey.graph import Graph, nearest_neighbors


def by_sorting(distance: np.ndarray, k: int) -> np.ndarray:
    distance = distance.copy()
    np.fill_diagonal(distance, np.inf)
    return np.sort(distance, axis=1)[:, :k]


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "correlation"])
@pytest.mark.parametrize(("n", "d", "k"), [(2, 2, 1), (17, 3, 16), (200, 33, 5), (333, 8, 15), (500, 2, 3)])
@pytest.mark.parametrize(("scale", "shift"), [(1.0, 0.0), (1e-9, 0.0), (1.0, 1e4), (1e25, 0.0)])
def test_distances(metric: str, n: int, d: int, k: int, scale: float, shift: float) -> None:
    distances = pytest.importorskip("scipy.spatial.distance")
    X = np.random.default_rng(n).normal(size=(n, d)) * scale + shift
    index, distance = nearest_neighbors(X, k, metric=metric)
    full = distances.squareform(distances.pdist(X, metric))
    # The angle of far, near-parallel points cancels in the peer: 1 - cos is off by some ulp of 1.
    tolerance = {"rtol": 1e-12} if metric == "euclidean" else {"rtol": 1e-9, "atol": 1e-14}
    np.testing.assert_allclose(distance, by_sorting(full, k), **tolerance)
    np.testing.assert_allclose(np.take_along_axis(full, index, axis=1), distance, **tolerance)
    assert all(len(set(row)) == k and i not in row for i, row in enumerate(index.tolist()))


def test_ties_go_to_the_smaller_index() -> None:
    X = np.zeros((40, 3))
    index, distance = nearest_neighbors(X, 4)
    assert not distance.any()
    np.testing.assert_array_equal(index[0], [1, 2, 3, 4])
    np.testing.assert_array_equal(index[20], [0, 1, 2, 3])


def test_gower() -> None:
    rng = np.random.default_rng(2)
    n, d, k = 60, 5, 7
    X = rng.normal(size=(n, d)) * [1, 10, 100, 1, 1]
    X[:, 3:] = rng.integers(0, 3, (n, 2))
    X[rng.random((n, d)) < 0.3] = np.nan
    X[5] = np.nan
    categorical = np.array([False, False, False, True, True])
    span = np.nanmax(X, axis=0) - np.nanmin(X, axis=0)
    full = np.full((n, n), np.inf)
    for i in range(n):
        for j in range(n):
            both = ~np.isnan(X[i]) & ~np.isnan(X[j])
            if both.any():
                apart = np.where(categorical, X[i] != X[j], np.abs(X[i] - X[j]) / span)
                full[i, j] = apart[both].mean()
    index, distance = nearest_neighbors(X, k, metric="gower", categorical=categorical)
    np.testing.assert_allclose(distance, by_sorting(full, k), rtol=1e-12)
    np.testing.assert_allclose(np.take_along_axis(full, index, axis=1), distance, rtol=1e-12)
    assert 5 not in Graph.knn(X, k, "gower", categorical=categorical).targets


def test_graph_of_neighbours() -> None:
    X = np.array([[0.0], [1.0], [3.0], [10.0]])
    assert [a.tolist() for a in Graph.knn(X, 1).edges()] == [[0, 1, 2], [1, 2, 3], [1.0, 2.0, 7.0]]
    assert Graph.knn(X, 1, weight="none").weights is None
    assert Graph.knn(X, 1, weight="similarity").edges()[2][0] == 0.5


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "gower"])
def test_descent_finds_nearly_all(metric: str) -> None:
    rng = np.random.default_rng(4)
    n, k = 3000, 10
    X = rng.normal(size=(n, 12)) + 4 * rng.normal(size=(20, 12))[rng.integers(0, 20, n)]
    if metric == "gower":
        X[rng.random(X.shape) < 0.1] = np.nan
    index, distance = nearest_neighbors(X, k, metric=metric, exact=False, seed=1)
    right, least = nearest_neighbors(X, k, metric=metric, exact=True)
    recall = np.mean([len(np.intersect1d(a, b)) for a, b in zip(index, right, strict=True)]) / k
    assert recall > 0.98
    # No list holds its own point or a point twice, and each distance is that of its pair.
    assert all(len(set(row)) == k and i not in row for i, row in enumerate(index.tolist()))
    assert (np.diff(distance, axis=1) >= 0).all()
    assert (distance >= least - 1e-12).all()
    hit = index == right
    np.testing.assert_allclose(distance[hit], least[hit], rtol=1e-12)


@pytest.mark.parametrize(("n", "k"), [(1, 0), (2, 1), (30, 29), (200, 3)])
def test_descent_of_few_points_is_exact(n: int, k: int) -> None:
    X = np.random.default_rng(n).normal(size=(n, 3))
    found = nearest_neighbors(X, k, exact=False)
    for a, b in zip(found, nearest_neighbors(X, k), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_descent_where_all_points_are_one() -> None:
    index, distance = nearest_neighbors(np.zeros((500, 3)), 5, exact=False)
    assert not distance.any()
    assert all(len(set(row)) == 5 and i not in row for i, row in enumerate(index.tolist()))


def test_auto_is_descent_beyond_a_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("marey.graph.knn._EXACT", 1000)
    X = np.random.default_rng(0).normal(size=(1001, 20))

    def index(**options):
        return nearest_neighbors(X, 5, **options)[0]

    np.testing.assert_array_equal(index(seed=3), index(exact=False, seed=3))
    np.testing.assert_array_equal(nearest_neighbors(X[1:], 5)[0], nearest_neighbors(X[1:], 5, exact=True)[0])
    graph = Graph.knn(X, 5, seed=3)
    assert set(index(exact=False, seed=3)[7]) <= set(graph.targets[graph.offsets[7] : graph.offsets[8]])


def test_the_same_bits_on_any_number_of_threads() -> None:
    X = np.random.default_rng(0).normal(size=(700, 9))
    try:
        answers = []
        for threads in (1, 2, 4):
            marey.set_num_threads(threads)
            found = [nearest_neighbors(X, 6, metric=metric) for metric in ("euclidean", "gower")]
            found += [nearest_neighbors(X, 6, metric=metric, exact=False) for metric in ("euclidean", "gower")]
            answers.append(b"".join(a.tobytes() for pair in found for a in pair))
    finally:
        marey.set_num_threads(0)
    assert len(set(answers)) == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nearest_neighbors([[0.0], [np.nan]], 1), "`X` is nan in row 1, column 0"),
        (lambda: nearest_neighbors([[0.0], [1.0]], 2), "`k` is 2; expected fewer than the 2 points"),
        (lambda: nearest_neighbors([[0.0, 0.0], [1.0, 0.0]], 1, metric="cosine"), "`X` row 0 is zeros"),
        (lambda: nearest_neighbors([[0.0, 2.0], [1.0, 1.0]], 1, metric="correlation"), "`X` row 1 is constant"),
        (lambda: nearest_neighbors([[0.0], [1.0]], 1, metric="hamming"), "`metric` is 'hamming'"),
        (lambda: nearest_neighbors([[0.0], [1.0]], 1, exact="yes"), "`exact` is 'yes'"),
        (lambda: nearest_neighbors([[0.0], [np.nan]], 1, exact=False), "`X` is nan in row 1, column 0"),
        (lambda: nearest_neighbors([[0.0], [1.0]], 1, categorical=[True]), "`categorical` is for metric 'gower'"),
        (lambda: nearest_neighbors([[0.0], [1.0]], 1, metric="gower", categorical=[True, False]), "one flag a column"),
    ],
)
def test_what_is_refused(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
