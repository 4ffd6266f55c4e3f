"""Attainment surfaces: against a peer and by counting runs."""

import numpy as np
import pytest

from marey.moo import eaf


def runs_of(rng, runs, n, d, round_to=None):
    sets = [rng.random((rng.integers(1, n), d)) + rng.random(d) * 0.2 for _ in range(runs)]
    return sets if round_to is None else [np.round(points * round_to) / round_to for points in sets]


@pytest.mark.parametrize("d", [2, 3])
@pytest.mark.parametrize(("runs", "n", "round_to"), [(1, 20, None), (7, 30, None), (12, 25, 8), (5, 12, 3)])
def test_equals_moocore(d, runs, n, round_to):
    moocore = pytest.importorskip("moocore")
    sets = runs_of(np.random.default_rng(runs * d), runs, n, d, round_to)
    table = np.concatenate([np.column_stack([points, np.full(len(points), i)]) for i, points in enumerate(sets)])
    expected = moocore.eaf(table[:, :-1], sets=table[:, -1])
    levels = np.unique(expected[:, -1])
    for level, surface in zip(levels, eaf(sets, levels / 100), strict=True):
        theirs = np.unique(expected[expected[:, -1] == level, :-1], axis=0)
        np.testing.assert_array_equal(np.unique(surface, axis=0), theirs)


@pytest.mark.parametrize("d", [2, 3])
def test_counts_runs(d):
    rng = np.random.default_rng(d)
    sets = runs_of(rng, 9, 30, d)
    x = rng.random((500, d)) * 1.2
    attained = np.sum([(points <= x[:, None]).all(-1).any(-1) for points in sets], axis=0)
    for count, surface in enumerate(eaf(sets), 1):
        np.testing.assert_array_equal((surface <= x[:, None]).all(-1).any(-1), attained >= count)


def test_levels_are_shares_rounded_up():
    sets = runs_of(np.random.default_rng(1), 10, 20, 2)
    all_levels = eaf(sets)
    for level, count in ((0.3, 3), (0.31, 4), (1e-6, 1), (1.0, 10), (0.7, 7)):
        np.testing.assert_array_equal(eaf(sets, [level])[0], all_levels[count - 1])


def test_runs_without_points_attain_nothing():
    best, worst = eaf([np.zeros((0, 2)), [[1.0, 2.0]]])
    np.testing.assert_array_equal(best, [[1.0, 2.0]])
    assert worst.shape == (0, 2)


def test_errors():
    with pytest.raises(ValueError, match="`runs` is empty"):
        eaf([])
    with pytest.raises(ValueError, match=r"`runs\[1\]` has shape \(1, 3\); expected \(N, 2\)"):
        eaf([[[1.0, 2.0]], [[1.0, 2.0, 3.0]]])
    with pytest.raises(ValueError, match=r"`runs\[0\]` has shape \(1, 4\); expected \(N, 2\) or \(N, 3\)"):
        eaf([np.ones((1, 4))])
    with pytest.raises(ValueError, match=r"`levels` has 1\.5"):
        eaf([[[1.0, 2.0]]], [1.5])
