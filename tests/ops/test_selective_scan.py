"""What is special to selective_scan; the contract runs by itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marey.reference.selective_scan import selective_scan as reference
from marey.scan import decay_scan, selective_scan, selective_scan_step

BATCH, CHANNELS, LENGTH, STATES = 2, 19, 70, 5


def problem(
    batch: int = BATCH, channels: int = CHANNELS, length: int = LENGTH, states: int = STATES, seed: int = 0,
    dtype: Any = np.float64,
) -> dict[str, Any]:  # fmt: skip
    rng = np.random.default_rng(seed)
    return {
        "u": rng.normal(size=(batch, channels, length)).astype(dtype),
        "delta": rng.normal(size=(batch, channels, length)).astype(dtype),
        "A": -rng.uniform(0.2, 4.0, size=(channels, states)).astype(dtype),
        "B": rng.normal(size=(batch, states, length)).astype(dtype),
        "C": rng.normal(size=(batch, states, length)).astype(dtype),
        "D": rng.normal(size=channels).astype(dtype),
        "z": rng.normal(size=(batch, channels, length)).astype(dtype),
        "delta_bias": rng.normal(size=channels).astype(dtype),
        "delta_softplus": True,
    }


def cut(given: dict[str, Any], begin: int, end: int) -> dict[str, Any]:
    along = ("u", "delta", "B", "C", "z", "dt_scale", "reset")
    return {n: a[..., begin:end] if n in along else a for n, a in given.items()}


@settings(max_examples=60, deadline=None)
@given(
    batch=st.integers(1, 3),
    channels=st.integers(1, 70),
    length=st.integers(1, 100),
    states=st.integers(1, 20),
    seed=st.integers(0, 100),
    dtype=st.sampled_from([np.float64, np.float32]),
)
def test_equals_the_loop_at_any_size(batch, channels, length, states, seed, dtype) -> None:
    given_ = problem(batch, channels, length, states, seed, dtype)
    tolerance = 1e-12 if dtype == np.float64 else 2e-5
    expected, expected_hT = reference(**given_, return_last_state=True)
    y, hT = selective_scan(**given_, return_last_state=True)
    scale = max(1.0, np.abs(expected).max())
    np.testing.assert_allclose(y, expected, rtol=tolerance, atol=tolerance * scale)
    np.testing.assert_allclose(hT, expected_hT, rtol=tolerance, atol=tolerance * scale)


def test_equals_the_explicit_sum_over_the_past() -> None:
    """y_t = sum_s C_t exp(A sum of steps after s) B_s step_s u_s, an oracle without a recurrence."""
    rng = np.random.default_rng(0)
    u, step, A = rng.normal(size=40), rng.uniform(0.01, 1.0, 40), np.array([-0.7, -2.0])
    B, C = rng.normal(size=(2, 40)), rng.normal(size=(2, 40))
    time = np.cumsum(step)
    age = time[:, None] - time[None, :]
    weights = np.where(age >= 0, np.einsum("nt,nts,ns->ts", C, np.exp(A[:, None, None] * np.maximum(age, 0)), B), 0.0)
    y = selective_scan(u[None, None], step[None, None], A[None], B[None], C[None])
    np.testing.assert_allclose(y[0, 0], weights @ (step * u), rtol=1e-11, atol=1e-12)


def test_one_constant_state_is_a_leaky_sum() -> None:
    rng = np.random.default_rng(1)
    u, step, rate = rng.normal(size=(1, 9, 50)), rng.exponential(size=50), rng.uniform(0.1, 2.0, 9)
    ones = np.ones((9, 1))
    y = selective_scan(u, np.broadcast_to(step, u.shape), -rate[:, None], ones, ones)
    np.testing.assert_allclose(y, decay_scan(u * step, step[None], rate)[0], rtol=1e-12, atol=1e-12)


def test_a_reset_equals_two_separate_calls() -> None:
    given_ = problem()
    reset = np.zeros((BATCH, LENGTH), dtype=bool)
    reset[:, 37] = True
    h0 = np.ones((BATCH, CHANNELS, STATES))
    y, hT = selective_scan(**given_, h0=h0, reset=reset, return_last_state=True)
    first = selective_scan(**cut(given_, 0, 37), h0=h0)
    second, second_hT = selective_scan(**cut(given_, 37, LENGTH), return_last_state=True)
    np.testing.assert_array_equal(y, np.concatenate([first, second], axis=-1))
    np.testing.assert_array_equal(hT, second_hT)


def test_gradients_stop_at_a_reset() -> None:
    torch = pytest.importorskip("torch")
    given_ = {n: torch.tensor(a) if isinstance(a, np.ndarray) else a for n, a in problem().items()}
    names = [n for n, a in given_.items() if torch.is_tensor(a)]
    reset = torch.zeros((BATCH, LENGTH), dtype=torch.bool)
    reset[:, 37] = True

    def gradients(*calls: dict[str, Any]) -> Any:
        leaves = {n: given_[n].clone().requires_grad_() for n in names}
        loss = sum(selective_scan(**cut(given_ | leaves, *c.pop("from_to")), **c).sin().sum() for c in calls)
        return torch.autograd.grad(loss, list(leaves.values()))

    whole = gradients({"from_to": (0, LENGTH), "reset": reset})
    apart = gradients({"from_to": (0, 37)}, {"from_to": (37, LENGTH)})
    for name, a, b in zip(names, whole, apart, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-11, atol=1e-11, msg=lambda m, name=name: f"{name}: {m}")


def test_a_nan_before_a_reset_is_forgotten_and_its_gradient_too() -> None:
    torch = pytest.importorskip("torch")
    given_ = problem()
    given_["u"][1, 3, 10] = np.nan
    reset = np.zeros((BATCH, LENGTH), dtype=bool)
    reset[:, 33] = True
    y = selective_scan(**given_, reset=reset)
    where = np.zeros(y.shape, dtype=bool)
    where[1, 3, 10:33] = True
    np.testing.assert_array_equal(np.isnan(y), where)
    tensors = {n: torch.tensor(a) if isinstance(a, np.ndarray) else a for n, a in given_.items()}
    tensors["delta"].requires_grad_()
    out = selective_scan(**tensors, reset=torch.tensor(reset))
    (grad,) = torch.autograd.grad(out[..., 33:].sum(), tensors["delta"])
    assert torch.isfinite(grad[..., 33:]).all()


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_steps_equal_the_whole_in_every_bit(dtype: type) -> None:
    rng = np.random.default_rng(2)
    given_ = problem(dtype=dtype) | {
        "dt_scale": rng.exponential(size=(BATCH, LENGTH)).astype(dtype),
        "reset": rng.random((BATCH, LENGTH)) < 0.1,
    }
    whole, hT = selective_scan(**given_, return_last_state=True)
    state = np.zeros((BATCH, CHANNELS, STATES), dtype)
    for t in range(LENGTH):
        y, state = selective_scan_step(state, **{n: a[..., 0] if np.ndim(a) > 1 and n not in ("A",) else a
                                                 for n, a in cut(given_, t, t + 1).items()})  # fmt: skip
        np.testing.assert_array_equal(y, whole[..., t])
    np.testing.assert_array_equal(state, hT)


def test_gaps_of_one_are_no_gaps() -> None:
    given_ = problem()
    ones = np.ones((BATCH, LENGTH))
    np.testing.assert_array_equal(selective_scan(**given_, dt_scale=ones), selective_scan(**given_))


def test_gaps_scale_the_step_itself() -> None:
    given_ = problem()
    gaps = np.random.default_rng(3).exponential(size=(BATCH, LENGTH))
    step = np.logaddexp(0.0, given_["delta"] + given_["delta_bias"][:, None]) * gaps[:, None, :]
    plain = {n: a for n, a in given_.items() if not n.startswith("delta")} | {"delta": step}
    np.testing.assert_allclose(selective_scan(**given_, dt_scale=gaps), selective_scan(**plain), rtol=1e-11, atol=1e-12)


def test_channel_last_data_keeps_its_layout_and_bits() -> None:
    given_ = problem(channels=35)
    y = selective_scan(**given_)
    laid = {n: np.ascontiguousarray(a.swapaxes(-1, -2)).swapaxes(-1, -2) if n in ("u", "delta", "B", "C", "z") else a
            for n, a in given_.items()}  # fmt: skip
    out = selective_scan(**laid)
    assert out.swapaxes(-1, -2).flags.c_contiguous
    np.testing.assert_array_equal(out, y)


def test_channel_last_gradients() -> None:
    torch = pytest.importorskip("torch")
    given_ = {n: torch.tensor(a) if isinstance(a, np.ndarray) else a for n, a in problem(channels=35).items()}
    names = [n for n, a in given_.items() if torch.is_tensor(a)]

    def gradients(laid: bool) -> Any:
        leaves = {n: given_[n].clone() for n in names}
        if laid:
            leaves |= {n: leaves[n].mT.contiguous().mT for n in ("u", "delta", "B", "C", "z")}
        leaves = {n: a.requires_grad_() for n, a in leaves.items()}
        return torch.autograd.grad(selective_scan(**given_ | leaves).sin().sum(), list(leaves.values()))

    for name, a, b in zip(names, gradients(False), gradients(True), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-11, atol=1e-11, msg=lambda m, name=name: f"{name}: {m}")


def test_a_series_bits_do_not_depend_on_its_batch() -> None:
    given_ = problem(batch=3)
    y = selective_scan(**given_)
    for b in range(3):
        alone = {n: a[b : b + 1] if n in ("u", "delta", "B", "C", "z") else a for n, a in given_.items()}
        np.testing.assert_array_equal(selective_scan(**alone)[0], y[b])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_softplus_at_both_ends(dtype: type) -> None:
    """No NaN from large steps, no step of zero from small ones: state = step * u where the decay is nothing."""
    delta = np.array([-1e30, -80.0, -20.0, -1.0, 0.0, 1.0, 20.0, 80.0, 1e4, 1e30])
    ones, one = np.ones((1, 17, 10), dtype), np.ones((17, 1), dtype)
    step = np.repeat(delta[None, None].astype(dtype), 17, axis=1)
    y = selective_scan(ones, step, 0 * one, one, one, delta_softplus=True, reset=np.ones((1, 10), dtype=bool))
    tolerance = 1e-14 if dtype == np.float64 else 1e-6
    np.testing.assert_allclose(y[0, 3], np.logaddexp(0.0, delta.astype(dtype)), rtol=tolerance, atol=1e-38)
    assert np.isfinite(selective_scan(ones, step, -one, one, one, delta_softplus=True)).all()


def test_gradients_at_large_steps_are_finite() -> None:
    torch = pytest.importorskip("torch")
    delta = torch.tensor([-1e4, -80.0, 0.0, 80.0, 1e4]).repeat(1, 17, 1).requires_grad_()
    ones, one = torch.ones(1, 17, 5), torch.ones(17, 1, requires_grad=True)
    y = selective_scan(ones, delta, -one, one, one, delta_softplus=True)
    for grad in torch.autograd.grad(y.sum(), (delta, one)):
        assert torch.isfinite(grad).all()


def test_gradients_reach_everything_through_the_last_state_alone() -> None:
    torch = pytest.importorskip("torch")
    given_ = {n: torch.tensor(a) if isinstance(a, np.ndarray) else a for n, a in problem(1, 3, 9, 2).items()}
    names = ["u", "delta", "A", "B", "delta_bias"]
    h0 = torch.randn(1, 3, 2, dtype=torch.float64, requires_grad=True)
    leaves = [given_[n].requires_grad_() for n in names]

    def last(*values: Any) -> Any:
        arguments = given_ | dict(zip(names, values[1:], strict=True))
        return selective_scan(**arguments, h0=values[0], return_last_state=True)[1]

    assert torch.autograd.gradcheck(last, (h0, *leaves))


def test_a_gradient_of_the_raw_operator_without_saved_states() -> None:
    torch = pytest.importorskip("torch")
    from marey._runtime import torch_ops  # noqa: F401

    given_ = {n: torch.tensor(a) if isinstance(a, np.ndarray) else a for n, a in problem().items()}
    u = given_["u"].requires_grad_()
    arguments = (u, given_["delta"], given_["A"], given_["B"][:, None], given_["C"][:, None], *[None] * 6, True, False)
    grads = [torch.autograd.grad(torch.ops.marey.selective_scan(*arguments, save)[0].sum(), u)[0] for save in (0, 1)]
    torch.testing.assert_close(*grads, rtol=0, atol=0)


def test_states_are_kept_for_a_gradient_only() -> None:
    torch = pytest.importorskip("torch")
    from marey.scan.selective_scan import _wants_gradient

    plain, leaf = torch.ones(2), torch.ones(2, requires_grad=True)
    assert not _wants_gradient((plain, None))
    assert _wants_gradient((plain, leaf))
    with torch.no_grad():
        assert not _wants_gradient((leaf,))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"A": np.ones((CHANNELS, STATES), complex)}, TypeError, "`A` has dtype complex128; expected float64; real"),
        ({"A": np.ones((CHANNELS, 257))}, ValueError, "at most 256"),
        ({"B": np.ones((BATCH, 4, STATES, LENGTH))}, ValueError, "with G dividing D = 19"),
        ({"B": np.ones((BATCH, STATES, LENGTH - 1))}, ValueError, r"`B` has shape"),
        ({"C": np.ones((CHANNELS, STATES + 1))}, ValueError, r"`C` has shape"),
        ({"delta": np.ones((BATCH, CHANNELS, 1))}, ValueError, "`delta` has shape"),
        ({"D": np.ones(3)}, ValueError, r"expected \(D,\)"),
        ({"h0": np.ones((BATCH, CHANNELS))}, ValueError, "`h0` has shape"),
        ({"dt_scale": np.ones((BATCH, CHANNELS, LENGTH))}, ValueError, r"expected \(B, L\)"),
        ({"reset": np.ones((BATCH, LENGTH))}, TypeError, "`reset` has dtype float64"),
        ({"z": np.ones((BATCH, CHANNELS, LENGTH), np.float32)}, TypeError, "`z` has dtype float32"),
    ],
)
def test_what_does_not_fit_is_told(change: dict, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        selective_scan(**problem() | change)


@settings(max_examples=100, deadline=None)
@given(st.floats(-1000, 200), st.integers(1, 20))
def test_the_decay_is_accurate_everywhere(exponent: float, channels: int) -> None:
    """One step without input on a state of one gives exp(dt A) itself, 0 where it is below and inf where beyond."""
    for dtype, ulp in ((np.float64, 2.0**-52), (np.float32, 2.0**-23)):
        A, ones = np.full((channels, 1), exponent, dtype), np.ones((1, channels, 1), dtype)
        zeros = np.zeros((1, 1, 1), dtype)
        y = selective_scan(0 * ones, ones, A, zeros, zeros + 1, h0=ones)
        with np.errstate(over="ignore", under="ignore"):
            expected = np.exp(A.astype(np.float64)[:, 0])
        tiny, huge = float(np.finfo(dtype).tiny), float(np.finfo(dtype).max)
        # The exponent, times log2(e), is rounded to the dtype.
        close = np.abs(y[0, :, 0] - expected) <= ulp * (3 + 2 * abs(exponent)) * expected + tiny
        assert np.all(close | ((expected > huge) & np.isinf(y[0, :, 0])))
