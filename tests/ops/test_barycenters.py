"""dba and soft_dtw_barycenter: against tslearn's values, the plain round, and their own promises."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import marey
from marey.distance import dba, dtw_cdist, soft_dtw, soft_dtw_barycenter
from marey.distance._lbfgs import minimize
from marey.reference.dba import dba_round

ORACLE = json.loads((Path(__file__).parents[1] / "distance/oracle_barycenter.json").read_text())["sets"]


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize("case", ORACLE)
def test_dba_equals_tslearn(case: dict[str, Any]) -> None:
    for rounds, center in case["dba after rounds"].items():
        options = {"weights": case["weights"], "rounds": int(rounds), "tolerance": 0.0}
        found = dba(np.array(case["x"]), np.array(case["start"]), **options)
        np.testing.assert_allclose(found.center, center, rtol=1e-12, atol=1e-12)


def _soft_cost(center: Any, x: Any, gamma: float, weights: Any) -> float:
    values = soft_dtw(np.repeat(center[None], len(x), axis=0), x, gamma)
    return float(weights @ values / weights.sum())


@pytest.mark.parametrize("case", ORACLE)
def test_the_soft_center_of_tslearn_is_a_minimum(case: dict[str, Any]) -> None:
    """Of many: two minimisers may end in different ones."""
    x, weights = np.array(case["x"]), np.array(case["weights"])
    for gamma, center in case["soft of gamma"].items():
        options = {"weights": weights, "rounds": 2000, "tolerance": 0.0}
        stayed = soft_dtw_barycenter(x, float(gamma), np.array(center), **options)
        np.testing.assert_allclose(stayed.center, center, atol=1e-4)
        assert stayed.cost == pytest.approx(_soft_cost(np.array(center), x, float(gamma), weights), rel=1e-8)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**32),
    st.lists(st.integers(1, 14), min_size=1, max_size=40),
    st.integers(1, 14),
    st.sampled_from([None, 13]),
    st.booleans(),
)
def test_a_round_equals_the_plain_one(
    seed: int, sizes: list[int], m: int, window: int | None, of_integers: bool
) -> None:
    rng = np.random.default_rng(seed)
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    draw = (lambda size: rng.integers(-2, 3, size=size) / 1.0) if of_integers else (lambda size: rng.normal(size=size))
    x, start, weights = draw((2, offsets[-1])), draw((2, m)), rng.uniform(0.1, 1.0, len(sizes))
    weights /= weights.sum()
    series = [x[:, a:b] for a, b in itertools.pairwise(offsets)]
    center, cost = dba_round(series, start, weights, window)
    sums, counts, squares = marey._core.dba_round(x, offsets, start, weights, 2**62 if window is None else window)
    np.testing.assert_allclose(sums / counts, center, rtol=1e-12, atol=1e-12)
    assert weights @ squares == pytest.approx(cost, rel=1e-12)
    np.testing.assert_array_equal(np.sqrt(squares), dtw_cdist(x, start[None], x_offsets=offsets, window=window)[:, 0])


@pytest.mark.parametrize("window", [0, 3, None])
def test_a_band_is_kept_and_no_round_raises_the_cost(window: int | None, rng: np.random.Generator) -> None:
    x = rng.normal(size=(70, 2, 33)).cumsum(axis=2)
    costs = [dba(x, window=window, rounds=k, tolerance=0.0).cost for k in range(8)]
    assert (np.diff(costs) <= 0).all()
    center = dba(x, window=window, rounds=1, tolerance=0.0).center
    expected, _ = dba_round(x, x.mean(axis=0), np.full(70, 1 / 70), window)
    np.testing.assert_allclose(center, expected, rtol=1e-12, atol=1e-12)
    if window == 0:
        np.testing.assert_allclose(center, x.mean(axis=0), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_threads_and_dtype(dtype: str, rng: np.random.Generator) -> None:
    x = rng.normal(size=(90, 40)).cumsum(axis=1).astype(dtype)
    found = {}
    for threads in (1, 4):
        marey.set_num_threads(threads)
        try:
            found[threads] = [f(x, window=9, rounds=5) for f in (dba, soft_dtw_barycenter)]
        finally:
            marey.set_num_threads(0)
    for one, many in zip(found[1], found[4], strict=True):
        assert one.center.dtype == dtype
        assert one.center.shape == (40,)
        np.testing.assert_array_equal(one.center, many.center)
        assert one.cost == many.cost


def test_packed_equals_alone_and_weights_count_copies(rng: np.random.Generator) -> None:
    x = rng.normal(size=(4, 1, 12)).cumsum(axis=2)
    packed = {"x_offsets": np.arange(5) * 12, "rounds": 4}
    for function in (dba, soft_dtw_barycenter):
        whole = function(x, rounds=4)
        np.testing.assert_array_equal(function(x.swapaxes(0, 1).reshape(1, 48), **packed).center, whole.center)
        np.testing.assert_array_equal(function(x.reshape(48), **packed).center, whole.center[0])
        copied = function(x[[0, 0, 0, 1, 2, 3]], rounds=4, start=x[0])
        counted = function(x, rounds=4, start=x[0], weights=[3, 1, 1, 1])
        np.testing.assert_allclose(counted.center, copied.center, rtol=1e-9, atol=1e-9)
        assert counted.cost == pytest.approx(copied.cost, rel=1e-9)


def test_of_one_series_it_is_the_series(rng: np.random.Generator) -> None:
    x = rng.normal(size=(1, 3, 20))
    found = dba(x)
    np.testing.assert_array_equal(found.center, x[0])
    assert found.cost == 0
    assert dba(x, length=7, rounds=0).center.shape == (3, 7)


def test_the_soft_center_of_one_series_has_no_slope(rng: np.random.Generator) -> None:
    x = rng.normal(size=(3, 1, 10)).cumsum(axis=2)
    found = soft_dtw_barycenter(x, 0.5, rounds=500, tolerance=0.0)
    nudges = rng.normal(size=(20, 1, 10)) * 1e-3
    costs = [_soft_cost(found.center + nudge, x, 0.5, np.ones(3)) for nudge in nudges]
    assert min(costs) > found.cost


def test_the_minimiser_finds_the_bottom_of_a_valley() -> None:
    def rosenbrock(x: Any) -> tuple[float, Any]:
        a, b = x
        value = (1 - a) ** 2 + 100 * (b - a * a) ** 2
        return value, np.array([-2 * (1 - a) - 400 * a * (b - a * a), 200 * (b - a * a)])

    at, value, taken = minimize(rosenbrock, np.array([-1.2, 1.0]), 200, 0.0)
    np.testing.assert_allclose(at, [1.0, 1.0], rtol=1e-6)
    assert value < 1e-12
    assert taken < 100


@pytest.mark.parametrize("function", [dba, soft_dtw_barycenter])
def test_misuse_is_told(function: Any) -> None:
    x = np.zeros((3, 2, 6))
    spoilt = x.copy()
    spoilt[1, 0, 2] = np.nan
    for call, error, message in [
        (lambda: function(x[0, 0]), ValueError, r"`X` has shape \(6,\)"),
        (lambda: function(x.astype(int)), TypeError, "`X` has dtype int64"),
        (lambda: function(spoilt), ValueError, "series 1 of `X` has a value that is not finite"),
        (lambda: function(x[:, :, :0]), ValueError, "series 0 of `X` has no steps"),
        (lambda: function(x[:0]), ValueError, "`X` has no series"),
        (lambda: function(x, start=np.zeros(6)), ValueError, r"`start` has shape \(6,\); expected \(2, M\)"),
        (lambda: function(x, start=spoilt[1]), ValueError, "`start` has a value that is not finite"),
        (lambda: function(x, start=x[0], length=4), TypeError, "`length` and `start` were both given"),
        (lambda: function(x, length=0), ValueError, "`length` is 0"),
        (lambda: function(x, length=3, window=2), ValueError, "`window` is 2; series 0 of `X` has 6 steps"),
        (lambda: function(x, weights=[1, 1]), ValueError, r"`weights` has shape \(2,\); expected \(3,\)"),
        (lambda: function(x, weights=[1, -1, 1]), ValueError, "`weights` must be finite, 0 or more"),
        (lambda: function(x, rounds=-1), ValueError, "`rounds` is -1"),
        (lambda: function(x, tolerance=np.nan), ValueError, "`tolerance` is nan"),
        (lambda: function(x[0], x_offsets=np.array([0, 7])), ValueError, "`x_offsets` must rise from 0 to the 6"),
    ]:
        with pytest.raises(error, match=message):
            call()
    with pytest.raises(ValueError, match="too far apart for float64"):
        function(np.full((2, 4), 1e200) * [[1], [-1]])
    with pytest.raises(ValueError, match="`gamma` is 0"):
        soft_dtw_barycenter(x, 0)
