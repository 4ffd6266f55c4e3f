"""What is special to sosfiltfilt; the contract runs by itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from marey.filters import sosfiltfilt


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


DESIGNS = {
    "butterworth": lambda n, w: signal.butter(n, w, output="sos"),
    "chebyshev 1": lambda n, w: signal.cheby1(n, 1, w, output="sos"),
    "chebyshev 2": lambda n, w: signal.cheby2(n, 40, w, output="sos"),
    "elliptic": lambda n, w: signal.ellip(n, 1, 40, w, output="sos"),
}


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("order", range(1, 9))
@pytest.mark.parametrize("cutoff", [0.05, 0.4])
def test_equals_scipy(design: str, order: int, cutoff: float) -> None:
    sos = DESIGNS[design](order, cutoff)
    x = noise(2, 9, 200) + 5.0
    # The starting states divide by the sum of a, which a slow section leaves small.
    np.testing.assert_allclose(sosfiltfilt(sos, x), signal.sosfiltfilt(sos, x), rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("padtype", ["odd", "even", "constant", None])
@pytest.mark.parametrize("padlen", [None, 0, 1, 10, 99])
def test_equals_scipy_for_every_padding(padtype: str | None, padlen: int | None) -> None:
    sos = signal.butter(5, [0.1, 0.4], "band", output="sos")
    for x in (noise(100), noise(9, 100), noise(2, 1, 100)):
        expected = signal.sosfiltfilt(sos, x, padtype=padtype, padlen=padlen)
        np.testing.assert_allclose(sosfiltfilt(sos, x, padtype, padlen), expected, rtol=1e-9, atol=1e-11)


def test_the_default_padding_counts_zeros_and_poles_at_the_origin_out() -> None:
    for sos in (
        signal.butter(3, 0.2, output="sos"),
        np.array([[1.0, 2, 0, 1, 0.5, 0]]),
        np.array([[1.0, 2, 3, 1, 0, 0]]),
    ):
        np.testing.assert_allclose(
            sosfiltfilt(sos, noise(40)), signal.sosfiltfilt(sos, noise(40)), rtol=1e-10, atol=1e-11
        )


def test_float32_is_rounded_between_the_passes_alone() -> None:
    sos = signal.butter(4, 0.005, output="sos")
    x = noise(8, 50_000).astype(np.float32)
    expected = signal.sosfiltfilt(sos, x.astype(np.float64))
    assert np.abs(sosfiltfilt(sos, x) - expected).max() < 1e-6 * np.sqrt(np.mean(expected**2))


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 17), st.integers(30, 200), st.integers(0, 2**31))
def test_turned_in_time_it_is_the_same(channels: int, length: int, seed: int) -> None:
    """Without padding effects in the interior: forward-backward and backward-forward agree far from the ends."""
    sos = signal.butter(2, 0.4, output="sos")
    x = np.pad(noise(channels, length, seed=seed), ((0, 0), (80, 80)))
    turned = sosfiltfilt(sos, x[:, ::-1])[:, ::-1]
    np.testing.assert_allclose(turned, sosfiltfilt(sos, x), rtol=0, atol=1e-12)


def test_misuse_is_told() -> None:
    sos = signal.butter(4, 0.2, output="sos")
    with pytest.raises(ValueError, match="`x` has 10 samples; expected more than padlen = 15"):
        sosfiltfilt(sos, noise(10))
    with pytest.raises(ValueError, match="`padtype` is 'zero'"):
        sosfiltfilt(sos, noise(30), "zero")
    with pytest.raises(ValueError, match="`padlen` is -1"):
        sosfiltfilt(sos, noise(30), padlen=-1)
    with pytest.raises(ValueError, match="no steady state"):
        sosfiltfilt(np.array([[1.0, 0, 0, 1, -1, 0]]), noise(30))


def test_torch_tells_of_short_signals_and_poles_too() -> None:
    torch = pytest.importorskip("torch")
    with pytest.raises(RuntimeError, match="expected more than padlen = 15"):
        sosfiltfilt(torch.tensor(signal.butter(4, 0.2, output="sos")), torch.zeros(10))
    with pytest.raises(RuntimeError, match="no steady state"):
        sosfiltfilt(torch.tensor([[1.0, 0, 0, 1, -1, 0]]), torch.zeros(30))


@pytest.mark.parametrize("padtype", ["odd", "even", "constant", None])
def test_the_composition_equals_the_fused_kernel(padtype: str | None) -> None:
    """What runs on a GPU, here on the CPU."""
    torch = pytest.importorskip("torch")
    from marey.filters._zero_phase import PADDINGS, both_ways, steady_state

    sos = torch.tensor(signal.butter(6, 0.2, output="sos"))
    x = torch.tensor(noise(9, 150))
    padlen = 0 if padtype is None else -1
    composed = both_ways("sosfilt", sos[None], steady_state(sos[None]), x, PADDINGS[padtype], padlen)
    torch.testing.assert_close(composed, sosfiltfilt(sos, x, padtype), rtol=1e-10, atol=1e-11)
