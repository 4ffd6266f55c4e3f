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
    benchmark.extra_info.update(contender=f"marey {np.dtype(dtype).name}, {covariances} covariances", threads=1)
    benchmark.pedantic(lambda: kalman_filter(**p, cov=covariances != "none"), rounds=30, warmup_rounds=2)


def test_marey_half_missing(benchmark):
    p = problem()
    mask = np.random.default_rng(1).random((B, 500)) < 0.5
    benchmark.extra_info.update(contender="marey float64, half missing", threads=1)
    benchmark.pedantic(lambda: kalman_filter(**p, mask=mask), rounds=20, warmup_rounds=2)


def test_simdkalman(benchmark):
    p = problem()
    run = simdkalman(p["y"], smoothed=False)
    benchmark.extra_info.update(contender="simdkalman", threads=1)
    np.testing.assert_allclose(run(), kalman_filter(**p).mean, rtol=1e-9, atol=1e-9)
    benchmark.pedantic(run, rounds=3)


def test_torch_kf(benchmark):
    p = problem()
    run = torch_kf(p["y"], smoothed=False)
    benchmark.extra_info.update(contender="torch-kf float32", threads=1)
    np.testing.assert_allclose(run(), kalman_filter(**p).mean, rtol=1e-4, atol=1e-4)
    benchmark.pedantic(run, rounds=3)


def test_statsmodels_20_series(benchmark):
    """Of the 1,000: times 50 for all."""
    p = problem()
    run = statsmodels(p["y"], call=lambda model: model._kalman_filter())
    benchmark.extra_info.update(contender="statsmodels, 20 of 1,000", threads=1)
    expected = kalman_filter(**p)
    peers = statsmodels(p["y"], call=lambda model: model.filter().filtered_state)()
    np.testing.assert_allclose(peers, expected.mean[:20], rtol=1e-9, atol=1e-9)
    benchmark.pedantic(run, rounds=5)


@pytest.mark.gpu
@pytest.mark.parametrize("cov", [False, True], ids=["means", "means and covariances"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gpu(gpu, dtype, cov):
    """A million series of 500 steps; in float32 without covariances 6 GB go through memory."""
    import torch

    series, steps = 1_000_000, 500
    p = {name: torch.from_numpy(array).cuda() for name, array in problem(dtype).items() if name != "y"}
    p["P0"] = p["P0"].expand(series, 2, 2).contiguous()  # as where anything differs between series
    y = torch.randn(series, 1, steps, device="cuda", dtype=p["H"].dtype).cumsum(-1)
    expected = kalman_filter(**{n: a[:50].cpu() if n == "P0" else a.cpu() for n, a in p.items()}, y=y[:50].cpu())

    def check(estimate):
        tolerance = 1e-9 if dtype == np.float64 else 1e-4
        torch.testing.assert_close(estimate.mean[:50].cpu(), expected.mean, rtol=tolerance, atol=tolerance)

    word = y.element_size()
    moved = series * steps * word * (1 + 2 + (4 if cov else 0))
    name = "marey, with covariances" if cov else "marey"
    group = f"kalman_filter 1,000,000 x 500, 2 states {np.dtype(dtype).name}"
    gpu.measure(group, name, lambda: kalman_filter(**p, y=y, cov=cov), check=check, moved=moved)
