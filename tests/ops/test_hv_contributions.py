"""Hypervolume contributions: against two peers, and by their definition."""

import numpy as np
import pytest
from fronts import FRONTS

import marey
from marey.moo import hv_contributions, hv_least, hypervolume, pareto_rank

CASES = [(front, n, d) for front in FRONTS for n, d in ((200, 2), (200, 3), (60, 4), (30, 5), (20, 7))]


@pytest.mark.parametrize(("front", "n", "d"), CASES)
def test_equals_moocore(front, n, d):
    moocore = pytest.importorskip("moocore")
    F, ref = front(np.random.default_rng(n + d), n, d), np.full(d, 1.05)
    # With ignore_dominated=False moocore 0.3.2 gives 0 for some points of a line (see the next test).
    only_front = bool((pareto_rank(F) == 0).all()) and len(np.unique(F, axis=0)) == n
    expected = moocore.hv_contributions(F, ref=ref, ignore_dominated=only_front)
    # Moocore subtracts two volumes; the difference carries the rounding of the whole.
    tolerance = 1e-12 * max(float(hypervolume(F, ref)), 1.0)
    np.testing.assert_allclose(hv_contributions(F, ref), expected, rtol=1e-9, atol=tolerance)


@pytest.mark.parametrize(("front", "n", "d"), CASES)
def test_is_the_loss_of_volume(front, n, d):
    F, ref = front(np.random.default_rng(n), n, d), np.full(d, 0.9)
    whole = hypervolume(F, ref)
    left = [hypervolume(np.delete(F, i, axis=0), ref) for i in range(n)]
    np.testing.assert_allclose(hv_contributions(F, ref), whole - left, rtol=0, atol=1e-13)


def test_a_line_in_space_has_boxes_for_contributions():
    x = np.sort(np.random.default_rng(203).random(200))
    F = np.stack([x, np.full(200, 0.5), 1.0 - x], axis=1)
    right, top = np.append(x[1:], 1.05), np.append(1.05, F[:-1, 2])
    boxes = (right - x) * (top - F[:, 2]) * 0.55
    # The sweep keeps differences of areas of order one.
    np.testing.assert_allclose(hv_contributions(F, [1.05] * 3), boxes, rtol=1e-12, atol=1e-16)


def test_equals_pygmo():
    pygmo = pytest.importorskip("pygmo")
    rng = np.random.default_rng(5)
    x = np.abs(rng.normal(size=(200, 4)))
    F = 1.0 - x / np.linalg.norm(x, axis=1, keepdims=True)
    expected = pygmo.hypervolume(F).contributions([1.1] * 4)
    np.testing.assert_allclose(hv_contributions(F, [1.1] * 4), expected, rtol=1e-9, atol=1e-14)
    assert hv_least(F, [1.1] * 4)[0] == pygmo.hypervolume(F).least_contributor([1.1] * 4)


def test_threads_give_the_same_bits():
    F = np.random.default_rng(0).random((300, 4))
    found = []
    for threads in (1, 2, 3):
        marey.set_num_threads(threads)
        found.append(hv_contributions(F, np.ones(4)))
    marey.set_num_threads(0)
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


def test_kind_and_dtype_are_the_input_s():
    torch = pytest.importorskip("torch")
    F = np.random.default_rng(1).random((9, 3)).astype(np.float32)
    contributions = hv_contributions(torch.from_numpy(F), [1.0, 1.0, 1.0])
    assert contributions.dtype == torch.float32
    np.testing.assert_array_equal(contributions.numpy(), hv_contributions(F, [1.0, 1.0, 1.0]))


def test_the_first_of_the_least():
    F = np.array([[0.0, 3.0], [1.0, 2.0], [2.0, 1.0], [3.0, 0.0], [9.0, 9.0]])
    assert hv_least(F[:4], [5.0, 5.0]) == (1, 1.0)
    assert hv_least(F, [5.0, 5.0]) == (4, 0.0)


def test_errors():
    with pytest.raises(ValueError, match="expected at least one point"):
        hv_least(np.zeros((0, 2)), [1.0, 1.0])
    with pytest.raises(ValueError, match="`F` has -inf in row 1"):
        hv_contributions([[0.0, 0.0], [-np.inf, 0.5]], [1.0, 1.0])
    with pytest.raises(ValueError, match="`F` has a NaN in row 0, column 1"):
        hv_contributions([[0.0, np.nan]], [1.0, 1.0])
