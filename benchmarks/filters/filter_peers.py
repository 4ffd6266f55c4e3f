"""What users call instead of marey's filters; a peer that is not installed is skipped."""

import importlib
import time
from types import ModuleType

import numpy as np
import pytest
from scipy import signal

import marey
from contenders import measure

SHAPES = [(64, 100_000), (4096, 1000), (1, 8_640_000)]


def optional(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except (ImportError, OSError) as error:  # a wheel for another torch fails as either
        pytest.skip(f"{name}: {error}")


def noise(channels, length, dtype):
    return np.random.default_rng(0).normal(size=(channels, length)).astype(dtype)


def with_joblib(function):
    """Two threads, half of the channels each."""

    def call(*arguments):
        joblib = optional("joblib")
        *filter_of, x = arguments
        parts = joblib.Parallel(n_jobs=2, prefer="threads")(
            joblib.delayed(function)(*filter_of, part) for part in np.array_split(x, 2)
        )
        return np.concatenate(parts)

    return call


def torchaudio_lfilter(b, a, x):
    """Direct form in the dtype of x."""
    torch, functional = optional("torch"), optional("torchaudio.functional")
    dtype = torch.from_numpy(x).dtype
    return functional.lfilter(torch.from_numpy(x), torch.tensor(a, dtype=dtype), torch.tensor(b, dtype=dtype), False)


def philtorch_lfilter(b, a, x):
    torch, lti = optional("torch"), optional("philtorch.lti")
    return lti.lfilter(torch.tensor(b), torch.tensor(a[1:] / a[0]), torch.from_numpy(x))


def compare(benchmark, op, contender, function, dtype, channels, length, threads, bound=None):
    """Times ``function(*coefficients, x)`` at order 4: CPU time on one thread, wall time on two."""
    design = signal.butter(4, 0.1, output="sos") if "sos" in op else signal.butter(4, 0.1)
    coefficients = (design,) if "sos" in op else design
    x = noise(channels, length, dtype)
    expected = getattr(signal, op)(*coefficients, x.astype(np.float64))
    bound = bound or (1e-6 if dtype == np.float32 else 1e-9)

    def check(answer):
        error = np.abs(np.asarray(answer) - expected).max() / np.sqrt(np.mean(expected**2))
        assert error < bound, f"off by {error:.1e} of the signal's rms"

    marey.set_num_threads(threads)
    optional("torch").set_num_threads(threads)
    if threads == 1:
        benchmark._timer = time.process_time
    case = f"{op} order 4, {channels} x {length}, {threads} thread{'s' * (threads > 1)}"
    measure(
        benchmark, case, contender, lambda: function(*coefficients, x), check=check, moved=2 * x.nbytes, threads=threads
    )
