"""What is special to mass; the contract runs by itself."""

from __future__ import annotations

import numpy as np
import pytest

import marey
from marey.profile import mass
from marey.reference.matrix_profile import distances


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_a_copy_in_another_unit_is_no_distance_away(rng):
    t = rng.normal(size=3000).cumsum()
    assert mass(7 - 3 * t[400:500], -t)[400] < 1e-12


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_units_do_not_matter(scale, rng):
    q, t = rng.normal(size=20), rng.normal(size=300)
    np.testing.assert_allclose(mass(q, scale * t), mass(q, t), rtol=1e-12)


def test_a_level_and_spikes_cost_no_digits(rng):
    t = 1e6 + rng.normal(size=500)
    t[[100, 300]] = 1e9
    np.testing.assert_allclose(mass(t[40:70], t), distances(t[40:70], t, 30)[0], rtol=0, atol=1e-6)


def test_a_query_that_is_not_finite_is_far_from_all():
    assert np.isinf(mass([1.0, np.nan, 2.0], [1.0, 2, 3, 4])).all()


def test_threads_change_no_bit(rng):
    t = rng.normal(size=60_001)
    try:
        answers = []
        for threads in (1, 2, 5):
            marey.set_num_threads(threads)
            answers.append(mass(t[:50], t))
    finally:
        marey.set_num_threads(0)
    for answer in answers[1:]:
        np.testing.assert_array_equal(answer, answers[0])


def test_whole_numbers_and_lists_are_taken(rng):
    q, t = rng.integers(0, 9, 8), rng.integers(0, 9, 50)
    np.testing.assert_array_equal(mass(q, t), mass(q.tolist(), t.astype(float).tolist()))


@pytest.mark.parametrize(
    ("q", "t", "error", "message"),
    [
        (np.zeros(2), np.zeros(50), ValueError, "`q` has 2 values; expected 3 to 50"),
        (np.zeros(51), np.zeros(50), ValueError, "`q` has 51 values; expected 3 to 50"),
        (np.zeros((2, 5)), np.zeros((3, 50)), ValueError, r"`q` has shape \(2, 5\) and `t` \(3, 50\)"),
        (np.zeros((1, 5)), np.zeros(50), ValueError, "expected a query for each series"),
        (np.zeros(5), np.zeros((2, 3, 50)), ValueError, r"`t` has shape \(2, 3, 50\); expected \(n,\) or \(B, n\)"),
        (np.zeros(5, complex), np.zeros(50), TypeError, "`q` has dtype complex128"),
    ],
)
def test_misuse_is_told(q, t, error, message):
    with pytest.raises(error, match=message):
        mass(q, t)
