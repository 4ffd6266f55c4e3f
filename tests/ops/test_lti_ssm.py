"""lti_ssm against matrix exponentials of the real system, and its own symmetries."""

from __future__ import annotations

import numpy as np
import pytest

from marey.scan import lti_ssm


def system(states: int = 6, channels: int = 3, outputs: int = 3, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)

    def z(*shape: int) -> np.ndarray:
        return rng.normal(size=shape) + 1j * rng.normal(size=shape)

    return {
        "Lambda": -rng.uniform(0.05, 1.0, states) + 1j * rng.uniform(-6.0, 6.0, states),
        "B": z(states, channels),
        "C": z(outputs, states),
        "D": rng.normal(size=channels if outputs == channels else (outputs, channels)),
    }


def signal(*shape: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=shape), rng.exponential(0.3, size=(*shape[:-2], shape[-1]))


def test_equals_the_matrix_exponential_of_the_real_system() -> None:
    """A pair of conjugate states is a real system; each step is expm of [[A, B u], [0, 0]] by scipy."""
    linalg = pytest.importorskip("scipy.linalg")
    p = system()
    x, dt = signal(3, 12)
    y, _ = lti_ssm(x, dt=dt, **p, conj_sym=True)
    Lambda = np.concatenate([p["Lambda"], p["Lambda"].conj()])
    B, C = np.concatenate([p["B"], p["B"].conj()]), np.concatenate([p["C"], p["C"].conj()], axis=1)
    state = np.zeros(12, complex)
    for t in range(12):
        M = np.zeros((13, 13), complex)
        M[:12, :12], M[:12, 12] = np.diag(Lambda), B @ x[:, t]
        state = (linalg.expm(M * dt[t]) @ np.append(state, 1.0))[:12]
        full = C @ state
        np.testing.assert_allclose(full.imag, 0.0, atol=1e-11)
        np.testing.assert_allclose(y[:, t], full.real + p["D"] * x[:, t], rtol=1e-10, atol=1e-11)


def test_half_a_step_twice_is_a_step() -> None:
    """Zero-order hold is exact: an input that does not change may be sampled as often as one likes."""
    p = system()
    x, dt = signal(3, 20)
    y, hT = lti_ssm(x, dt=dt, **p)
    twice, hT2 = lti_ssm(np.repeat(x, 2, axis=-1), dt=np.repeat(dt / 2, 2), **p)
    np.testing.assert_allclose(twice[:, 1::2], y, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(hT2, hT, rtol=1e-11, atol=1e-12)


def test_chunks_equal_the_whole_and_a_reset_is_two_calls() -> None:
    p = system(outputs=2)
    x, dt = signal(4, 3, 30)
    y, hT = lti_ssm(x, dt=dt, **p)
    one, state = lti_ssm(x[..., :11], dt=dt[..., :11], **p)
    two, last = lti_ssm(x[..., 11:], dt=dt[..., 11:], **p, h0=state)
    np.testing.assert_allclose(np.concatenate([one, two], axis=-1), y, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(last, hT, rtol=1e-12, atol=1e-13)
    reset = np.broadcast_to(np.arange(30) == 11, (4, 30))
    fresh, _ = lti_ssm(x[..., 11:], dt=dt[..., 11:], **p)
    np.testing.assert_allclose(lti_ssm(x, dt=dt, **p, reset=reset)[0][..., 11:], fresh, rtol=1e-12, atol=1e-13)


def test_gradients_reach_everything() -> None:
    torch = pytest.importorskip("torch")
    p = {name: torch.tensor(value, requires_grad=True) for name, value in system(2, 2, 2).items()}
    x, dt = (torch.tensor(a, requires_grad=True) for a in signal(2, 5))

    def function(x: object, dt: object, Lambda: object, B: object, C: object, D: object) -> object:
        return lti_ssm(x, Lambda, dt, B, C, D, conj_sym=True)

    assert torch.autograd.gradcheck(function, (x, dt, p["Lambda"], p["B"], p["C"], p["D"]))


def test_what_does_not_fit_is_named() -> None:
    p = system()
    x, dt = signal(3, 5)
    with pytest.raises(TypeError, match="`B` has dtype float64; expected complex128"):
        lti_ssm(x, dt=dt, **{**p, "B": p["B"].real})
    with pytest.raises(ValueError, match=r"`C` has shape \(3, 5\); expected \(H_out, P\) with P = 6"):
        lti_ssm(x, dt=dt, **{**p, "C": p["C"][:, :5]})
