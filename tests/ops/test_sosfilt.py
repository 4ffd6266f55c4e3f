"""What is special to sosfilt; the contract runs by itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from marey.filters import sosfilt

DESIGNS = {
    "butterworth": lambda n, w, kind: signal.butter(n, w, kind, output="sos"),
    "chebyshev 1": lambda n, w, kind: signal.cheby1(n, 1, w, kind, output="sos"),
    "chebyshev 2": lambda n, w, kind: signal.cheby2(n, 40, w, kind, output="sos"),
    "elliptic": lambda n, w, kind: signal.ellip(n, 1, 40, w, kind, output="sos"),
}
BANDS = {"lowpass": 0.1, "highpass": 0.3, "bandpass": (0.05, 0.4), "bandstop": (0.2, 0.5)}


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("kind", BANDS)
@pytest.mark.parametrize("order", range(1, 9))
def test_equals_scipy(design: str, kind: str, order: int) -> None:
    sos = DESIGNS[design](order, BANDS[kind], kind)
    x, zi = noise(3, 5, 300), noise(len(sos), 3, 5, 2, seed=1)
    np.testing.assert_allclose(sosfilt(sos, x), signal.sosfilt(sos, x), rtol=1e-9, atol=1e-11)
    y, zf = sosfilt(sos, x, zi=zi)
    expected, expected_zf = signal.sosfilt(sos, x, zi=zi)
    scale = np.abs(expected).max()
    np.testing.assert_allclose(y, expected, rtol=1e-9, atol=1e-12 * scale)
    np.testing.assert_allclose(zf, expected_zf, rtol=1e-9, atol=1e-12 * scale)


@pytest.mark.parametrize("length", [1, 2, 7, 8, 9, 63, 64, 65, 129])
@pytest.mark.parametrize("channels", [1, 2, 7, 8, 9, 17])
def test_equals_scipy_at_every_edge_of_a_tile(channels: int, length: int) -> None:
    sos = signal.butter(5, 0.2, output="sos")
    x = noise(channels, length)
    np.testing.assert_allclose(sosfilt(sos, x), signal.sosfilt(sos, x), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("cutoff", [0.005, 0.001])
def test_float32_keeps_slow_filters_exact(cutoff: float) -> None:
    """A gravity filter: in float32 arithmetic its error would be near the signal's own size."""
    sos = signal.butter(4, cutoff, output="sos")
    x = noise(8, 50_000).astype(np.float32)
    expected = signal.sosfilt(sos, x.astype(np.float64))
    error = np.abs(sosfilt(sos, x) - expected).max()
    assert error < 1e-6 * np.sqrt(np.mean(expected**2))


def test_is_linear() -> None:
    sos = signal.ellip(4, 1, 40, 0.2, output="sos")
    x, y, zi = noise(3, 200), noise(3, 200, seed=1), noise(2, 3, 2, seed=2)
    combined, _ = sosfilt(sos, 2 * x - 3 * y, zi=2 * zi)
    apart = 2 * sosfilt(sos, x, zi=zi)[0] - 3 * sosfilt(sos, y)
    np.testing.assert_allclose(combined, apart, rtol=1e-11, atol=1e-12)


def test_is_invariant_in_time() -> None:
    sos = signal.butter(6, 0.1, output="sos")
    x = noise(3, 200)
    late = np.concatenate([np.zeros((3, 13)), x], axis=-1)
    np.testing.assert_array_equal(sosfilt(sos, late)[:, 13:], sosfilt(sos, x))


def test_impulse_response_has_the_frequency_response() -> None:
    sos = signal.cheby1(3, 1, 0.3, output="sos")
    impulse = np.zeros(512)
    impulse[0] = 1.0
    _, expected = signal.freqz_sos(sos, worN=256)
    np.testing.assert_allclose(np.fft.rfft(sosfilt(sos, impulse))[:256], expected, rtol=1e-9, atol=1e-11)


def test_a_reset_equals_two_calls() -> None:
    sos = signal.butter(4, 0.1, output="sos")
    x, reset = noise(11, 300), np.zeros(300, dtype=bool)
    reset[[0, 100, 101, 257]] = True
    y = sosfilt(sos, x, reset=reset)
    for begin, end in ((0, 100), (100, 101), (101, 257), (257, 300)):
        np.testing.assert_array_equal(y[:, begin:end], sosfilt(sos, x[:, begin:end]))


def test_resets_are_each_channels_own() -> None:
    sos = signal.butter(4, 0.1, output="sos")
    x, reset = noise(9, 150), np.random.default_rng(3).random((9, 150)) < 0.03
    y = sosfilt(sos, x, reset=reset)
    for c in range(9):
        np.testing.assert_array_equal(y[c], sosfilt(sos, x[c], reset=reset[c]))


def test_a_reset_ends_nan() -> None:
    sos = signal.butter(2, 0.1, output="sos")
    x, reset = noise(9, 100), np.arange(100) == 60
    x[:, 50] = np.nan
    y = sosfilt(sos, x, reset=reset)
    assert np.isnan(y[:, 50:60]).all()
    np.testing.assert_array_equal(y[:, 60:], sosfilt(sos, x[:, 60:]))


