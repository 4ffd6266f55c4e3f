"""What is special to linear_recurrence; the contract runs by itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marey.scan import decay_scan, linear_recurrence


def series(*shape: int, seed: int = 0, is_complex: bool = False) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    a, x = rng.uniform(-0.95, 0.95, shape), rng.normal(size=shape)
    if is_complex:
        a, x = a * np.exp(1j * rng.normal(size=shape)), x + 1j * rng.normal(size=shape)
    return a, x


def test_ones_give_a_running_sum() -> None:
    _, x = series(5, 50)
    h, hT = linear_recurrence(np.ones(5), x)
    np.testing.assert_allclose(h, np.cumsum(x, axis=-1), rtol=1e-13, atol=1e-13)
    np.testing.assert_array_equal(hT, h[:, -1])


@pytest.mark.parametrize("is_complex", [False, True], ids=["real", "complex"])
def test_equals_the_explicit_sum_over_the_past(is_complex: bool) -> None:
    """h_t = sum_s (prod_{s < r <= t} a_r) x_s, an oracle without a recurrence."""
    a, x = series(3, 20, is_complex=is_complex)
    h, _ = linear_recurrence(a, x)
    for t in range(20):
        weights = np.stack([np.prod(a[:, s + 1 : t + 1], axis=-1) for s in range(t + 1)], axis=-1)
        np.testing.assert_allclose(h[:, t], (weights * x[:, : t + 1]).sum(-1), rtol=1e-12, atol=1e-13)


def test_equals_decay_scan_with_its_decays() -> None:
    rng = np.random.default_rng(1)
    x, dt, rate = rng.normal(size=(2, 7, 40)), rng.exponential(size=(2, 40)), rng.uniform(0.1, 2.0, 7)
    h0 = rng.normal(size=(2, 7))
    expected = decay_scan(x, dt, rate, h0=h0)
    actual = linear_recurrence(np.exp(-rate[:, None] * dt[:, None, :]), x, h0=h0)
    for got, want in zip(actual, expected, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("is_complex", [False, True], ids=["real", "complex"])
def test_reverse_is_the_recurrence_of_the_signal_turned_around(is_complex: bool) -> None:
    a, x = series(9, 37, is_complex=is_complex)
    reset = np.random.default_rng(2).random(37) < 0.1
    h0 = x[:, 3]
    backward = linear_recurrence(a, x, h0=h0, reverse=True, reset=reset)
    forward = linear_recurrence(a[:, ::-1], x[:, ::-1], h0=h0, reset=reset[::-1])
    np.testing.assert_array_equal(backward[0], forward[0][:, ::-1])
    np.testing.assert_array_equal(backward[1], forward[1])


def test_a_reset_is_two_calls_in_every_bit() -> None:
    a, x = series(11, 60)
    a[:, 25] = np.nan  # the coefficient of a step that forgets is not read
    reset = np.zeros(60, dtype=bool)
    reset[25] = True
    h, hT = linear_recurrence(a, x, reset=reset, h0=np.ones(11))
    first, _ = linear_recurrence(a[:, :25], x[:, :25], h0=np.ones(11))
    a[:, 25] = 0.0
    second, last = linear_recurrence(a[:, 25:], x[:, 25:])
    np.testing.assert_array_equal(h, np.concatenate([first, second], axis=-1))
    np.testing.assert_array_equal(hT, last)


def test_a_reset_ends_a_nan() -> None:
    a, x = series(3, 30)
    x[1, 4] = np.nan
    reset = np.zeros(30, dtype=bool)
    reset[10] = True
    h, _ = linear_recurrence(a, x, reset=reset)
    wrong = np.zeros(h.shape, dtype=bool)
    wrong[1, 4:10] = True
    np.testing.assert_array_equal(np.isnan(h), wrong)


@pytest.mark.parametrize("is_complex", [False, True], ids=["real", "complex"])
@pytest.mark.parametrize("a_shape", [(3, 11, 33), (3, 1, 33), (11,), (11, 1)])
def test_channel_last_data_keeps_its_layout_and_bits(is_complex: bool, a_shape: tuple[int, ...]) -> None:
    a, x = series(3, 11, 33, is_complex=is_complex)
    a = a.reshape(-1)[: int(np.prod(a_shape))].reshape(a_shape)
    for reset in (None, np.random.default_rng(3).random((3, 33)) < 0.1, np.random.default_rng(3).random(x.shape) < 0.1):
        expected = linear_recurrence(a, x, h0=x[..., 0], reset=reset)
        h, hT = linear_recurrence(a, np.ascontiguousarray(x.swapaxes(1, 2)).swapaxes(1, 2), h0=x[..., 0], reset=reset)
        assert h.swapaxes(1, 2).flags.c_contiguous
        np.testing.assert_array_equal(h, expected[0])
        np.testing.assert_array_equal(hT, expected[1])


def test_gradients_in_channel_last_layout() -> None:
    torch = pytest.importorskip("torch")
    for is_complex in (False, True):
        for a_shape in ((2, 9, 12), (9,), (2, 1, 12)):
            a, x = (torch.tensor(v) for v in series(2, 9, 12, is_complex=is_complex))
            a = a.reshape(-1)[: int(np.prod(a_shape))].reshape(a_shape)
            found = []
            for last in (False, True):
                leaves = [v.clone().requires_grad_(True) for v in (a, x, x[..., 0])]
                signal = leaves[1].mT.contiguous().mT if last else leaves[1]
                h, hT = linear_recurrence(leaves[0], signal, h0=leaves[2])
                loss = (h.abs() ** 2).sum() + (hT * x[..., 1]).abs().sum()
                found.append(torch.autograd.grad(loss, leaves))
            for one, other in zip(*found, strict=True):
                torch.testing.assert_close(one, other, rtol=1e-13, atol=1e-13)


def test_complex_gradients_are_those_of_the_real_system() -> None:
    """A complex recurrence is a real one of rotations; torch differentiates the loop over its parts."""
    torch = pytest.importorskip("torch")
    a, x = (torch.tensor(v) for v in series(3, 8, is_complex=True))
    weights = torch.tensor(series(3, 8, seed=5, is_complex=True)[1])

    def loss_of(h: object) -> object:
        return (h * weights).real.sum() + (h.abs() ** 2).sum()

    found = []
    for ours in (True, False):
        leaves = [v.clone().requires_grad_(True) for v in (a, x, x[:, 0])]
        if ours:
            h, _ = linear_recurrence(*leaves[:2], h0=leaves[2])
        else:
            state, steps = leaves[2], []
            for t in range(8):
                state = leaves[0][:, t] * state + leaves[1][:, t]
                steps.append(state)
            h = torch.stack(steps, -1)
        found.append(torch.autograd.grad(loss_of(h), leaves))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other)


def test_conjugated_and_strided_complex_tensors_are_taken() -> None:
    torch = pytest.importorskip("torch")
    a, x = (torch.tensor(v) for v in series(4, 9, is_complex=True))
    h, _ = linear_recurrence(a.conj(), x.conj())
    torch.testing.assert_close(h, linear_recurrence(a, x)[0].conj().resolve_conj())


def test_float32_keeps_a_float64_state() -> None:
    """A million small steps onto a large sum, which a float32 state would not feel."""
    n = 1_000_000
    h, _ = linear_recurrence(np.ones(1, np.float32), np.full((1, n), 1e-3, np.float32), h0=np.full(1, 3e4, np.float32))
    np.testing.assert_allclose(h[0, -1], 3e4 + n * float(np.float32(1e-3)), rtol=1e-7)


def test_a_float64_state_beside_float32() -> None:
    a, x = (v.astype(np.float32) for v in series(5, 20))
    assert linear_recurrence(a, x, h0=np.zeros(5))[1].dtype == np.float64
    assert linear_recurrence(a, x, h0=np.zeros(5, np.float32))[1].dtype == np.float32


@settings(max_examples=60, deadline=None)
@given(
    batch=st.integers(1, 4),
    channels=st.integers(1, 19),
    length=st.integers(0, 70),
    dtype=st.sampled_from(["float32", "float64", "complex64", "complex128"]),
    reverse=st.booleans(),
    seed=st.integers(0, 99),
)
def test_a_channels_bits_do_not_depend_on_its_place(
    batch: int, channels: int, length: int, dtype: str, reverse: bool, seed: int
) -> None:
    a, x = (v.astype(dtype) for v in series(batch, channels, length, seed=seed, is_complex=dtype.startswith("c")))
    h, _ = linear_recurrence(a, x, reverse=reverse)
    b, d = seed % batch, seed % channels
    np.testing.assert_array_equal(linear_recurrence(a[b, d : d + 1], x[b, d : d + 1], reverse=reverse)[0][0], h[b, d])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"a": np.zeros(4)}, r"`a` has shape \(4,\); expected \(D,\)"),
        ({"a": np.zeros((3, 6))}, r"`a` has shape \(3, 6\); expected \(D,\) = \(3,\), or \(3, 7\)"),
        ({"x": np.zeros(7)}, r"`x` has shape \(7,\); expected \(\.\.\., D, T\)"),
        ({"h0": np.zeros((1, 3))}, r"`h0` has shape \(1, 3\); expected \(\.\.\., D\)"),
        ({"reset": np.zeros(6, dtype=bool)}, r"`reset` has shape \(6,\)"),
    ],
)
def test_shapes_that_do_not_fit_are_named(change: dict[str, np.ndarray], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        linear_recurrence(**{"a": np.zeros(3), "x": np.zeros((3, 7)), **change})


def test_dtypes_that_do_not_fit_are_named() -> None:
    with pytest.raises(TypeError, match="`a` has dtype float64; expected complex128, that of `x`"):
        linear_recurrence(np.zeros(3), np.zeros((3, 7), np.complex128))
    with pytest.raises(TypeError, match="`x` has dtype int64; expected float32"):
        linear_recurrence(np.zeros(3), np.zeros((3, 7), np.int64))
