"""Assignments: marey, SciPy and lapx, one thread, CPU time."""

import time

import numpy as np
import pytest

import marey
from marey.graph import assignment


def uniform(n, m):
    return np.random.default_rng(0).random((n, m))


def euclidean(n, m):
    rng = np.random.default_rng(0)
    return np.linalg.norm(rng.random((n, 1, 8)) - rng.random((1, m, 8)), axis=2)


def marey_assignment(cost):
    return assignment(cost)


def scipy_assignment(cost):
    return pytest.importorskip("scipy.optimize").linear_sum_assignment(cost)


def lapx_jv(cost):
    lap = pytest.importorskip("lap")
    _, columns, _ = lap.lapjv(cost, extend_cost=cost.shape[0] != cost.shape[1])
    return np.arange(len(columns)), columns


def lapx_jvs(cost):
    _, rows, columns = pytest.importorskip("lap").lapjvs(cost, jvx_like=True)
    return rows, columns


@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize(("kind", "n", "m"), [(uniform, 2000, 2000), (euclidean, 2000, 2000), (uniform, 1000, 5000)])
@pytest.mark.parametrize("contender", [marey_assignment, scipy_assignment, lapx_jv, lapx_jvs])
def test_assignment(benchmark, kind, n, m, contender):
    cost = kind(n, m)
    expected = cost[scipy_assignment(cost)].sum()
    # lapjvs works in float32, as it does for whoever calls it without options.
    rounding = 1e-5 if contender is lapx_jvs else 1e-12
    np.testing.assert_allclose(cost[contender(cost)].sum(), expected, rtol=rounding)
    benchmark.group = f"assignment {kind.__name__} {n} x {m}"
    benchmark.extra_info.update(contender=contender.__name__, threads=1)
    benchmark.pedantic(contender, (cost,), rounds=5, iterations=1)


def sparse_costs(n=5000, m=20_000, degree=20):
    sparse = pytest.importorskip("scipy.sparse")
    rng = np.random.default_rng(0)
    rows = np.r_[np.arange(n), np.repeat(np.arange(n), degree)]
    columns = np.r_[np.arange(n), rng.integers(0, m, n * degree)]
    return sparse.csr_matrix(sparse.coo_matrix((rng.uniform(0.1, 1.0, len(rows)), (rows, columns)), (n, m)))


def scipy_sparse(cost):
    return pytest.importorskip("scipy.sparse.csgraph").min_weight_full_bipartite_matching(cost)


@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize("contender", [marey_assignment, scipy_sparse])
def test_sparse_assignment(benchmark, contender):
    cost = sparse_costs()
    expected = cost[scipy_sparse(cost)].sum()
    np.testing.assert_allclose(cost[contender(cost)].sum(), expected, rtol=1e-12)
    benchmark.group = f"assignment sparse {cost.shape[0]} x {cost.shape[1]}, {cost.nnz:,} entries"
    benchmark.extra_info.update(contender=contender.__name__, threads=1)
    benchmark.pedantic(contender, (cost,), rounds=9, iterations=1)


def batch():
    return np.random.default_rng(0).random((1000, 30, 30))


@pytest.mark.parametrize("contender", ["marey", "scipy loop"])
def test_batched_assignment(benchmark, contender):
    costs = batch()
    loop = pytest.importorskip("scipy.optimize").linear_sum_assignment
    call = {"marey": lambda: assignment(costs)[1], "scipy loop": lambda: [loop(cost)[1] for cost in costs]}[contender]
    np.testing.assert_array_equal(call(), [loop(cost)[1] for cost in costs])
    benchmark.group = "assignment batch 1000 x 30 x 30, wall time"
    benchmark.extra_info.update(contender=contender, threads=marey.get_num_threads())
    benchmark.pedantic(call, rounds=9, iterations=1)
