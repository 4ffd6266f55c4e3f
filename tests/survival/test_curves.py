"""kaplan_meier, nelson_aalen and rmst against R, against the plain reference, and against what must not matter."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import TABLE, R

from marey.reference.kaplan_meier import kaplan_meier as reference
from marey.survival import kaplan_meier, nelson_aalen, rmst

# Products and sums of a few dozen terms, each rounded: a few 1e-16 of values of order 1.
CLOSE = {"rtol": 1e-12, "atol": 1e-14}


def cohort(seed, n=200, tied=True):
    rng = np.random.default_rng(seed)
    time = rng.exponential(5, n)
    time = np.ceil(time) if tied else time
    return time, rng.random(n) < 0.6, time * rng.uniform(0, 0.9, n), rng.uniform(0.1, 3, n)


@pytest.mark.parametrize("conf_type", ["log", "log-log", "plain", "arcsin", "logit"])
def test_survival_and_limits_are_those_of_r(conf_type):
    curve = kaplan_meier(TABLE["time"], TABLE["event"], conf_type=conf_type)
    np.testing.assert_array_equal(curve.time, R["km_time"])
    np.testing.assert_allclose(curve.survival, R["km_surv"], **CLOSE)
    np.testing.assert_allclose(curve.std_error, R["km_std_err"], **CLOSE)
    np.testing.assert_allclose(curve.lower, R[f"km_lower_{conf_type}"], **CLOSE)
    np.testing.assert_allclose(curve.upper, R[f"km_upper_{conf_type}"], **CLOSE)
    np.testing.assert_allclose(curve.quantile(), R["km_median"])


def test_groups_entries_and_weights_are_those_of_r():
    curve = kaplan_meier(
        TABLE["time"], TABLE["event"], entry=TABLE["entry"], weights=TABLE["weight"], group=TABLE["group"]
    )
    np.testing.assert_array_equal(curve.time, R["km_entry_time"])
    np.testing.assert_array_equal(curve.n_at_risk, R["km_entry_risk"])
    np.testing.assert_allclose(curve.survival, R["km_entry_surv"], **CLOSE)


def test_hazard_and_restricted_mean_are_those_of_r():
    hazard = nelson_aalen(TABLE["time"], TABLE["event"])
    np.testing.assert_allclose(hazard.hazard, R["na_hazard"], **CLOSE)
    np.testing.assert_allclose(hazard.std_error, R["na_std_err"], **CLOSE)
    mean = rmst(TABLE["time"], TABLE["event"], tau=15)
    np.testing.assert_allclose([mean.estimate[0], mean.std_error[0]], R["rmst"], **CLOSE)


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_equals_the_reference(seed, tied):
    time, event, entry, weights = cohort(seed, tied=tied)
    for options in ({}, {"entry": entry}, {"weights": weights}, {"entry": entry, "weights": weights}):
        t, r, d, survival, hazard = reference(time, event, **options)
        curve = kaplan_meier(time, event, **options)
        np.testing.assert_array_equal(curve.time, t)
        np.testing.assert_allclose(curve.n_at_risk, r, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(curve.n_events, d, rtol=1e-12)
        np.testing.assert_allclose(curve.survival, survival, rtol=1e-11, atol=1e-13)
        np.testing.assert_allclose(nelson_aalen(time, event, **options).hazard, hazard, rtol=1e-11)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_times_are_sorted(data):
    """Every magnitude and sign, ties and neighbours in the last bit, more rows than the radix sort's least."""
    some = st.floats(-1e300, 1e300) | st.sampled_from([0.0, -0.0, 5e-324, 1.0, np.nextafter(1.0, 2.0)])
    few = np.array(data.draw(st.lists(some, min_size=1, max_size=12)))
    n = data.draw(st.integers(1, 300))
    time = np.random.default_rng(0).choice(few, n)
    curve = kaplan_meier(time, np.ones(n, bool))
    found, counts = np.unique(time, return_counts=True)
    np.testing.assert_array_equal(curve.time, found)
    np.testing.assert_array_equal(curve.n_events, counts)


def test_neither_row_order_nor_the_unit_of_time_matters():
    time, event, entry, _ = cohort(5)
    curve = kaplan_meier(time, event, entry=entry)
    p = np.random.default_rng(1).permutation(len(time))
    scaled = kaplan_meier(time[p] * 4, event[p], entry=entry[p] * 4)
    np.testing.assert_array_equal(scaled.time, curve.time * 4)
    np.testing.assert_array_equal(scaled.survival, curve.survival)


