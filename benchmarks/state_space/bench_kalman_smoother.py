"""kalman_smoother beside simdkalman, torch-kf and statsmodels' compiled smoother: one thread, CPU time."""

import time

import numpy as np
import pytest
from bench_kalman_filter import _one_thread  # noqa: F401
from kalman_peers import problem, simdkalman, statsmodels, torch_kf

from marey.state_space import kalman_smoother

pytestmark = pytest.mark.benchmark(timer=time.process_time, group="kalman_smoother 1,000 x 500, 2 states")


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_marey(benchmark, dtype):
    p = problem(dtype)
    benchmark.extra_info.update(contender=f"marey {np.dtype(dtype).name}", threads=1)
    benchmark.pedantic(lambda: kalman_smoother(**p), rounds=10, warmup_rounds=1)


def test_simdkalman(benchmark):
    p = problem()
    run = simdkalman(p["y"], smoothed=True)
    benchmark.extra_info.update(contender="simdkalman", threads=1)
    np.testing.assert_allclose(run(), kalman_smoother(**p).mean, rtol=1e-9, atol=1e-9)
    benchmark.pedantic(run, rounds=3)


def test_torch_kf(benchmark):
    p = problem()
    run = torch_kf(p["y"], smoothed=True)
    benchmark.extra_info.update(contender="torch-kf float32", threads=1)
    np.testing.assert_allclose(run(), kalman_smoother(**p).mean, rtol=1e-4, atol=1e-4)
    benchmark.pedantic(run, rounds=3)


def test_statsmodels_20_series(benchmark):
    """Of the 1,000: times 50 for all; filter and smoother with their results gathered."""
    p = problem()
    run = statsmodels(p["y"], call=lambda model: model.smooth().smoothed_state)
    benchmark.extra_info.update(contender="statsmodels, 20 of 1,000", threads=1)
    np.testing.assert_allclose(run(), kalman_smoother(**p).mean[:20], rtol=1e-9, atol=1e-9)
    benchmark.pedantic(run, rounds=5)
