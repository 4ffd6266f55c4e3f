"""What users call instead, by name; each is left out where it is not installed. All take (sos, x) or (b, a, x)."""

import importlib

import numpy as np
import pytest
from scipy import signal

import marey


def noise(channels, length, dtype):
    return np.random.default_rng(0).normal(size=(channels, length)).astype(dtype)


def with_joblib(function):
    """SciPy over two processes' worth of threads, a share of the channels each."""

    def call(*arguments):
        joblib = pytest.importorskip("joblib")
        *filter_of, x = arguments
        parts = joblib.Parallel(n_jobs=2, prefer="threads")(
            joblib.delayed(function)(*filter_of, part) for part in np.array_split(x, 2)
        )
        return np.concatenate(parts)

    return call


def torchaudio_lfilter(b, a, x):
    """Direct form in the dtype of x."""
    torch = pytest.importorskip("torch")
    functional = pytest.importorskip("torchaudio.functional")
    coefficients = (torch.tensor(c, dtype=torch.from_numpy(x).dtype) for c in (a, b))
    return functional.lfilter(torch.from_numpy(x), *coefficients, clamp=False).numpy()


def philtorch_lfilter(b, a, x):
    torch = pytest.importorskip("torch")
    try:
        lti = importlib.import_module("philtorch.lti")
    except ImportError as error:
        pytest.skip(str(error))
    return lti.lfilter(torch.tensor(b), torch.tensor(a[1:] / a[0]), torch.from_numpy(x)).numpy()


def threads(n):
    torch = importlib.import_module("torch")
    torch.set_num_threads(n)
    marey.set_num_threads(n)


def check(found, expected, sixth=1e-6):
    """An answer counts within 1e-9 of the signal's rms in float64, 1e-6 in float32."""
    bound = sixth if found.dtype == np.float32 else 1e-9
    error = np.abs(found - expected).max() / np.sqrt(np.mean(expected**2))
    assert error < bound, f"off by {error:.1e} of the rms"


scipy_joblib = {name: with_joblib(getattr(signal, name)) for name in ("sosfilt", "lfilter", "sosfiltfilt", "filtfilt")}
