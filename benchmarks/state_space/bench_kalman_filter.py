"""kalman_filter with log-likelihood beside simdkalman, torch-kf and statsmodels' compiled filter: one thread."""

import time

import numpy as np
import pytest
from kalman_peers import B, problem, simdkalman, statsmodels, torch_kf

import marey
from marey.state_space import kalman_filter

pytestmark = pytest.mark.benchmark(timer=time.process_time, group="kalman_filter 1,000 x 500, 2 states")


@pytest.fixture(autouse=True)
def _one_thread():
    marey.set_num_threads(1)
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
    marey.set_num_threads(0)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("covariances", ["shared", "separate", "none"])
def test_marey(benchmark, covariances, dtype):
    p = problem(dtype)
    if covariances == "separate":  # as where anything differs between series
        p["P0"] = np.tile(p["P0"], (B, 1, 1))
    benchmark.pedantic(lambda: kalman_filter(**p, cov=covariances != "none"), rounds=30, warmup_rounds=2)


def test_marey_half_missing(benchmark):
    p = problem()
    mask = np.random.default_rng(1).random((B, 500)) < 0.5
    benchmark.pedantic(lambda: kalman_filter(**p, mask=mask), rounds=20, warmup_rounds=2)


def test_simdkalman(benchmark):
    p = problem()
    run = simdkalman(p["y"], smoothed=False)
    np.testing.assert_allclose(run(), kalman_filter(**p).mean, rtol=1e-9, atol=1e-9)
    benchmark.pedantic(run, rounds=3)


def test_torch_kf(benchmark):
    p = problem()
    run = torch_kf(p["y"], smoothed=False)
    np.testing.assert_allclose(run(), kalman_filter(**p).mean, rtol=1e-4, atol=1e-4)
    benchmark.pedantic(run, rounds=3)


def test_statsmodels_20_series(benchmark):
    """Of the 1,000: times 50 for all."""
    p = problem()
    run = statsmodels(p["y"], call=lambda model: model._kalman_filter())
    expected = kalman_filter(**p)
    peers = statsmodels(p["y"], call=lambda model: model.filter().filtered_state)()
    np.testing.assert_allclose(peers, expected.mean[:20], rtol=1e-9, atol=1e-9)
    benchmark.pedantic(run, rounds=5)