def test_a_filter_each_equals_each_alone() -> None:
    sos = np.stack([signal.butter(4, w, output="sos") for w in np.linspace(0.05, 0.9, 15)]).reshape(3, 5, 2, 6)
    x = noise(3, 5, 77)
    y = sosfilt(sos, x)
    for i in np.ndindex(3, 5):
        np.testing.assert_array_equal(y[i], sosfilt(sos[i], x[i]))
    np.testing.assert_array_equal(sosfilt(sos[0], x)[1], sosfilt(sos[0], x[1]))


def test_sections_are_divided_by_their_leading_coefficient() -> None:
    sos = signal.butter(4, 0.2, output="sos")
    np.testing.assert_array_equal(sosfilt(sos * np.array([[4.0], [0.5]]), noise(50)), sosfilt(sos, noise(50)))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 20), st.integers(1, 9), st.lists(st.integers(0, 90), max_size=5), st.integers(0, 2**31))
def test_any_chunks_equal_the_whole_in_every_bit(channels: int, sections: int, cuts: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    angle, radius = rng.uniform(0, np.pi, sections), rng.uniform(0, 0.99, sections)
    sos = np.column_stack([rng.normal(size=(sections, 3)), np.ones(sections), -2 * radius * np.cos(angle), radius**2])
    x = rng.normal(size=(channels, 90)).astype(np.float32)
    zi = rng.normal(size=(sections, channels, 2))
    whole, expected_zf = sosfilt(sos, x, zi=zi)
    parts, zf = [], zi
    for part in np.split(x, sorted(cuts), axis=-1):
        y, zf = sosfilt(sos, part, zi=zf)
        parts.append(y)
    np.testing.assert_array_equal(np.concatenate(parts, axis=-1), whole)
    np.testing.assert_array_equal(zf, expected_zf)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sos": np.ones((2, 5))}, r"`sos` has shape \(2, 5\); expected \(n_sections, 6\)"),
        ({"sos": np.ones((4, 2, 6))}, r"`sos` has shape \(4, 2, 6\); its leading axes \(4,\) must broadcast"),
        ({"zi": np.ones((2, 2))}, r"`zi` has shape \(2, 2\); expected \(n_sections, ..., 2\) = \(2, 3, 2\)"),
        ({"reset": np.zeros(9, dtype=bool)}, r"`reset` has shape \(9,\); expected \(T,\) or"),
        ({"sos": np.array([[1, 0, 0, 1, 0, 0], [1, 0, 0, 0, 0, 0.0]])}, "a_0 must not be 0; it is in section 1"),
    ],
)
def test_misuse_is_told(arguments: dict[str, np.ndarray], message: str) -> None:
    sos = signal.butter(4, 0.2, output="sos")
    with pytest.raises(ValueError, match=message):
        sosfilt(**({"sos": sos, "x": noise(3, 10)} | arguments))


def test_integers_are_no_signal() -> None:
    with pytest.raises(TypeError, match="`x` has dtype int64; expected float32 or float64"):
        sosfilt(signal.butter(2, 0.1, output="sos"), np.arange(5))


def test_gradients_of_a_long_signal_equal_autograd_through_time() -> None:
    """Over several tiles of the backward kernel, with resets, against the recursion written out in torch."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(5)
    sos = torch.tensor(signal.butter(4, 0.2, output="sos"), requires_grad=True)
    x = torch.tensor(noise(3, 600), requires_grad=True)
    zi = torch.tensor(noise(2, 3, 2, seed=1), requires_grad=True)
    reset = torch.tensor(rng.random((3, 600)) < 0.01)
    weight, weight_zf = torch.tensor(noise(3, 600, seed=2)), torch.tensor(noise(2, 3, 2, seed=3))

    y, zf = sosfilt(sos, x, zi=zi, reset=reset)
    found = torch.autograd.grad((y * weight).sum() + (zf * weight_zf).sum(), (sos, x, zi))

    section = sos / sos[:, 3:4]
    state, total = [[zi[s, :, k] for k in range(2)] for s in range(2)], torch.zeros(())
    for t in range(600):
        value = x[:, t]
        for s in range(2):
            z0, z1 = (torch.where(reset[:, t], 0.0, z) for z in state[s])
            out = section[s, 0] * value + z0
            state[s] = [section[s, 1] * value - section[s, 4] * out + z1, section[s, 2] * value - section[s, 5] * out]
            value = out
        total = total + (value * weight[:, t]).sum()
    last = torch.stack([torch.stack(z, dim=-1) for z in state])
    expected = torch.autograd.grad(total + (last * weight_zf).sum(), (sos, x, zi))
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-10)


def test_only_the_gradients_asked_for_are_made() -> None:
    torch = pytest.importorskip("torch")
    sos, x = torch.tensor(signal.butter(3, 0.2, output="sos")), torch.tensor(noise(2, 300), requires_grad=True)
    (alone,) = torch.autograd.grad(sosfilt(sos, x).square().sum(), x)
    both = torch.autograd.grad(sosfilt(sos.requires_grad_(True), x).square().sum(), (sos, x))
    torch.testing.assert_close(alone, both[1], rtol=0, atol=0)
    assert sos.grad is None
