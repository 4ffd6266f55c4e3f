"""What is special to lfilter; the contract runs by itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from marey.filters import lfilter, sosfilt


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


DESIGNS = {
    "butterworth": lambda n: signal.butter(n, 0.3),
    "chebyshev 1": lambda n: signal.cheby1(n, 1, 0.4),
    "chebyshev 2": lambda n: signal.cheby2(n, 40, 0.4),
    "elliptic": lambda n: signal.ellip(n, 1, 40, 0.4),
}


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("order", range(1, 9))
def test_equals_scipy(design: str, order: int) -> None:
    b, a = DESIGNS[design](order)
    x, zi = noise(3, 5, 300), noise(3, 5, order, seed=1)
    np.testing.assert_allclose(lfilter(b, a, x), signal.lfilter(b, a, x), rtol=1e-8, atol=1e-10)
    for found, expected in zip(lfilter(b, a, x, zi), signal.lfilter(b, a, x, zi=zi), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-11 * np.abs(expected).max())


@pytest.mark.parametrize(("n_b", "n_a"), [(1, 1), (1, 2), (2, 1), (1, 5), (33, 1), (13, 2), (2, 3)])
def test_equals_scipy_whatever_the_lengths(n_b: int, n_a: int) -> None:
    b, a = noise(n_b), np.concatenate([[2.0], 0.3 * noise(n_a - 1, seed=1)])
    x, zi = noise(9, 100), noise(9, max(n_a, n_b) - 1, seed=2)
    for found, expected in zip(lfilter(b, a, x, zi), signal.lfilter(b, a, x, zi=zi), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12)


def test_state_of_one_signal_has_scipys_shape() -> None:
    b, a = signal.butter(3, 0.2)
    y, zf = lfilter(b, a, noise(50), np.zeros(3))
    expected, expected_zf = signal.lfilter(b, a, noise(50), zi=np.zeros(3))
    np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(zf, expected_zf, rtol=1e-12, atol=1e-14)


def test_a_section_is_a_filter_of_order_two() -> None:
    b, a = signal.butter(2, 0.1)
    x = noise(9, 200)
    np.testing.assert_array_equal(lfilter(b, a, x), sosfilt(np.concatenate([b, a])[None], x))


def test_without_recursion_nan_leaves_with_the_last_tap() -> None:
    x = noise(3, 30)
    x[:, 10] = np.nan
    y = lfilter(np.ones(4), np.array([1.0]), x)
    np.testing.assert_array_equal(np.isnan(y), np.broadcast_to((np.arange(30) >= 10) & (np.arange(30) < 14), y.shape))
    np.testing.assert_allclose(y[:, 14:], signal.lfilter(np.ones(4), 1.0, noise(3, 30))[:, 14:], rtol=1e-12)


def test_lists_are_taken() -> None:
    y = lfilter([1, 1], [1], [1.0, 2.0, 3.0])
    np.testing.assert_array_equal(y, [1.0, 3.0, 5.0])


def test_float32_keeps_a_float64_state() -> None:
    b, a = signal.butter(4, 0.005)
    x = noise(8, 50_000).astype(np.float32)
    expected = signal.lfilter(b, a, x.astype(np.float64))
    assert np.abs(lfilter(b, a, x) - expected).max() < 1e-6 * np.sqrt(np.mean(expected**2))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 17), st.lists(st.integers(0, 70), max_size=4))
def test_any_chunks_equal_the_whole_in_every_bit(n_b: int, n_a: int, channels: int, cuts: list[int]) -> None:
    b, a = noise(n_b), np.concatenate([[1.0], noise(n_a - 1, seed=1) / (2 * n_a)])
    x, zi = noise(channels, 70, seed=2), noise(channels, max(n_a, n_b) - 1, seed=3)
    whole, expected_zf = lfilter(b, a, x, zi)
    parts, zf = [], zi
    for part in np.split(x, sorted(cuts), axis=-1):
        y, zf = lfilter(b, a, part, zf)
        parts.append(y)
    np.testing.assert_array_equal(np.concatenate(parts, axis=-1), whole)
    np.testing.assert_array_equal(zf, expected_zf)


def test_misuse_is_told() -> None:
    with pytest.raises(ValueError, match="a_0 must not be 0"):
        lfilter(np.ones(2), np.array([0.0, 1.0]), noise(9))
    with pytest.raises(ValueError, match=r"`zi` has shape \(2,\); expected \(..., max\(n_a, n_b\) - 1\) = \(3,\)"):
        lfilter(np.ones(4), np.ones(1), noise(9), np.zeros(2))
