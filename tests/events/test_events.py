"""Events: its rules, and how it is cut and joined."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from event_strategies import cohorts
from hypothesis import given
from hypothesis import strategies as st

from marey.events import Events, ReadReport, Skipped


def small(**changes: Any) -> Events:
    columns: dict[str, Any] = {
        "subject_id": np.array([7, 9, 3]),
        "offsets": np.array([0, 2, 2, 5]),
        "time": np.array([0.5, 1.0, 0.0, 0.0, 2.0]),
        "code": np.array([0, 1, 1, 0, 0], np.int32),
        "value": np.array([80, 36.6, 37, 90, np.nan], np.float32),
        "vocab": ("HR", "Temp"),
        "statics": {"Age": np.array([50, 60, np.nan], np.float32)},
        "labels": {"death": np.array([0, 1, 0], np.int8)},
    }
    return Events(**columns | changes)


def rows(ev: Events) -> list[tuple[int, Any, str, str]]:
    """Every event by itself, in plain Python; the value as text, so that NaN equals NaN."""
    return [
        (int(ev.subject_id[s]), ev.time[i], ev.vocab[ev.code[i]], repr(ev.value[i]))
        for s in range(len(ev))
        for i in range(ev.offsets[s], ev.offsets[s + 1])
    ]


@given(cohorts(), st.data())
def test_selected_subjects_keep_their_events_statics_and_labels(ev: Events, data: st.DataObject) -> None:
    n = len(ev)
    positions = data.draw(st.lists(st.integers(-n, n - 1), unique_by=lambda i: i % n) if n else st.just([]))
    part = ev[np.array(positions, int)]
    by_subject = {int(s): [row for row in rows(ev) if row[0] == s] for s in ev.subject_id}
    assert part.subject_id.tolist() == [int(ev.subject_id[i]) for i in positions]
    assert rows(part) == [row for i in positions for row in by_subject[int(ev.subject_id[i])]]
    np.testing.assert_array_equal(part.statics["Age"], ev.statics["Age"][positions])
    np.testing.assert_array_equal(part.labels["death"], ev.labels["death"][positions])


@given(cohorts(), st.slices(6))
def test_a_slice_is_the_index_array_it_stands_for(ev: Events, cut: slice) -> None:
    assert ev[cut].equals(ev[np.arange(len(ev))[cut]])


@given(cohorts(), st.data())
def test_a_mask_is_the_index_array_it_stands_for(ev: Events, data: st.DataObject) -> None:
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=len(ev), max_size=len(ev))), bool)
    assert ev[mask].equals(ev[np.flatnonzero(mask)])


@given(cohorts())
def test_iteration_and_concat_undo_each_other(ev: Events) -> None:
    parts = list(ev)
    assert [len(part) for part in parts] == [1] * len(ev)
    if parts:
        assert Events.concat(parts).equals(ev)


@given(cohorts(dated=False), st.floats(-1, 50), st.floats(-1, 50))
def test_between_is_half_open_and_keeps_every_subject(ev: Events, t0: float, t1: float) -> None:
    part = ev.between(t0, t1)
    assert rows(part) == [row for row in rows(ev) if t0 <= row[1] < t1]
    np.testing.assert_array_equal(part.subject_id, ev.subject_id)


@given(cohorts(dated=False), st.floats(-1, 50))
def test_before_and_from_a_time_are_the_whole(ev: Events, t: float) -> None:
    before, after = ev.between(-np.inf, t), ev.between(t, np.inf)
    assert sorted(rows(before) + rows(after)) == sorted(rows(ev))


@given(cohorts(dated=True))
def test_between_takes_dates(ev: Events) -> None:
    noon = np.datetime64("2020-02-29T12:00")
    assert rows(ev.between(noon, noon + 5)) == [row for row in rows(ev) if noon <= row[1] < noon + 5]


@given(cohorts(), st.data())
def test_select_keeps_the_named_codes_in_the_order_given(ev: Events, data: st.DataObject) -> None:
    codes = data.draw(st.lists(st.sampled_from(ev.vocab), unique=True))
    part = ev.select(codes=codes)
    assert part.vocab == tuple(codes)
    assert rows(part) == [row for row in rows(ev) if row[2] in codes]


@given(cohorts())
def test_counts_count_every_event(ev: Events) -> None:
    counts = ev.counts()
    assert counts.shape == (len(ev), len(ev.vocab))
    for s, subject in enumerate(ev):
        assert counts[s].tolist() == [sum(row[2] == name for row in rows(subject)) for name in ev.vocab]


@given(cohorts(dated=False), cohorts(dated=False))
def test_concat_unites_vocabularies(a: Events, b: Events) -> None:
    b = b[~np.isin(b.subject_id, a.subject_id)]
    both = Events.concat([a, b])
    assert rows(both) == rows(a) + rows(b)
    assert both.vocab[: len(a.vocab)] == a.vocab
    assert set(both.vocab) == {*a.vocab, *b.vocab}


def test_slices_are_views() -> None:
    ev = small()
    assert np.shares_memory(ev[1:].value, ev.value)


def test_int_selects_one_subject_from_either_end() -> None:
    ev = small()
    assert ev[2].subject_id.tolist() == ev[-1].subject_id.tolist() == [3]
    with pytest.raises(IndexError, match="subject 3 of 3"):
        ev[3]
    with pytest.raises(IndexError, match="subject -4 of 3"):
        ev[-4]


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"subject_id": [7, 9, 3]}, TypeError, "`subject_id` is a list; expected a NumPy array of int64"),
        ({"subject_id": np.array([7.0, 9, 3])}, TypeError, "`subject_id` has dtype float64; expected int64"),
        ({"subject_id": np.array([7, 9, 7])}, ValueError, "`subject_id` has 7 more than once"),
        ({"offsets": np.array([0, 2, 5])}, ValueError, r"`offsets` has shape \(3,\); expected \(N \+ 1,\) = \(4,\)"),
        (
            {"offsets": np.array([0, 2, 2, 4])},
            ValueError,
            "`offsets` runs from 0 to 4; expected from 0 to the 5 events",
        ),
        ({"offsets": np.array([0, 3, 2, 5])}, ValueError, "`offsets` falls from 3 to 2 at 2"),
        (
            {"time": np.zeros(5, np.float32)},
            TypeError,
            r"`time` has dtype float32; expected float64 or datetime64\[us\]",
        ),
        ({"time": np.array([0, np.nan, 0, 0, 0])}, ValueError, "`time` has nan"),
        ({"time": np.array([0, 1, 2, 1.5, 3])}, ValueError, "`time` falls from 2.0 to 1.5 within subject 3"),
        ({"code": np.array([0, 1, 1, 0, 2], np.int32)}, ValueError, "`code` runs from 0 to 2; .* 0 to 1"),
        ({"code": np.array([0, 1, 1, 0, -1], np.int32)}, ValueError, "`code` runs from -1 to 1; .* 0 to 1"),
        ({"value": np.zeros((5, 1), np.float32)}, ValueError, r"`value` has shape \(5, 1\); expected \(E,\) = \(5,\)"),
        ({"vocab": ["HR", "Temp"]}, TypeError, "`vocab` is not a tuple of str"),
        ({"vocab": ("HR", "HR")}, ValueError, "`vocab` has 'HR' more than once"),
        (
            {"statics": {"Age": np.zeros(2)}},
            ValueError,
            r"`statics\['Age'\]` has shape \(2,\); expected \(N,\) = \(3,\)",
        ),
        ({"labels": {"death": [0, 1, 0]}}, TypeError, r"`labels\['death'\]` is a list"),
    ],
)
def test_a_broken_rule_is_named(changes: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        small(**changes)


def test_time_may_fall_from_one_subject_to_the_next() -> None:
    assert small().time[1] > small().time[2]


def test_selection_names_what_it_cannot_take() -> None:
    ev = small()
    with pytest.raises(IndexError, match=r"the mask has shape \(2,\); expected \(N,\) = \(3,\)"):
        ev[np.array([True, False])]
    with pytest.raises(TypeError, match="flat array of bool or int"):
        ev[np.array([0.0])]
    with pytest.raises(ValueError, match="`subject_id` has 7 more than once"):
        ev[[0, 0]]
    with pytest.raises(ValueError, match="`codes` has 'Hr'; expected names of `vocab`: HR, Temp"):
        ev.select(codes=["Hr"])


def test_concat_names_what_it_cannot_join() -> None:
    ev = small()
    with pytest.raises(ValueError, match="`parts` is empty"):
        Events.concat([])
    with pytest.raises(ValueError, match="`subject_id` has 3 more than once"):
        Events.concat([ev, ev[2:]])
    with pytest.raises(ValueError, match=r"`parts\[1\]` has labels \[\], `parts\[0\]` has \['death'\]"):
        Events.concat([ev[:1], replace(ev[1:], labels={})])
    with pytest.raises(TypeError, match=r"dtype of `time`: datetime64\[us\], float64"):
        Events.concat([ev[:1], replace(ev[1:], time=ev[1:].time.astype("M8[us]"))])


def test_equals_sees_every_array() -> None:
    ev = small()
    assert ev.equals(small(source="elsewhere"))
    for changes in (
        {"subject_id": np.array([7, 9, 4])},
        {"time": ev.time + 1},
        {"value": ev.value + 1},
        {"vocab": ("HR", "T")},
        {"statics": {}},
        {"labels": {"death": np.array([0, 1, 1], np.int8)}},
        {"labels": {"death": np.array([0, 1, 0], np.int16)}},
    ):
        assert not ev.equals(small(**changes)), changes


def test_repr_says_how_much_there_is() -> None:
    assert repr(small(source="ward")) == "Events(3 subjects, 5 events, 2 codes, 0 to 2 h, source='ward')"
    assert repr(small()[1]) == "Events(1 subject, 0 events, 2 codes)"
    dated = small(time=np.arange(5).astype("M8[us]"))
    assert repr(dated) == "Events(3 subjects, 5 events, 2 codes, 1970-01-01T00:00 to 1970-01-01T00:00)"


def test_html_escapes_names_and_shows_the_account() -> None:
    report = ReadReport(files=2, rows=9, rows_skipped=1, skipped=(Skipped("<b>.txt", 3, "<i>", "no"),))
    page = small(vocab=("<HR>", "Temp"), source="<script>", report=report)._repr_html_()
    assert "&lt;HR&gt;" in page
    assert "&lt;script&gt;" in page
    assert "&lt;b&gt;.txt, line 3: no: &#x27;&lt;i&gt;&#x27;" in page
    for text in ("<HR>", "<script>", "<b>.txt", "<i>"):
        assert text not in page


@given(cohorts())
def test_html_never_fails(ev: Events) -> None:
    assert ev._repr_html_().startswith('<div class="marey-events">')
