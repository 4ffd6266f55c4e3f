"""What is special to filtfilt; the contract runs by itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from marey.filters import filtfilt, sosfiltfilt


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


DESIGNS = {
    "butterworth": lambda n: signal.butter(n, 0.4),
    "chebyshev 1": lambda n: signal.cheby1(n, 1, 0.4),
    "chebyshev 2": lambda n: signal.cheby2(n, 40, 0.4),
    "elliptic": lambda n: signal.ellip(n, 1, 40, 0.4),
}


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("order", range(1, 7))
def test_equals_scipy(design: str, order: int) -> None:
    b, a = DESIGNS[design](order)
    x = noise(2, 9, 200) + 5.0
    # A polynomial of order six holds its roots to 1e-12 or so, and the starting states divide by the sum of a.
    np.testing.assert_allclose(filtfilt(b, a, x), signal.filtfilt(b, a, x), rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("padtype", ["odd", "even", "constant", None])
@pytest.mark.parametrize("padlen", [None, 0, 1, 10, 99])
def test_equals_scipy_for_every_padding(padtype: str | None, padlen: int | None) -> None:
    b, a = signal.butter(3, 0.3)
    for x in (noise(100), noise(9, 100), noise(2, 1, 100)):
        expected = signal.filtfilt(b, a, x, padtype=padtype, padlen=padlen)
        np.testing.assert_allclose(filtfilt(b, a, x, padtype, padlen), expected, rtol=1e-9, atol=1e-10)


def test_without_recursion_it_is_the_autocorrelation() -> None:
    taps = noise(7)
    x = np.pad(noise(3, 60), ((0, 0), (40, 40)))
    expected = np.stack([np.convolve(row, np.convolve(taps, taps[::-1]), "same") for row in x])
    np.testing.assert_allclose(filtfilt(taps, np.ones(1), x), expected, rtol=1e-11, atol=1e-11)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 9), st.floats(0.2, 0.8), st.integers(1, 2))
def test_one_section_equals_sosfiltfilt(channels: int, cutoff: float, order: int) -> None:
    b, a = signal.butter(order, cutoff)
    sos = signal.butter(order, cutoff, output="sos")
    x = noise(channels, 80)
    np.testing.assert_allclose(filtfilt(b, a, x, padlen=9), sosfiltfilt(sos, x, padlen=9), rtol=1e-10, atol=1e-11)


def test_misuse_is_told() -> None:
    b, a = signal.butter(4, 0.2)
    with pytest.raises(ValueError, match="`x` has 10 samples; expected more than padlen = 15"):
        filtfilt(b, a, noise(10))
    with pytest.raises(ValueError, match=r"`b` has shape \(0,\); expected \(n_b,\)"):
        filtfilt(np.ones(0), a, noise(30))
    with pytest.raises(ValueError, match="no steady state"):
        filtfilt(np.ones(1), np.array([1.0, -1.0]), noise(30))
