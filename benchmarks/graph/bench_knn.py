"""Nearest neighbours, 20,000 points in 32 dimensions, k = 15: marey, scikit-learn and hnswlib, one thread, CPU time."""

import time

import numpy as np
import pytest

import marey
from marey.graph import nearest_neighbors

K = 15


def gaussian():
    return np.random.default_rng(0).normal(size=(20_000, 32)).astype(np.float32)


def clustered():
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(50, 32)) * 4
    return (centres[rng.integers(0, 50, 20_000)] + rng.normal(size=(20_000, 32))).astype(np.float32)


def marey_exact(X):
    return nearest_neighbors(X, K)[0]


def sklearn_brute(X):
    neighbors = pytest.importorskip("sklearn.neighbors").NearestNeighbors(n_neighbors=K, algorithm="brute", n_jobs=1)
    return neighbors.fit(X).kneighbors()[1]


def hnswlib_graph(X):
    index = pytest.importorskip("hnswlib").Index("l2", X.shape[1])
    index.init_index(len(X), M=16, ef_construction=100)
    index.set_num_threads(1)
    index.add_items(X)
    index.set_ef(60)
    return index.knn_query(X, K + 1)[0][:, 1:].astype(np.int64)


@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize("points", [gaussian, clustered])
@pytest.mark.parametrize("contender", [marey_exact, sklearn_brute, hnswlib_graph])
def test_knn(benchmark, points, contender):
    limits = pytest.importorskip("threadpoolctl")
    marey.set_num_threads(1)
    try:
        X = points()
        exact = marey_exact(X)
        with limits.threadpool_limits(1):
            found = contender(X)
            recall = np.mean([len(np.intersect1d(a, b)) for a, b in zip(found[::50], exact[::50], strict=True)]) / K
            assert recall > (0.9 if contender is hnswlib_graph else 0.9999)
            benchmark.group = f"knn 20,000 x 32 {points.__name__}, k = {K}"
            benchmark.extra_info.update(contender=contender.__name__, threads=1, recall=round(float(recall), 4))
            benchmark.pedantic(contender, (X,), rounds=3, iterations=1)
    finally:
        marey.set_num_threads(0)
