"""mingru against its own equation in a loop."""

from __future__ import annotations

import numpy as np
import pytest

from marey.scan import mingru, mingru_step


def loop(gate: np.ndarray, candidate: np.ndarray, h: np.ndarray) -> np.ndarray:
    z, out = 1 / (1 + np.exp(-gate)), np.empty_like(candidate)
    for t in range(gate.shape[-1]):
        h = (1 - z[..., t]) * h + z[..., t] * candidate[..., t]
        out[..., t] = h
    return out


def test_equals_the_loop_and_its_steps() -> None:
    rng = np.random.default_rng(0)
    gate, candidate, h0 = rng.normal(size=(2, 5, 20)), rng.normal(size=(2, 5, 20)), rng.normal(size=(2, 5))
    h, hT = mingru(gate, candidate, h0=h0)
    np.testing.assert_allclose(h, loop(gate, candidate, h0), rtol=1e-13, atol=1e-14)
    np.testing.assert_array_equal(hT, h[..., -1])
    state = h0
    for t in range(20):
        state = mingru_step(gate[..., t], candidate[..., t], state)
        np.testing.assert_allclose(state, h[..., t], rtol=1e-13, atol=1e-14)


def test_a_reset_is_two_calls() -> None:
    rng = np.random.default_rng(1)
    gate, candidate = rng.normal(size=(3, 20)), rng.normal(size=(3, 20))
    reset = np.arange(20) == 8
    h, _ = mingru(gate, candidate, reset=reset, h0=np.ones(3))
    np.testing.assert_array_equal(h[:, 8:], mingru(gate[:, 8:], candidate[:, 8:])[0])


def test_a_gate_far_from_zero_is_open_or_shut() -> None:
    gate = np.array([[1e4, -1e4]], np.float32)
    h, _ = mingru(gate, np.array([[3.0, 5.0]], np.float32))
    assert h.dtype == np.float32
    np.testing.assert_array_equal(h, [[3.0, 3.0]])


def test_gradients_and_compile() -> None:
    torch = pytest.importorskip("torch")
    generator = torch.Generator().manual_seed(0)
    gate, candidate = (torch.randn(2, 3, 6, generator=generator, dtype=torch.float64, requires_grad=True) for _ in "ab")
    h0 = torch.randn(2, 3, generator=generator, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda g, c, h: mingru(g, c, h0=h), (gate, candidate, h0))
    compiled = torch.compile(mingru, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(gate, candidate, h0=h0), mingru(gate, candidate, h0=h0))


def test_shapes_and_dtypes_that_do_not_fit_are_named() -> None:
    with pytest.raises(ValueError, match=r"`candidate` has shape \(2, 4\)"):
        mingru(np.zeros((2, 5)), np.zeros((2, 4)))
    with pytest.raises(TypeError, match="`candidate` has dtype float32"):
        mingru(np.zeros((2, 5)), np.zeros((2, 5), np.float32))
