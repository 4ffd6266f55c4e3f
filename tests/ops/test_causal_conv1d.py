"""What is special to causal_conv1d; the contract runs by itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marey.scan import causal_conv1d, causal_conv1d_step


def problem(channels: int = 5, length: int = 40, width: int = 4, seed: int = 0) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(2, channels, length)), rng.normal(size=(channels, width)), rng.normal(size=channels)


@settings(max_examples=60, deadline=None)
@given(
    channels=st.integers(1, 40),
    length=st.integers(1, 60) | st.integers(500, 1100),
    width=st.integers(1, 64),
    seed=st.integers(0, 100),
)
def test_equals_numpys_convolution(channels: int, length: int, width: int, seed: int) -> None:
    """An oracle that turns the taps round and knows no state."""
    x, weight, bias = problem(channels, length, width, seed)
    y, _ = causal_conv1d(x, weight, bias)
    for b in range(2):
        for d in range(channels):
            expected = np.convolve(x[b, d], weight[d, ::-1])[:length] + bias[d]
            np.testing.assert_allclose(y[b, d], expected, rtol=1e-12, atol=1e-12)


def test_equals_torchs_convolution_with_its_gradients() -> None:
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    x, weight, bias = (torch.tensor(a, requires_grad=True) for a in problem(18, 700, 6))
    x0 = torch.randn(2, 18, 5, dtype=torch.float64, requires_grad=True)
    y, _ = causal_conv1d(x, weight, bias, "silu", x0=x0)
    expected = functional.silu(functional.conv1d(torch.cat([x0, x], -1), weight[:, None], bias, groups=18))
    torch.testing.assert_close(y, expected, rtol=1e-12, atol=1e-12)
    grad = torch.randn_like(y)
    found, wanted = (torch.autograd.grad(a, (x, weight, bias, x0), grad) for a in (y, expected))
    for f, w in zip(found, wanted, strict=True):
        torch.testing.assert_close(f, w, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_channel_last_data_keeps_its_layout_and_bits(dtype: type) -> None:
    for channels in (3, 16, 35):
        x, weight, bias = (a.astype(dtype) for a in problem(channels, 550, 5))
        y, last = causal_conv1d(x, weight, bias, "silu")
        stored_by_step = np.ascontiguousarray(x.swapaxes(-1, -2))
        laid, laid_last = causal_conv1d(stored_by_step.swapaxes(-1, -2), weight, bias, "silu")
        assert laid.swapaxes(-1, -2).flags.c_contiguous
        np.testing.assert_array_equal(laid, y)
        np.testing.assert_array_equal(laid_last, last)


def test_channel_last_gradients() -> None:
    torch = pytest.importorskip("torch")
    x, weight, bias = (torch.tensor(a, requires_grad=True) for a in problem(35, 550, 5))
    laid = x.detach().mT.contiguous().mT.requires_grad_()
    grad = torch.randn(x.shape, dtype=x.dtype)
    grads = [
        torch.autograd.grad(causal_conv1d(a, weight, bias, "swish")[0], (a, weight, bias), grad) for a in (x, laid)
    ]
    for a, b in zip(*grads, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("width", [1, 2, 4, 9])
def test_steps_equal_the_whole_in_every_bit(width: int, dtype: type) -> None:
    x, weight, bias = (a.astype(dtype) for a in problem(19, 30, width))
    whole, last = causal_conv1d(x, weight, bias, "silu")
    state = np.zeros((2, 19, width - 1), dtype)
    for t in range(30):
        y, state = causal_conv1d_step(state, x[..., t], weight, bias, "silu")
        np.testing.assert_array_equal(y, whole[..., t])
    np.testing.assert_array_equal(state, last)


def test_gradients_reach_the_last_inputs_through_the_state() -> None:
    torch = pytest.importorskip("torch")
    x = torch.randn(3, 2, requires_grad=True)
    x0 = torch.randn(3, 4, requires_grad=True)
    _, last = causal_conv1d(x, torch.ones(3, 5), x0=x0)
    last.sum().backward()
    torch.testing.assert_close(x.grad, torch.ones(3, 2))
    torch.testing.assert_close(x0.grad, torch.tensor([0.0, 0.0, 1.0, 1.0]).expand(3, 4))


def test_the_state_is_no_view_of_the_signal() -> None:
    x, weight, _ = problem()
    _, last = causal_conv1d(x, weight)
    before = last.copy()
    x[:] = 0.0
    np.testing.assert_array_equal(last, before)


def test_silu_at_both_ends() -> None:
    """Large inputs pass, large negative ones vanish; nothing overflows."""
    x = np.array([[-1e4, -200.0, -88.0, -20.0, 0.0, 20.0, 88.0, 1e30]])
    for dtype in (np.float64, np.float32):
        y, _ = causal_conv1d(np.repeat(x, 17, axis=0).astype(dtype), np.ones((17, 1), dtype), None, "silu")
        with np.errstate(over="ignore"):
            expected = x / (1 + np.exp(-x))
        np.testing.assert_allclose(y, np.repeat(expected, 17, axis=0), rtol=3e-6, atol=1e-30)  # e^-87 is the least


def test_a_nan_reaches_as_many_outputs_as_there_are_taps() -> None:
    x, weight, bias = problem()
    x[1, 2, 10] = np.nan
    y, _ = causal_conv1d(x, weight, bias, "silu")
    where = np.zeros_like(x, dtype=bool)
    where[1, 2, 10:14] = True
    np.testing.assert_array_equal(np.isnan(y), where)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"weight": np.ones((5, 65))}, ValueError, "longer kernels are for an FFT"),
        ({"weight": np.ones((4, 3))}, ValueError, r"`weight` has shape \(4, 3\)"),
        ({"bias": np.ones(4)}, ValueError, "`bias` has shape"),
        ({"activation": "relu"}, ValueError, "`activation` is 'relu'"),
        ({"x0": np.ones((2, 5, 4))}, ValueError, r"expected \(..., D, W - 1\)"),
        ({"weight": np.ones((5, 4), np.float32)}, TypeError, "that of `x`"),
        ({"x": np.ones((2, 5, 40), np.float16)}, TypeError, "`x` has dtype float16"),
    ],
)
def test_what_does_not_fit_is_told(change: dict, error: type[Exception], message: str) -> None:
    x, weight, bias = problem()
    with pytest.raises(error, match=message):
        causal_conv1d(**{"x": x, "weight": weight, "bias": bias} | change)
