"""kalman_loglik and its gradient beside autograd through a torch loop and statsmodels' compiled loglike: one thread."""

import time

import numpy as np
import pytest
from bench_kalman_filter import _one_thread  # noqa: F401
from kalman_peers import problem, statsmodels, through_time

from marey.state_space import kalman_loglik

NAMES = ("y", "F", "H", "Q", "R", "x0", "P0")


def leaves():
    torch = pytest.importorskip("torch")
    return {k: torch.tensor(v, requires_grad=True) for k, v in problem().items()}


def gradients(function, tensors):
    def run():
        for tensor in tensors.values():
            tensor.grad = None
        function(tensors).sum().backward()
        return [tensors[k].grad for k in NAMES]

    return run


@pytest.mark.benchmark(timer=time.process_time, group="gradient of kalman_loglik 1,000 x 500, 2 states")
@pytest.mark.parametrize("function", [lambda p: kalman_loglik(**p), through_time], ids=["marey", "torch-loop"])
def test_gradient(benchmark, function):
    run = gradients(function, leaves())
    expected = gradients(lambda p: kalman_loglik(**p), leaves())()
    for actual, wanted in zip(run(), expected, strict=True):
        if actual.ndim == 2:  # marey's Q, R and P0 enter by their symmetric parts
            actual, wanted = actual + actual.mT, wanted + wanted.mT
        scale = float(wanted.abs().max())
        np.testing.assert_allclose(actual, wanted, rtol=1e-8, atol=1e-8 * scale)
    name = "marey" if "marey" in benchmark.name else "autograd through a torch loop"
    benchmark.extra_info.update(contender=name, threads=1)
    benchmark.pedantic(run, rounds=10 if "marey" in benchmark.name else 2)


@pytest.mark.benchmark(timer=time.process_time, group="kalman_loglik 1,000 x 500, 2 states")
def test_marey(benchmark):
    p = problem()
    benchmark.extra_info.update(contender="marey", threads=1)
    benchmark.pedantic(lambda: kalman_loglik(**p), rounds=30, warmup_rounds=2)


@pytest.mark.benchmark(timer=time.process_time, group="kalman_loglik 1,000 x 500, 2 states")
def test_statsmodels_20_series(benchmark):
    """Of the 1,000: times 50 for all."""
    p = problem()
    run = statsmodels(p["y"], call=lambda model: model.loglike())
    benchmark.extra_info.update(contender="statsmodels, 20 of 1,000", threads=1)
    np.testing.assert_allclose(run(), kalman_loglik(**p)[:20], rtol=1e-9)
    benchmark.pedantic(run, rounds=5)
