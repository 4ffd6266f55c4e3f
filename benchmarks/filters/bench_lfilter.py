"""lfilter beside SciPy and others, order 4. CPU time is reported for one thread, wall time for two."""

import time

import numpy as np
import pytest
from contenders import check, noise, philtorch_lfilter, scipy_joblib, threads, torchaudio_lfilter
from scipy import signal

from marey import filters

SHAPES = [(64, 100_000), (4096, 1000), (1, 8_640_000)]
CONTENDERS = {
    "marey float64": (filters.lfilter, np.float64),
    "marey float32": (filters.lfilter, np.float32),
    "scipy float64": (signal.lfilter, np.float64),
    "scipy float64, joblib": (scipy_joblib["lfilter"], np.float64),
    "torchaudio float64": (torchaudio_lfilter, np.float64),
    "philtorch float64": (philtorch_lfilter, np.float64),
}


@pytest.mark.parametrize(("channels", "length"), SHAPES)
@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("name", CONTENDERS)
def test_lfilter(benchmark, name, n_threads, channels, length):
    function, dtype = CONTENDERS[name]
    if "joblib" in name and n_threads == 1:
        pytest.skip("for two threads")
    (b, a), x = signal.butter(4, 0.1), noise(channels, length, dtype)
    threads(n_threads)
    check(function(b, a, x), signal.lfilter(b, a, x.astype(np.float64)))
    benchmark.group = f"lfilter {channels} x {length}, {n_threads} thread{'s' * (n_threads > 1)}"
    timer = time.process_time if n_threads == 1 else time.perf_counter
    benchmark._timer = timer
    benchmark.pedantic(function, (b, a, x), rounds=5, iterations=1, warmup_rounds=1)
