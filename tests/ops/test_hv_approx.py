"""The sampled hypervolume: near the exact one, inside its own interval as often as promised."""

import numpy as np
import pytest
from fronts import convex, linear, spherical

import marey
from marey.moo import hv_approx, hypervolume


@pytest.mark.parametrize("front", [spherical, linear, convex])
@pytest.mark.parametrize("d", [1, 2, 4, 6])
def test_is_near_the_exact_volume(front, d):
    F, ref = front(np.random.default_rng(d), 60, d), np.full(d, 1.1)
    exact = float(hypervolume(F, ref))
    value, (low, high) = hv_approx(F, ref, n=20_000, seed=1)
    assert low <= value <= high
    assert value == pytest.approx(exact, rel=0.02)
    assert high - low < 0.05 * exact


def test_the_interval_holds_the_volume_as_often_as_promised():
    F, ref = linear(np.random.default_rng(0), 40, 4), np.full(4, 1.05)
    exact = hypervolume(F, ref)
    hits = 0
    for seed in range(400):
        _, (low, high) = hv_approx(F, ref, n=320, seed=seed)
        hits += low <= exact <= high
    # 95 % of 400, and four standard deviations of a binomial.
    assert hits >= 380 - 4 * np.sqrt(400 * 0.95 * 0.05)


def test_has_no_bias():
    F, ref = spherical(np.random.default_rng(2), 30, 3), np.ones(3)
    values = np.array([hv_approx(F, ref, n=24, seed=seed)[0] for seed in range(500)])
    error = values.std(ddof=1) / np.sqrt(len(values))
    assert abs(values.mean() - hypervolume(F, ref)) < 4 * error


def test_a_seed_gives_the_same_bits_on_any_number_of_threads():
    F = linear(np.random.default_rng(3), 500, 5)
    found = set()
    for threads in (1, 2, 3):
        marey.set_num_threads(threads)
        found.add(hv_approx(F, np.ones(5), n=40_000, seed=9))
    marey.set_num_threads(0)
    assert len(found) == 1
    assert hv_approx(F, np.ones(5), n=40_000, seed=10) not in found


def test_nothing_below_the_reference_is_zero():
    assert hv_approx([[2.0, 2.0]], [1.0, 1.0]) == (0.0, (0.0, 0.0))


def test_errors():
    with pytest.raises(ValueError, match="`n` is 0; expected at least 1"):
        hv_approx([[0.0]], [1.0], n=0)
    with pytest.raises(ValueError, match="`seed` is -1"):
        hv_approx([[0.0]], [1.0], seed=-1)
    with pytest.raises(TypeError, match=r"`n` is 1\.5; expected an integer"):
        hv_approx([[0.0]], [1.0], n=1.5)
