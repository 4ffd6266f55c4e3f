"""sosfilt beside what users call instead."""

import time

import numpy as np
import pytest
from filter_peers import SHAPES, compare, noise, optional, with_joblib
from scipy import signal

from contenders import measure
from marey import filters


def scipy_float32(sos, x):
    return signal.sosfilt(sos.astype(np.float32), x)


CONTENDERS = {
    "marey float64": (filters.sosfilt, np.float64, None),
    "marey float32": (filters.sosfilt, np.float32, None),
    "scipy float64": (signal.sosfilt, np.float64, None),
    "scipy float32": (scipy_float32, np.float32, 1e-3),  # float32 arithmetic, timed with the error it has
}
CONTENDERS_OF_TWO = {"scipy float64, joblib": (with_joblib(signal.sosfilt), np.float64, None)}


@pytest.mark.parametrize(("channels", "length"), SHAPES)
@pytest.mark.parametrize("contender", CONTENDERS)
def test_one_thread(benchmark, contender, channels, length):
    compare(benchmark, "sosfilt", contender, *CONTENDERS[contender][:2], channels, length, 1, CONTENDERS[contender][2])


@pytest.mark.parametrize(("channels", "length"), SHAPES)
@pytest.mark.parametrize("contender", CONTENDERS | CONTENDERS_OF_TWO)
def test_two_threads(benchmark, contender, channels, length):
    function, dtype, bound = (CONTENDERS | CONTENDERS_OF_TWO)[contender]
    compare(benchmark, "sosfilt", contender, function, dtype, channels, length, 2, bound)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_gradient(benchmark, dtype):
    """Forward and backward for the signal and the coefficients, on one thread."""
    torch = optional("torch")
    torch.set_num_threads(1)
    benchmark._timer = time.process_time
    sos = torch.tensor(signal.butter(4, 0.1, output="sos"), requires_grad=True)
    x = torch.tensor(noise(64, 100_000, dtype), requires_grad=True)
    weight = torch.ones_like(x)
    measure(
        benchmark,
        "sosfilt order 4, 64 x 100000, forward and backward, 1 thread",
        f"marey {dtype}",
        lambda: torch.autograd.grad(filters.sosfilt(sos, x), (sos, x), weight),
    )
