"""aalen_johansen against R's survival and lifelines, cases in which it is Kaplan-Meier, and what must not matter."""

from __future__ import annotations

import json

import numpy as np
import pytest
from oracle import HERE, TABLE

from marey.survival import aalen_johansen, kaplan_meier

R = {name: np.array(v) for name, v in json.loads((HERE / "oracle_competing.json").read_text()).items()}
PEER = {name: np.array(v) for name, v in json.loads((HERE / "oracle_accuracy.json").read_text()).items()}
CAUSE = np.where(TABLE["event"] == 1, np.where(TABLE["group"] == 2, 2, 1), 0)
TIME = TABLE["time"]
CLOSE = {"rtol": 1e-12, "atol": 1e-14}  # a few dozen roundings


def test_states_are_those_of_r():
    curve = aalen_johansen(TIME, CAUSE)
    np.testing.assert_array_equal(curve.time, R["aj_time"])
    state = R["aj_state"].reshape(3, -1).T
    np.testing.assert_allclose(curve.survival, state[:, 0], **CLOSE)
    np.testing.assert_allclose(curve.incidence, state[:, 1:], **CLOSE)


def test_entries_weights_and_groups_are_those_of_r():
    curve = aalen_johansen(TIME, CAUSE, entry=TABLE["entry"], weights=TABLE["weight"], group=TABLE["group"])
    state = R["aj_full_state"].reshape(3, -1).T
    kept = np.isin(curve.time + 100 * np.repeat([0, 1, 2], np.diff(curve.offsets)), _times_of_r(curve))
    np.testing.assert_array_equal(curve.time[kept], R["aj_full_time"])
    np.testing.assert_allclose(np.c_[curve.survival, curve.incidence][kept], state, **CLOSE)


def _times_of_r(curve):
    """R's times, told apart by group: they rise within each."""
    time = R["aj_full_time"]
    return time + 100 * np.concatenate([[0], np.cumsum(np.diff(time) < 0)])


@pytest.mark.parametrize("cause", [1, 2])
def test_estimate_and_variance_are_those_of_lifelines(cause):
    curve = aalen_johansen(TIME + np.arange(1, 81) / 1000, CAUSE)
    np.testing.assert_allclose(curve.incidence[:, cause - 1], PEER[f"incidence{cause}"], **CLOSE)
    np.testing.assert_allclose(curve.std_error[:, cause - 1] ** 2, PEER[f"variance{cause}"], rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("options", [{}, {"entry": TABLE["entry"], "weights": TABLE["weight"]}])
def test_one_cause_is_what_kaplan_meier_leaves(options):
    curve, km = aalen_johansen(TIME, TABLE["event"], **options), kaplan_meier(TIME, TABLE["event"], **options)
    np.testing.assert_allclose(curve.incidence[:, 0], 1 - km.survival, **CLOSE)
    np.testing.assert_allclose(curve.survival, km.survival, **CLOSE)
    last = km.survival > 0  # Greenwood is undefined where the curve has ended
    np.testing.assert_allclose(curve.std_error[last, 0], km.std_error[last], rtol=1e-9, atol=1e-12)


def test_all_states_are_one():
    curve = aalen_johansen(TIME, np.where(CAUSE == 0, 0, CAUSE * 7), group=TABLE["group"])
    assert list(curve.causes) == [7, 14]
    np.testing.assert_allclose(curve.survival + curve.incidence.sum(axis=1), 1, rtol=1e-13)


def test_what_must_not_matter():
    p = np.random.default_rng(0).permutation(80)
    one = aalen_johansen(TIME, CAUSE, group=TABLE["group"])
    other = aalen_johansen(TIME[p] * 3, CAUSE[p], group=TABLE["group"][p])
    np.testing.assert_array_equal(other.incidence, one.incidence)
    np.testing.assert_array_equal(other.std_error, one.std_error)
    weights = TABLE["weight"].astype(int)
    repeated = aalen_johansen(np.repeat(TIME, weights), np.repeat(CAUSE, weights))
    weighted = aalen_johansen(TIME, CAUSE, weights=weights)
    np.testing.assert_allclose(weighted.incidence, repeated.incidence, **CLOSE)
    np.testing.assert_allclose(weighted.std_error, repeated.std_error, rtol=1e-12)


def test_groups_are_curves_of_their_own():
    curves = aalen_johansen(TIME, CAUSE, group=TABLE["stratum"])
    assert curves.at([3.0, 9.0]).shape == (2, 2, 2)
    for g, label in enumerate(curves.groups):
        own = TABLE["stratum"] == label
        alone = aalen_johansen(TIME[own], CAUSE[own])
        np.testing.assert_array_equal(curves.incidence[slice(*curves.offsets[g : g + 2])], alone.incidence)
        np.testing.assert_array_equal(curves.at([0.0, 3.0, 1e9])[g], alone.at([0.0, 3.0, 1e9]))


@pytest.mark.parametrize("conf_type", ["log-log", "plain"])
def test_limits_enclose_and_stay_probabilities(conf_type):
    curve = aalen_johansen(TIME, CAUSE, conf_type=conf_type)
    assert (curve.lower <= curve.incidence).all()
    assert (curve.incidence <= curve.upper).all()
    assert (curve.lower >= 0).all()
    assert (curve.upper <= 1).all()
    some = curve.incidence[:, 0] > 0
    assert (curve.lower[some, 0] < curve.upper[some, 0]).all()


def test_to_frame_and_plot():
    figure = pytest.importorskip("matplotlib.figure")
    pytest.importorskip("pandas")
    curve = aalen_johansen(TIME, CAUSE, group=TABLE["stratum"])
    assert len(curve.to_frame()) == 2 * len(curve.time)
    assert len(curve.plot(figure.Figure().subplots()).lines) == 4
    assert repr(curve).startswith("AalenJohansen(by the last time 0.0: cause 1: ")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"event": [0, 0, 0]}, "`event` marks no event"),
        ({"event": [0, 1.5, 0]}, "`event` of row 1 is 1.5"),
        ({"event": [0, 1]}, r"`event` has shape \(2,\)"),
        ({"time": [1.0, np.nan, 2.0]}, "`time` of row 1 is NaN"),
        ({"entry": [0.0, 2.0, 0.0]}, "`entry` of row 1 is 2"),
        ({"conf_type": "log"}, "`conf_type` is 'log'"),
    ],
)
def test_bad_input_is_named(change, message):
    good = {"time": [1.0, 2.0, 3.0], "event": [1, 2, 0]}
    with pytest.raises(ValueError, match=message):
        aalen_johansen(**(good | change))
