"""What is special to s5_scan; the contract runs by itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from marey.scan import decay_scan, linear_recurrence, s5_scan


def series(states: int = 5, length: int = 40, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(states, length)) + 1j * rng.normal(size=(states, length))
    Lambda = -rng.uniform(0.05, 1.0, states) + 1j * rng.uniform(-5.0, 5.0, states)
    return x, Lambda, rng.exponential(0.4, size=length)


def test_equals_the_solution_of_the_differential_equation() -> None:
    """h' = Lambda h + x(t), x held over each step, by scipy's integrator."""
    integrate = pytest.importorskip("scipy.integrate")
    x, Lambda, dt = series(3, 6)
    h, _ = s5_scan(x, Lambda, dt, h0=np.ones(3) + 0j)
    state = np.ones(3) + 0j
    for t in range(6):
        solved = integrate.solve_ivp(
            lambda _, h, t=t: Lambda * h + x[:, t], (0.0, dt[t]), state, rtol=1e-11, atol=1e-12
        )
        state = solved.y[:, -1]
        np.testing.assert_allclose(h[:, t], state, rtol=1e-8, atol=1e-9)


def test_without_input_a_real_pole_decays_as_decay_scan_does() -> None:
    x, _, dt = series()
    rate = np.array([0.1, 0.5, 1.0, 2.0, 4.0])
    h, _ = s5_scan(np.zeros_like(x), -rate + 0j, dt, h0=np.ones(5) + 0j)
    expected, _ = decay_scan(np.zeros(x.shape), dt, rate, h0=np.ones(5))
    np.testing.assert_allclose(h.real, expected, rtol=1e-13)
    np.testing.assert_array_equal(h.imag, 0.0)


def test_equals_linear_recurrence_with_its_factors() -> None:
    x, Lambda, dt = series()
    decay = np.exp(Lambda[:, None] * dt)
    expected = linear_recurrence(decay, (decay - 1) / Lambda[:, None] * x)
    for got, want in zip(s5_scan(x, Lambda, dt), expected, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-11, atol=1e-12)


def test_steps_may_be_split() -> None:
    """The hold is exact: half a step twice is the step."""
    x, Lambda, dt = series()
    h, _ = s5_scan(x, Lambda, dt)
    halves, _ = s5_scan(np.repeat(x, 2, axis=-1), Lambda, np.repeat(dt / 2, 2))
    np.testing.assert_allclose(halves[:, 1::2], h, rtol=1e-12, atol=1e-13)


def test_a_zero_pole_integrates() -> None:
    x, _, dt = series(1)
    np.testing.assert_allclose(s5_scan(x, np.zeros(1, complex), dt)[0], np.cumsum(x * dt, axis=-1), rtol=1e-13)


def test_a_reset_is_two_calls_in_every_bit() -> None:
    x, Lambda, dt = series()
    reset = np.arange(40) == 17
    h, hT = s5_scan(x, Lambda, dt, reset=reset, h0=np.ones(5) + 0j)
    second, last = s5_scan(x[:, 17:], Lambda, dt[17:])
    np.testing.assert_array_equal(h[:, 17:], second)
    np.testing.assert_array_equal(hT, last)


def test_channel_last_data_keeps_its_layout_and_bits() -> None:
    x, Lambda, dt = series(11, 33)
    expected, _ = s5_scan(x, Lambda, dt)
    h, _ = s5_scan(np.ascontiguousarray(x.T).T, Lambda, dt)
    assert h.T.flags.c_contiguous
    np.testing.assert_array_equal(h, expected)


@settings(max_examples=300, deadline=None)
@example(size=1.099609375, angle=1.57421875, others=0)
@given(
    size=st.floats(-12.0, 2.5),
    angle=st.floats(0.5 * np.pi, 1.5 * np.pi),
    others=st.integers(0, 9),
)
def test_the_hold_is_accurate_for_any_pole(size: float, angle: float, others: int) -> None:
    """Both factors of one step against forty digits, from poles of 1e-12 to 300 a step."""
    mpmath = pytest.importorskip("mpmath")
    pole = complex(10**size * np.exp(1j * angle))
    Lambda = np.full(others + 1, -0.3 + 0.2j)
    Lambda[-1] = pole
    zero, one = np.zeros((others + 1, 1), complex), np.ones((others + 1, 1), complex)
    decay = complex(s5_scan(zero, Lambda, np.ones(1), h0=one[:, 0])[0][-1, 0])
    drive = complex(s5_scan(one, Lambda, np.ones(1))[0][-1, 0])
    with mpmath.workdps(40):
        z = mpmath.mpc(pole)
        exact = complex(mpmath.exp(z)), complex(mpmath.expm1(z) / z)
    # The angle of exp is as exact as its argument: half an ulp of |z|.
    assert abs(decay - exact[0]) <= 4e-16 * (1 + abs(pole)) * abs(exact[0]) + 1e-300
    # Near whole turns exp(z) - 1 cancels, and what is left carries the rounding of exp(z); the series near 0 does not.
    turn = 4e-16 * abs(exact[0]) / abs(pole) if abs(pole) > 0.25 else 0.0
    assert abs(drive - exact[1]) <= 3e-15 * abs(exact[1]) + turn


def test_gradients_at_an_endless_gap_and_at_no_gap() -> None:
    torch = pytest.importorskip("torch")
    x, Lambda, dt = series(3, 9)
    dt[4], dt[6] = np.inf, 0.0
    leaves = [torch.tensor(a, requires_grad=True) for a in (x, Lambda, dt)]
    h, hT = s5_scan(*leaves)
    gradients = torch.autograd.grad((h.abs() ** 2).sum() + hT.real.sum(), leaves)
    assert all(torch.isfinite(torch.view_as_real(g) if g.is_complex() else g).all() for g in gradients)


def test_gradients_in_channel_last_layout_and_by_the_gpu_path() -> None:
    """What a GPU computes from torch's functions and the recurrence, here on the CPU."""
    torch = pytest.importorskip("torch")
    from marey.scan.s5_scan import _by_linear_recurrence

    x, Lambda, dt = series(4, 12)
    Lambda[0], dt[3] = 0.0, np.inf
    Lambda[0] = -1e-5
    found = []
    for way in ("time last", "channels last", "composed"):
        leaves = [torch.tensor(a, requires_grad=True) for a in (x, Lambda, dt, x[:, 0])]
        signal = leaves[0].mT.contiguous().mT if way == "channels last" else leaves[0]
        if way == "composed":
            h, hT = _by_linear_recurrence(signal, leaves[1], leaves[2], leaves[3], None)
        else:
            h, hT = s5_scan(signal, leaves[1], leaves[2], h0=leaves[3])
        loss = (h.abs() ** 2).sum() + hT.real.sum()
        found.append([h, *torch.autograd.grad(loss, leaves)])
    for other in found[1:]:
        for got, want in zip(other, found[0], strict=True):
            torch.testing.assert_close(got, want, rtol=1e-9, atol=1e-9)


def test_what_does_not_fit_is_named() -> None:
    x, Lambda, dt = series()
    with pytest.raises(TypeError, match="`x` has dtype float64; expected complex64 or complex128"):
        s5_scan(x.real, Lambda, dt)
    with pytest.raises(TypeError, match="`dt` has dtype float32; expected float64"):
        s5_scan(x, Lambda, dt.astype(np.float32))
    with pytest.raises(ValueError, match=r"`dt` has shape \(39,\); expected \(\.\.\., T\)"):
        s5_scan(x, Lambda, dt[1:])
    with pytest.raises(ValueError, match=r"`Lambda` has shape \(4,\); expected \(P,\)"):
        s5_scan(x, Lambda[1:], dt)
