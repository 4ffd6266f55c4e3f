"""sosfiltfilt beside SciPy and others, order 4. CPU time is reported for one thread, wall time for two."""

import time

import numpy as np
import pytest
from contenders import check, noise, scipy_joblib, threads
from scipy import signal

from marey import filters

SHAPES = [(64, 100_000), (4096, 1000), (1, 8_640_000)]
CONTENDERS = {
    "marey float64": (filters.sosfiltfilt, np.float64),
    "marey float32": (filters.sosfiltfilt, np.float32),
    "scipy float64": (signal.sosfiltfilt, np.float64),
    "scipy float64, joblib": (scipy_joblib["sosfiltfilt"], np.float64),
}


@pytest.mark.parametrize(("channels", "length"), SHAPES)
@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("name", CONTENDERS)
def test_sosfiltfilt(benchmark, name, n_threads, channels, length):
    function, dtype = CONTENDERS[name]
    if "joblib" in name and n_threads == 1:
        pytest.skip("for two threads")
    sos, x = signal.butter(4, 0.1, output="sos"), noise(channels, length, dtype)
    threads(n_threads)
    check(function(sos, x), signal.sosfiltfilt(sos, x.astype(np.float64)))
    benchmark.group = f"sosfiltfilt {channels} x {length}, {n_threads} thread{'s' * (n_threads > 1)}"
    benchmark._timer = time.process_time if n_threads == 1 else time.perf_counter
    benchmark.pedantic(function, (sos, x), rounds=5, iterations=1, warmup_rounds=1)
