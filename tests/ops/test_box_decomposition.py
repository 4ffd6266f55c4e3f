"""Boxes, and the expected improvement that they give."""

import numpy as np
import pytest
from fronts import FRONTS, linear, spherical

import marey
from marey.moo import box_decomposition, ehvi, hypervolume

CASES = [(front, n, d) for front in FRONTS for n, d in ((40, 1), (200, 2), (100, 3), (30, 4), (15, 5))]


@pytest.mark.parametrize(("front", "n", "d"), CASES)
def test_the_boxes_fill_the_region_once(front, n, d):
    rng = np.random.default_rng(n + d)
    F, ref = front(rng, n, d), np.full(d, 1.05)
    lower, upper = box_decomposition(F, ref, kind="dominated")
    assert (lower < upper).all()
    volume = (upper - lower).prod(axis=1).sum()
    assert volume == pytest.approx(float(hypervolume(F, ref)), rel=1e-12)
    free = box_decomposition(F, ref)
    x = rng.uniform(-0.2, 1.05, (2000, 1, d))
    inside = ((lower < x) & (x < upper)).all(-1).sum(-1)
    outside = ((free[0] < x) & (x < free[1])).all(-1).sum(-1)
    dominated = (x >= F).all(-1).any(-1)
    np.testing.assert_array_equal(inside, dominated)
    np.testing.assert_array_equal(outside, ~dominated)


def test_there_are_as_few_boxes_as_known():
    rng = np.random.default_rng(0)
    plane, space = linear(rng, 300, 2), linear(rng, 200, 3)
    for kind in ("dominated", "nondominated"):
        assert len(box_decomposition(plane, [1.1] * 2, kind=kind)[0]) <= 301
    # Space has 2 N + 1 local upper bounds, each with one box; their own decomposition adds some.
    assert len(box_decomposition(space, [1.1] * 3, kind="dominated")[0]) <= 401
    assert len(box_decomposition(space, [1.1] * 3)[0]) <= 500


def test_without_points_one_box_is_left():
    lower, upper = box_decomposition(np.zeros((0, 3)), [1.0, 2.0, 3.0])
    np.testing.assert_array_equal(lower, [[-np.inf] * 3])
    np.testing.assert_array_equal(upper, [[1.0, 2.0, 3.0]])
    assert len(box_decomposition(np.zeros((0, 3)), [1.0, 2.0, 3.0], kind="dominated")[0]) == 0


@pytest.mark.parametrize("d", [1, 2, 3, 4])
def test_a_certain_prediction_improves_by_its_contribution(d):
    rng = np.random.default_rng(d)
    F, ref = rng.random((20, d)), np.ones(d)
    y = rng.uniform(-0.1, 1.1, (50, d))
    more = np.array([hypervolume(np.vstack([F, row]), ref) - hypervolume(F, ref) for row in y])
    np.testing.assert_allclose(ehvi(y, np.zeros_like(y), F, ref), more, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("d", [2, 3, 5])
def test_the_expectation_is_that_of_samples(d):
    rng = np.random.default_rng(d)
    F, ref = spherical(rng, 12, d), np.full(d, 1.1)
    mean, std = rng.uniform(0.2, 0.8, d), rng.uniform(0.05, 0.4, d)
    y = rng.normal(mean, std, (40_000, 1, d))
    lower, upper = box_decomposition(F, ref)
    improvement = np.clip(upper - np.maximum(lower, y), 0, None).prod(-1).sum(-1)
    error = improvement.std() / np.sqrt(len(y))
    # Five standard errors of the samples: one failure in two million seeds.
    assert abs(ehvi(mean, std, F, ref) - improvement.mean()) < 5 * error


def test_one_objective_has_a_closed_form():
    from math import erf, exp, pi, sqrt

    z = (0.4 - 0.5) / 0.2
    expected = 0.2 * (z * 0.5 * (1 + erf(z / sqrt(2))) + exp(-z * z / 2) / sqrt(2 * pi))
    assert ehvi([0.5], [0.2], [[0.4], [0.7]], [1.0]) == pytest.approx(expected, rel=1e-14)


def test_threads_and_batches_give_the_same_bits():
    rng = np.random.default_rng(7)
    F, mean, std = rng.random((30, 3)), rng.random((4, 5, 3)), rng.random((4, 5, 3))
    marey.set_num_threads(3)
    many = ehvi(mean, std, F, np.ones(3))
    marey.set_num_threads(1)
    one = ehvi(mean, std, F, np.ones(3))
    marey.set_num_threads(0)
    np.testing.assert_array_equal(one, many)
    assert one.shape == (4, 5)
    assert one[2, 3] == ehvi(mean[2, 3], std[2, 3], F, np.ones(3))


def test_kind_and_dtype_are_the_input_s():
    torch = pytest.importorskip("torch")
    F = np.random.default_rng(8).random((9, 2)).astype(np.float32)
    lower, upper = box_decomposition(torch.from_numpy(F), [1.0, 1.0])
    assert lower.dtype == upper.dtype == torch.float32
    np.testing.assert_array_equal(upper.numpy(), box_decomposition(F, [1.0, 1.0])[1])


def test_errors():
    with pytest.raises(ValueError, match="`kind` is 'free'; expected 'nondominated' or 'dominated'"):
        box_decomposition([[1.0]], [2.0], kind="free")
    with pytest.raises(ValueError, match=r"`mean` has shape \(3,\); expected \(\.\.\., 2\)"):
        ehvi([1.0, 1.0, 1.0], [1.0, 1.0, 1.0], [[1.0, 1.0]], [2.0, 2.0])
    with pytest.raises(ValueError, match=r"`std` has shape \(2, 2\); expected that of `mean`, \(2,\)"):
        ehvi([1.0, 1.0], np.ones((2, 2)), [[1.0, 1.0]], [2.0, 2.0])
    with pytest.raises(ValueError, match=r"`std` has \[-1\.0, 1\.0\] in row 0; expected numbers >= 0"):
        ehvi([1.0, 1.0], [-1.0, 1.0], [[1.0, 1.0]], [2.0, 2.0])
