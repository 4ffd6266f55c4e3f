"""Profiles of several channels against their definition."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import marey
from marey.profile import matrix_profile, mmatrix_profile
from marey.reference.matrix_profile import distances
from marey.reference.matrix_profile import mmatrix_profile as reference


def agree(t, m, exclusion=None, other=None):
    distance, index = mmatrix_profile(t, m, exclusion=exclusion, other=other)
    expected, _ = reference(t, m, exclusion=exclusion, other=other)
    np.testing.assert_allclose(distance, expected, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(index < 0, np.isinf(expected))
    by_channel = np.sort([distances(a, b, m) for a, b in zip(t, t if other is None else other, strict=True)], axis=0)
    means = np.cumsum(by_channel, axis=0) / np.arange(1, len(t) + 1)[:, None, None]
    k, i = np.nonzero(index >= 0)
    np.testing.assert_allclose(means[k, i, index[k, i]], distance[k, i], rtol=0, atol=1e-6)
    if other is not None:
        return
    apart = -(-m // 4) if exclusion is None else exclusion
    assert (np.abs(index[k, i] - i) > apart).all()


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    d=st.integers(1, 5),
    n=st.integers(3, 120),
    m=st.integers(3, 30),
    exclusion=st.sampled_from([None, 0, 9]),
    missing=st.booleans(),
)
def test_series_of_any_shape(seed, d, n, m, exclusion, missing):
    rng = np.random.default_rng(seed)
    t = rng.normal(size=(d, max(n, m)))
    if missing:
        t[rng.random(t.shape) < 0.02] = np.nan
    agree(t, m, exclusion)


@pytest.mark.parametrize("m", [8, 40])
def test_spikes_flat_parts_and_levels(m):
    rng = np.random.default_rng(0)
    t = rng.normal(size=(4, 1100))
    t[0, [100, 640, 1000]] = [1e6, -1e6, 1e6]
    t[1, 300:600] = 2.0
    t[1, 90] = 1e6
    t[2] += 1e7
    t[3] *= np.exp(-20.0 * np.arange(1100) / 1100)
    agree(t, m)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    d=st.integers(1, 4),
    n=st.integers(3, 100),
    n_other=st.integers(3, 100),
    m=st.integers(3, 30),
    missing=st.booleans(),
)
def test_joins_of_any_shape(seed, d, n, n_other, m, missing):
    rng = np.random.default_rng(seed)
    t, other = rng.normal(size=(d, max(n, m))), rng.normal(size=(d, max(n_other, m)))
    if missing:
        t[rng.random(t.shape) < 0.02] = np.nan
        other[rng.random(other.shape) < 0.02] = np.inf
    agree(t, m, other=other)


def test_a_join_of_hard_channels():
    rng = np.random.default_rng(3)
    t, other = rng.normal(size=(3, 1100)), 1e-3 * rng.normal(size=(3, 700))
    t[0, [100, 640]] = [1e6, -1e6]
    t[1, 300:600] = other[1, 200:260] = 2.0
    other[2, 350] = 1e5
    agree(t, 24, other=other)
    agree(other, 24, other=t)


def test_one_channel_is_the_matrix_profile():
    t = np.random.default_rng(1).normal(size=1300)
    distance, index = mmatrix_profile(t[None], 20)
    p = matrix_profile(t, 20)
    np.testing.assert_array_equal(distance[0], p.distance)
    np.testing.assert_array_equal(index[0], p.index)
    distance, index = mmatrix_profile(t[None], 20, other=t[None, :500] + 1)
    p = matrix_profile(t, 20, other=t[:500] + 1)
    np.testing.assert_array_equal(distance[0], p.distance)
    np.testing.assert_array_equal(index[0], p.index)


def test_threads_change_no_bit():
    t = np.random.default_rng(2).normal(size=(3, 1900))
    answers = []
    try:
        for threads in (1, 2, 5):
            marey.set_num_threads(threads)
            answers.append(mmatrix_profile(t, 30))
    finally:
        marey.set_num_threads(0)
    for distance, index in answers[1:]:
        np.testing.assert_array_equal(distance, answers[0][0])
        np.testing.assert_array_equal(index, answers[0][1])


def test_equals_stumpys_numbers():
    """stump and mstump as stumpy told them: profile_oracle.py."""
    oracle = json.loads((Path(__file__).parent / "profile_oracle.json").read_text())
    t = np.array(oracle["t"], float)
    m = oracle["m"]
    for channel, kept in zip(t, oracle["stump"], strict=True):
        p = matrix_profile(channel, m, k=2)
        np.testing.assert_allclose(p.distance, np.array(kept["distance"], float), rtol=0, atol=1e-6)
        if kept["ties"]:  # flat windows are alike: stumpy tells the nearest in time, marey the first
            continue
        np.testing.assert_array_equal(p.left_index, kept["left"])
        np.testing.assert_array_equal(p.right_index, kept["right"])
    join = matrix_profile(t[0], m, other=t[2])
    np.testing.assert_allclose(join.distance, np.array(oracle["join"], float), rtol=0, atol=1e-6)
    np.testing.assert_allclose(mmatrix_profile(t, m)[0], np.array(oracle["mstump"], float), rtol=0, atol=1e-6)


def test_misuse_is_told():
    t = np.zeros((2, 20))
    for arguments, message in [
        ((t[0], 5), r"`t` has shape \(20,\); expected \(d, n\)"),
        ((np.zeros((33, 20)), 5), "`t` has 33 channels; expected 1 to 32"),
        ((t, 21), "`m` is 21; expected 3 to 20"),
    ]:
        with pytest.raises(ValueError, match=message):
            mmatrix_profile(*arguments)
    for more, message in [
        ({"other": np.zeros((3, 20))}, "`other` has 3 channels and `t` 2; expected as many"),
        ({"other": np.zeros((2, 4))}, "`m` is 5; expected 3 to 4, the number of values in `other`"),
        ({"other": t, "exclusion": 1}, "`exclusion` is for a recording against itself"),
    ]:
        with pytest.raises(ValueError, match=message):
            mmatrix_profile(t, 5, **more)
