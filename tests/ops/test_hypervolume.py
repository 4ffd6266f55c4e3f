"""The hypervolume: against two peers on fronts of every kind, and what the contract does not ask."""

import numpy as np
import pytest
from fronts import FRONTS, convex, linear

import marey
from marey.moo import hypervolume

CASES = [
    (front, n, d) for front in FRONTS for n, d in ((300, 1), (300, 2), (300, 3), (200, 4), (80, 5), (40, 6), (25, 8))
]


@pytest.mark.parametrize(("front", "n", "d"), CASES)
def test_equals_moocore(front, n, d):
    moocore = pytest.importorskip("moocore")
    F, ref = front(np.random.default_rng(n + d), n, d), np.full(d, 1.05)
    if d == 1:
        expected = 1.05 - F.min()
    else:
        expected = moocore.hypervolume(F, ref=ref)
    assert hypervolume(F, ref) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("n", "d"), [(200, 3), (60, 7), (30, 11), (15, 15)])
def test_equals_pygmo(n, d):
    pygmo = pytest.importorskip("pygmo")
    F, ref = convex(np.random.default_rng(d), n, d), np.full(d, 1.1)
    assert hypervolume(F, ref) == pytest.approx(pygmo.hypervolume(F).compute(ref), rel=1e-12)


@pytest.mark.parametrize(("n", "d"), [(50_000, 2), (20_000, 3), (2000, 4)])
def test_many_points_equal_moocore(n, d):
    moocore = pytest.importorskip("moocore")
    F, ref = linear(np.random.default_rng(d), n, d), np.full(d, 1.1)
    # Sums of n terms, each rounded.
    assert hypervolume(F, ref) == pytest.approx(moocore.hypervolume(F, ref=ref), rel=1e-12)


def test_threads_give_the_same_bits():
    F = linear(np.random.default_rng(0), 120, 6)
    volumes = set()
    for threads in (1, 2, 3):
        marey.set_num_threads(threads)
        volumes.add(float(hypervolume(F, np.ones(6))))
    marey.set_num_threads(0)
    assert len(volumes) == 1


def test_points_beyond_the_reference_add_nothing():
    assert hypervolume([[0.0, 0.0]], [1.0, 2.0]) == 2.0
    assert hypervolume([[0.0, 0.0], [-5.0, 2.0], [np.inf, -1.0]], [1.0, 2.0]) == 2.0
    assert hypervolume([[2.0, 2.0]], [1.0, 2.0]) == 0.0
    assert hypervolume([[-np.inf, 0.0]], [1.0, 2.0]) == np.inf


def test_one_set_gives_a_number_and_many_an_array():
    rng = np.random.default_rng(1)
    F = rng.random((2, 3, 10, 4))
    volumes = hypervolume(F, np.ones(4))
    assert volumes.shape == (2, 3)
    assert volumes[1, 2] == hypervolume(F[1, 2], np.ones(4))
    assert isinstance(hypervolume(F[0, 0], np.ones(4)), np.float64)
    assert hypervolume(F[:, :0], np.ones(4)).shape == (2, 0)


def test_errors_name_argument_value_and_rule():
    with pytest.raises(ValueError, match=r"`F` has shape \(3,\); expected \(\.\.\., N, d\)"):
        hypervolume([1.0, 2.0, 3.0], [1.0])
    with pytest.raises(ValueError, match=r"`ref` has shape \(3,\); expected \(d,\) = \(2,\)"):
        hypervolume([[1.0, 2.0]], [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="`ref` is inf in objective 1; expected finite numbers"):
        hypervolume([[1.0, 2.0]], [1.0, np.inf])
    with pytest.raises(TypeError, match="`F` has dtype complex128"):
        hypervolume(np.zeros((2, 2), complex), [1.0, 1.0])


def test_the_slope_of_a_dominated_point_is_zero():
    torch = pytest.importorskip("torch")
    F = torch.tensor([[1.0, 3.0], [2.0, 1.0], [3.0, 2.0]], dtype=torch.float64, requires_grad=True)
    ref = torch.tensor([4.0, 4.0], dtype=torch.float64, requires_grad=True)
    hypervolume(F, ref).backward()
    np.testing.assert_array_equal(F.grad, [[-1.0, -1.0], [-2.0, -2.0], [0.0, 0.0]])
    np.testing.assert_array_equal(ref.grad, [3.0, 3.0])


def test_ascent_spreads_points_over_the_front():
    """Points on a quarter circle, driven by the gradient alone, end up apart and on both sides."""
    torch = pytest.importorskip("torch")
    angle = torch.tensor([0.7, 0.75, 0.8], dtype=torch.float64, requires_grad=True)
    before = None
    for _ in range(300):
        F = 1.0 - torch.stack([angle.sin(), angle.cos()], dim=1)
        volume = hypervolume(F, [1.0, 1.0])
        before = before if before is not None else volume.item()
        (gradient,) = torch.autograd.grad(volume, angle)
        angle = (angle + 0.05 * gradient).detach().requires_grad_()
    spread = angle.detach().sort().values
    assert volume.item() > before + 0.1
    assert torch.diff(spread).min() > 0.2