def test_a_weight_of_three_is_three_rows():
    time, event, entry, _ = cohort(6)
    weights = np.random.default_rng(2).integers(0, 4, len(time))
    repeated = kaplan_meier(*(np.repeat(a, weights) for a in (time, event)), entry=np.repeat(entry, weights))
    weighted = kaplan_meier(time, event, entry=entry, weights=weights)
    np.testing.assert_allclose(weighted.at(repeated.time), repeated.survival, **CLOSE)


def test_groups_are_curves_of_their_own():
    time, event, entry, weights = cohort(7)
    group = np.array(["a", "b", "c"])[np.random.default_rng(3).integers(0, 3, len(time))]
    curves = kaplan_meier(time, event, entry=entry, weights=weights, group=group)
    assert list(curves.groups) == ["a", "b", "c"]
    for g, label in enumerate(curves.groups):
        part, own = slice(*curves.offsets[g : g + 2]), group == label
        alone = kaplan_meier(time[own], event[own], entry=entry[own], weights=weights[own])
        np.testing.assert_array_equal(curves.survival[part], alone.survival)
        np.testing.assert_array_equal(curves.at([0.0, 3.0, 1e9])[g], alone.at([0.0, 3.0, 1e9]))


def test_without_censoring_it_is_the_share_still_alive():
    time = np.random.default_rng(4).exponential(size=500)
    curve = kaplan_meier(time, np.ones(500))
    np.testing.assert_allclose(curve.survival, 1 - np.arange(1, 501) / 500, rtol=0, atol=1e-13)
    np.testing.assert_allclose(rmst(time, np.ones(500), tau=time.max()).estimate, time.mean(), rtol=1e-12)


def test_no_event_at_all_is_certain_survival():
    curve = kaplan_meier([1.0, 2.0], [0, 0])
    np.testing.assert_array_equal([curve.survival, curve.lower, curve.upper], np.ones((3, 2)))
    assert np.isnan(curve.quantile()).all()


def test_no_rows():
    assert len(kaplan_meier([], []).time) == 0
    assert "median = nan" in repr(kaplan_meier([], []))


def test_to_frame_and_plot():
    matplotlib = pytest.importorskip("matplotlib")
    figure = pytest.importorskip("matplotlib.figure")
    matplotlib.use("Agg")
    pytest.importorskip("pandas")
    for estimate in (kaplan_meier, nelson_aalen):
        curve = estimate(TABLE["time"], TABLE["event"], group=TABLE["group"])
        frame = curve.to_frame()
        assert list(frame["group"].unique()) == [0, 1, 2]
        np.testing.assert_array_equal(frame["estimate"], curve.estimate)
        axes = figure.Figure().subplots()
        assert len(curve.plot(axes).lines) == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"time": [1.0, np.nan, 3.0]}, "`time` of row 1 is NaN"),
        ({"time": [1.0, 2.0, np.inf]}, "`time` of row 2 is inf"),
        ({"time": [[1.0, 2.0, 3.0]]}, r"`time` has shape \(1, 3\)"),
        ({"event": [1, 0]}, r"`event` has shape \(2,\); expected \(n,\) = \(3,\)"),
        ({"event": [1, 2, 0]}, "`event` of row 1 is 2"),
        ({"event": [1.0, 0.0, np.nan]}, "`event` of row 2 is nan"),
        ({"weights": [1.0, 1.0, -2.0]}, r"`weights` of row 2 is -2.0; expected a weight >= 0"),
        ({"weights": [1.0, np.nan, 1.0]}, "`weights` of row 1 is NaN"),
        ({"entry": [0.0, 2.0, 0.0]}, r"`entry` of row 1 is 2.0, its `time` 2.0"),
        ({"group": ["a", "b"]}, r"`group` has shape \(2,\)"),
        ({"group": [1.0, np.nan, 1.0]}, "`group` of row 1 is NaN"),
        ({"conf_type": "probit"}, "`conf_type` is 'probit'; expected one of 'log'"),
        ({"conf_level": 95}, "`conf_level` is 95"),
    ],
)
def test_bad_input_is_named(change, message):
    good = {"time": [1.0, 2.0, 3.0], "event": [1, 0, 1]}
    with pytest.raises(ValueError, match=message):
        kaplan_meier(**(good | change))


def test_texts_are_no_times():
    with pytest.raises(TypeError, match="`time` has dtype"):
        kaplan_meier(["a", "b"], [1, 0])


def test_restricted_mean_refuses_what_was_not_followed():
    with pytest.raises(ValueError, match=r"`tau` is 9\.0, beyond the last time 2\.0"):
        rmst([1.0, 2.0], [1, 0], tau=9.0)
