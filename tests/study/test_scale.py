"""Raw values to standard scores and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marey.study.p12.scale import Scale, Statics
from marey.study.p12.synthetic import synthetic_stays


def test_scores_are_standard_and_reversible() -> None:
    events = synthetic_stays(100, seed=1)
    scale = Scale.fit(events.vocab, events.code, events.value)
    z = scale(events.code, events.value)
    for v, name in enumerate(events.vocab):
        mine = z[events.code == v]
        mine = mine[np.isfinite(mine)]
        if mine.std() > 0:
            np.testing.assert_allclose([mine.mean(), mine.std()], [0, 1], atol=1e-4, err_msg=name)
    edges = np.stack([scale.low - scale.mean, scale.high - scale.mean]) / scale.sd
    low, high = edges[:, events.code]
    inside = (z > low + 1e-4) & (z < high - 1e-4)  # clipped values do not come back
    assert inside.mean() > 0.85
    back = scale.inverse(events.code[inside], z[inside])
    # z is float32: its rounding, times the slope of the inverse.
    np.testing.assert_allclose(back, events.value[inside], rtol=1e-5, atol=1e-5)


def test_skewed_variables_are_taken_on_a_log_scale() -> None:
    rng = np.random.default_rng(0)
    code = np.repeat([0, 1], 2000)
    value = np.concatenate([np.exp(rng.normal(0, 1, 2000)), rng.normal(100, 5, 2000)])
    assert Scale.fit(("lactate", "sodium"), code, value).log.tolist() == [True, False]


def test_impossible_values_are_not_measured_and_extreme_ones_are_clipped() -> None:
    rng = np.random.default_rng(0)
    scale = Scale.fit(("Temp",), np.zeros(5000, int), rng.normal(37, 0.7, 5000))
    cold, fever, inferno, unknown = scale(np.zeros(4, int), np.array([17.0, 44.0, 4000.0, np.nan]))
    assert np.isnan([cold, inferno, unknown]).all()
    assert fever == scale(np.zeros(1, int), np.array([43.0]))[0] < 4


def test_a_scale_is_of_its_training_events_alone() -> None:
    events = synthetic_stays(60, seed=2)
    a, b = events[:30], events[30:]
    scale = Scale.fit(a.vocab, a.code, a.value)
    before = scale(b.code, b.value)
    np.testing.assert_array_equal(Scale.fit(a.vocab, a.code, a.value)(b.code, b.value), before)
    assert not np.array_equal(Scale.fit(b.vocab, b.code, b.value)(b.code, b.value), before, equal_nan=True)


def test_a_variable_never_seen_in_training_passes_unchanged() -> None:
    scale = Scale.fit(("HR", "new"), np.zeros(3, int), np.array([60.0, 70, 80]))
    assert scale(np.array([1]), np.array([2.5])) == 2.5


@given(st.lists(st.floats(0, 1e6, width=32), min_size=1, max_size=50))
def test_any_values_give_finite_scores_in_order(values: list[float]) -> None:
    value = np.sort(np.array(values))
    code = np.zeros(len(value), int)
    z = Scale.fit(("x",), code, value)(code, value)
    assert np.isfinite(z).all()
    assert (np.diff(z) >= 0).all()


def test_statics_say_what_is_not_known() -> None:
    events = synthetic_stays(50, seed=3)
    statics = Statics.fit(events)
    columns = {name: np.array([np.nan, 1e9]) for name in statics.numeric}
    rows = statics({**columns, "ICUType": np.array([1.0, 7.0])}, 2)
    assert rows.shape == (2, statics.width)
    known = rows[:, 1 : 2 * len(statics.numeric) : 2]
    kinds = rows[:, 2 * len(statics.numeric) :]
    assert known[0].sum() == 0
    assert kinds[0].sum() == 1
    assert kinds[1].sum() == 0, "a kind of unit that training never saw is none of those it saw"


def test_a_scale_needs_no_values_at_all() -> None:
    scale = Scale.fit(("a", "b"), np.zeros(0, int), np.zeros(0))
    np.testing.assert_array_equal(scale(np.array([0, 1]), np.array([1.5, np.nan])), np.float32([1.5, np.nan]))


@pytest.mark.parametrize("constant", [0.0, 1.0, -3.5, 1e6])
def test_a_constant_variable_is_zero(constant: float) -> None:
    code, value = np.zeros(7, int), np.full(7, constant)
    np.testing.assert_allclose(Scale.fit(("MechVent",), code, value)(code, value), 0, atol=1e-6)
