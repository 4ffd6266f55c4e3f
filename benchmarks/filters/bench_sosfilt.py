"""sosfilt beside SciPy and others, order 4. CPU time is reported for one thread, wall time for two."""

import time

import numpy as np
import pytest
from contenders import check, noise, scipy_joblib, threads
from scipy import signal

from marey import filters

SHAPES = [(64, 100_000), (4096, 1000), (1, 8_640_000)]
CONTENDERS = {
    "marey float64": (filters.sosfilt, np.float64),
    "marey float32": (filters.sosfilt, np.float32),
    "scipy float64": (signal.sosfilt, np.float64),
    "scipy float32": (lambda sos, x: signal.sosfilt(sos.astype(np.float32), x), np.float32),
    "scipy float64, joblib": (scipy_joblib["sosfilt"], np.float64),
}


def run(benchmark, name, channels, length, n_threads):
    function, dtype = CONTENDERS[name]
    sos, x = signal.butter(4, 0.1, output="sos"), noise(channels, length, dtype)
    threads(n_threads)
    # SciPy's float32 arithmetic is timed with the error it has.
    check(function(sos, x), signal.sosfilt(sos, x.astype(np.float64)), 1e-3 if "scipy" in name else 1e-6)
    benchmark.group = f"sosfilt {channels} x {length}, {n_threads} thread{'s' * (n_threads > 1)}"
    benchmark.pedantic(function, (sos, x), rounds=9, iterations=1, warmup_rounds=1)


@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize(("channels", "length"), SHAPES)
@pytest.mark.parametrize("name", [name for name in CONTENDERS if "joblib" not in name])
def test_one_thread(benchmark, name, channels, length):
    run(benchmark, name, channels, length, 1)


@pytest.mark.parametrize(("channels", "length"), SHAPES)
@pytest.mark.parametrize("name", CONTENDERS)
def test_two_threads(benchmark, name, channels, length):
    run(benchmark, name, channels, length, 2)


@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_gradient(benchmark, dtype):
    """Forward and backward for the signal and the coefficients."""
    torch = pytest.importorskip("torch")
    threads(1)
    sos = torch.tensor(signal.butter(4, 0.1, output="sos"), requires_grad=True)
    x = torch.tensor(noise(64, 100_000, dtype), requires_grad=True)
    grad = torch.ones(64, 100_000, dtype=x.dtype)
    benchmark.group = "sosfilt 64 x 100000, forward and backward, 1 thread"
    benchmark.pedantic(lambda: torch.autograd.grad(filters.sosfilt(sos, x), (sos, x), grad), rounds=5, warmup_rounds=1)
