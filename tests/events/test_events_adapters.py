"""Events to Arrow, MEDS, pandas and polars and back."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from event_strategies import cohorts
from hypothesis import assume, given
from hypothesis import strategies as st

from marey.errors import BackendError
from marey.events import Events

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

LONG = {
    "subject_id": [9, 7, 7, 9, 7],
    "time": [2.0, 1.0, 0.5, 2.0, 1.0],
    "code": ["HR", "Temp", "HR", "Temp", "HR"],
    "value": [90.0, 36.5, 80.0, None, 81.0],
}


def expected_of_long() -> Events:
    return Events(
        subject_id=np.array([7, 9]),
        offsets=np.array([0, 3, 5]),
        time=np.array([0.5, 1, 1, 2, 2]),
        code=np.array([0, 1, 0, 0, 1], np.int32),
        value=np.array([80, 36.5, 81, 90, np.nan], np.float32),
        vocab=("HR", "Temp"),
    )


class Stream:
    def __init__(self, table: Any) -> None:
        self.__arrow_c_stream__ = table.__arrow_c_stream__


class Chunk:
    def __init__(self, batch: Any) -> None:
        self.__arrow_c_array__ = batch.__arrow_c_array__


@given(cohorts())
def test_arrow_round_trip_is_exact(ev: Events) -> None:
    back = Events.from_arrow(ev.to_arrow())
    assert back.equals(ev)
    assert back.source == ev.source


@given(cohorts(), st.integers(1, 3))
def test_arrow_round_trip_in_chunks_and_slices(ev: Events, n: int) -> None:
    assume(len(ev))  # no chunk, no dictionary: the vocabulary is lost with the last row
    whole = ev.to_arrow()
    chunks = pa.Table.from_batches(whole.to_batches(max_chunksize=n), whole.schema)
    assert Events.from_arrow(chunks).equals(ev)
    assert Events.from_arrow(whole.slice(n)).equals(ev[n:])


@given(cohorts())
def test_events_are_an_arrow_stream(ev: Events) -> None:
    assume(len(ev))
    assert pa.table(ev).schema.equals(ev.to_arrow().schema, check_metadata=True)
    assert Events.from_arrow(ev).equals(ev)


def test_arrow_shares_memory_both_ways() -> None:
    ev = expected_of_long()
    table = ev.to_arrow()
    back = Events.from_arrow(table)
    for name in ("subject_id", "offsets", "time", "code", "value"):
        assert np.shares_memory(getattr(back, name), getattr(ev, name)), name


def test_long_rows_in_order_share_memory() -> None:
    ev = expected_of_long()
    columns = ev.to_arrow().column("events").chunk(0).flatten().flatten()
    names = ["time", "code", "value"]
    table = pa.table({"subject_id": ev.subject_id[ev.subject_index], **dict(zip(names, columns, strict=True))})
    back = Events.from_arrow(table)
    assert back.equals(ev)
    for name in names:
        assert np.shares_memory(getattr(back, name), getattr(ev, name)), name


@pytest.mark.parametrize(
    "make",
    [
        pa.table,
        pa.record_batch,
        lambda columns: Stream(pa.table(columns)),
        lambda columns: Chunk(pa.record_batch(columns)),
        lambda columns: pytest.importorskip("polars").DataFrame(columns),
        lambda columns: (
            pytest.importorskip("polars").DataFrame(columns).cast({"code": pytest.importorskip("polars").Categorical})
        ),
        lambda columns: pa.concat_tables([pa.table(columns).slice(0, 2), pa.table(columns).slice(2)]),
        lambda columns: pa.table({**columns, "text_value": ["x"] * 5}),
        lambda columns: pa.table(columns).rename_columns(["subject_id", "time", "code", "numeric_value"]),
    ],
)
def test_long_rows_in_any_order_from_any_arrow_object(make: Any) -> None:
    assert Events.from_arrow(make(LONG)).equals(expected_of_long())


def test_dictionaries_that_differ_by_chunk_are_unified() -> None:
    table = pa.table(LONG)
    code = [table.column("code").slice(i, 1).combine_chunks().dictionary_encode() for i in range(5)]
    ev = Events.from_arrow(table.set_column(2, "code", pa.chunked_array(code)))
    assert ev.equals(expected_of_long())


def test_integer_hours_and_dates_are_taken() -> None:
    def with_time(time: Any) -> Events:
        return Events.from_arrow(pa.table({"subject_id": [1, 1], "time": time, "code": ["a", "a"], "value": [1, 2]}))

    assert with_time(pa.array([1, 2])).time.tolist() == [1.0, 2.0]
    for kind in (pa.timestamp("ns"), pa.timestamp("s"), pa.date32()):
        time = with_time(pa.array(np.array(["2020-01-01", "2020-01-02"], "M8[D]")).cast(kind)).time
        assert time.dtype == "M8[us]"
        assert time[0] == np.datetime64("2020-01-01")


def test_null_times_are_statics() -> None:
    ev = Events.from_arrow(
        pa.table(
            {
                "subject_id": [9, 7, 9, 8],
                "time": [None, 1.0, None, None],
                "code": ["Age", "HR", "Female", "Age"],
                "value": [60.0, 80.0, None, None],
            }
        )
    )
    assert ev.subject_id.tolist() == [7, 8, 9]
    assert ev.offsets.tolist() == [0, 1, 1, 1]
    assert ev.vocab == ("HR",)
    np.testing.assert_array_equal(ev.statics["Age"], np.array([np.nan, np.nan, 60], np.float32))
    assert ev.statics["Female"].tolist() == [False, False, True]


def test_a_table_of_subjects_gives_order_statics_and_labels() -> None:
    subjects = pa.table({"subject_id": [9, 5, 7], "Age": [1.0, None, 3.0], "ward": ["A", "B", "A"], "died": [0, 1, 0]})
    ev = Events.from_arrow(pa.table(LONG), subjects=subjects, labels=["died"])
    assert ev.subject_id.tolist() == [9, 5, 7]
    assert np.diff(ev.offsets).tolist() == [2, 0, 3]
    np.testing.assert_array_equal(ev.statics["Age"], [1, np.nan, 3])
    assert ev.statics["ward"].tolist() == ["A", "B", "A"]
    assert {name: column.tolist() for name, column in ev.labels.items()} == {"died": [0, 1, 0]}


def changed(**columns: Any) -> Any:
    return pa.table({name: column for name, column in (LONG | columns).items() if column is not None})


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (LONG, TypeError, "`data` is a dict; expected an object with __arrow_c_stream__"),
        (changed(value=None), ValueError, "columns subject_id, time, code; expected 'value' once"),
        (changed(subject_id=["a"] * 5), TypeError, "`subject_id` has type string; expected integers"),
        (changed(subject_id=[1, None, 1, 1, 1]), ValueError, "`subject_id` is null in row 1"),
        (changed(subject_id=pa.array([2**63] * 5, pa.uint64())), ValueError, "`subject_id` does not fit int64"),
        (changed(time=["noon"] * 5), TypeError, "`time` has type string; expected hours as numbers, or timestamps"),
        (changed(time=[0, 1, float("nan"), 3, 4]), ValueError, "`time` has nan"),
        (changed(time=pa.array([0] * 5, pa.timestamp("us", "UTC"))), TypeError, "expected timestamps without a zone"),
        (changed(time=pa.array([1] * 5, pa.timestamp("ns"))), ValueError, r"`time` does not fit timestamp\[us\]"),
        (changed(code=[1] * 5), TypeError, "`code` has type int64; expected strings"),
        (changed(code=["HR", None, "HR", "HR", "HR"]), ValueError, "`code` is null in row 1"),
        (changed(value=["high"] * 5), TypeError, "`value` has type string; expected numbers"),
        (
            changed(time=[2.0, 1.0, None, 2.0, None]),
            ValueError,
            "code 'HR' has two rows without a time of one subject",
        ),
        (pa.table({"subject_id": [1], "events": [[1.0]]}), TypeError, "`events` is a list of double"),
        (pa.table({"subject_id": [1], "events": ["x"]}), TypeError, "`events` has type string; expected a list"),
    ],
)
def test_what_does_not_fit_is_named(data: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Events.from_arrow(data)


def test_nested_nulls_are_refused() -> None:
    row = pa.struct([("time", pa.float64()), ("code", pa.string()), ("value", pa.float32())])
    for events in ([None], [[None]]):
        table = pa.table({"subject_id": [1], "events": pa.array(events, pa.list_(row))})
        with pytest.raises(ValueError, match="`events` is null in row 0"):
            Events.from_arrow(table)


def test_subjects_and_labels_that_do_not_fit_are_named() -> None:
    table, subjects = pa.table(LONG), pa.table({"subject_id": [7], "Age": [1.0]})
    with pytest.raises(ValueError, match="`subject_id` has 9, which is not among the subjects"):
        Events.from_arrow(table, subjects=subjects)
    with pytest.raises(ValueError, match="`labels` has 'died'; expected columns of `subjects`: Age"):
        Events.from_arrow(table, subjects=pa.table({"subject_id": [7, 9], "Age": [1.0, 2.0]}), labels=["died"])
    with pytest.raises(ValueError, match="`data` has one row a subject"):
        Events.from_arrow(expected_of_long().to_arrow(), subjects=subjects)


@given(cohorts())
def test_pandas_round_trip_is_exact(ev: Events) -> None:
    pytest.importorskip("pandas")
    back = Events.from_pandas(ev.to_pandas(), subjects=ev.to_pandas("subjects"), labels=list(ev.labels))
    assert back.equals(ev)


@given(cohorts())
def test_polars_round_trip_is_exact(ev: Events) -> None:
    pytest.importorskip("polars")
    back = Events.from_polars(ev.to_polars(), subjects=ev.to_polars("subjects"), labels=list(ev.labels))
    assert back.equals(ev)


@given(cohorts(), st.randoms(use_true_random=False))
def test_shuffled_frames_give_the_same_events(ev: Events, random: Any) -> None:
    pytest.importorskip("pandas")
    ev = replace(ev, time=ev.time + np.arange(len(ev.time)).astype("m8[us]" if ev.time.dtype.kind == "M" else float))
    order = list(range(len(ev.time)))
    random.shuffle(order)
    back = Events.from_pandas(ev.to_pandas().iloc[order], subjects=ev.to_pandas("subjects"), labels=list(ev.labels))
    assert back.equals(ev)


def test_frames_name_what_they_cannot_take() -> None:
    pytest.importorskip("polars")
    ev = expected_of_long()
    with pytest.raises(TypeError, match="`frame` is a dict; expected a pandas DataFrame"):
        Events.from_pandas(LONG)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="`table` is 'rows'; expected 'events' or 'subjects'"):
        ev.to_pandas("rows")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="'x' names two columns"):
        replace(ev, statics={"x": np.zeros(2)}, labels={"x": np.zeros(2)}).to_polars("subjects")


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("pyarrow", lambda ev: ev.to_arrow()),
        ("pyarrow", lambda ev: ev.to_meds()),
        ("pyarrow", lambda ev: Events.from_meds("0.parquet")),
        ("pyarrow", lambda ev: ev.to_pandas()),
        ("pandas", lambda ev: ev.to_pandas()),
        ("polars", lambda ev: ev.to_polars()),
    ],
)
def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch, name: str, call: Any) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(BackendError, match=f"{name} is not installed; get it with: pip install"):
        call(expected_of_long())


def test_importing_the_domain_imports_none_of_them() -> None:
    code = "import sys, marey.events; sys.exit(any(m in sys.modules for m in ('pyarrow', 'pandas', 'polars', 'torch')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def meds_of(ev: Events) -> Events:
    """What MEDS can hold of the events: no labels, no subject without a row, sorted names of codes that occur."""
    order = np.argsort(ev.subject_id)
    has_row = (np.diff(ev.offsets) > 0) | ~np.isnan(ev.statics["Age"]) | ev.statics["On"]
    ev = ev[order[has_row[order]]]
    statics = {name: c for name, c in ev.statics.items() if (c.any() if name == "On" else not np.isnan(c).all())}
    used = sorted({ev.vocab[c] for c in ev.code})
    return replace(ev.select(codes=used), statics=statics, labels={})


@given(cohorts(), st.data())
def test_meds_round_trip(ev: Events, data: st.DataObject) -> None:
    on = np.array(data.draw(st.lists(st.booleans(), min_size=len(ev), max_size=len(ev))), bool)
    names = {name: name + "!" for name in ev.vocab}  # no event code may have a static's name for this comparison
    ev = replace(ev, statics={"Age": ev.statics["Age"], "On": on}, vocab=tuple(names[name] for name in ev.vocab))
    origin = np.datetime64("2001-02-03T04:05") if ev.time.dtype.kind == "f" else None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "0.parquet"
        ev.to_meds(path, origin=origin)
        assert Events.from_meds(path, origin=origin).equals(meds_of(ev))


def test_meds_table_has_the_standard_types_and_order() -> None:
    ev = replace(expected_of_long(), statics={"Age": np.array([np.nan, 60], np.float32), "F": np.array([True, False])})
    table = ev.to_meds(origin=np.datetime64("2020-01-01"))
    assert table.schema.equals(
        pa.schema(
            {"subject_id": pa.int64(), "time": pa.timestamp("us"), "code": pa.string(), "numeric_value": pa.float32()}
        )
    )
    rows = [tuple(row.values()) for row in table.to_pylist()]
    day = np.datetime64("2020-01-01")
    half = (day + np.timedelta64(30, "m")).item()
    assert rows[:2] == [(7, None, "F", None), (7, half, "HR", 80.0)]
    assert rows[4] == (9, None, "Age", 60.0)
    assert rows[-1] == (9, (day + np.timedelta64(2, "h")).item(), "Temp", None)


def test_meds_data_set_is_read_shard_by_shard_without_its_metadata(tmp_path: Path) -> None:
    ev = replace(expected_of_long(), time=expected_of_long().time.astype("M8[us]"))
    (tmp_path / "data" / "train").mkdir(parents=True)
    (tmp_path / "metadata").mkdir()
    ev[:1].to_meds(tmp_path / "data" / "train" / "0.parquet")
    ev[1:].to_meds(tmp_path / "data" / "train" / "1.parquet")
    pq.write_table(pa.table({"code": ["HR"]}), tmp_path / "metadata" / "codes.parquet")
    assert Events.from_meds(tmp_path).equals(ev)


def test_meds_origin_gives_hours(tmp_path: Path) -> None:
    ev = expected_of_long()
    admissions = np.array(["2020-01-01", "2021-01-01"], "M8[us]")
    ev.to_meds(tmp_path / "0.parquet", origin=admissions)
    assert Events.from_meds(tmp_path, origin=admissions).equals(ev)
    assert Events.from_meds(tmp_path, origin="first").time.tolist() == [0, 0.5, 0.5, 0, 0]
    assert Events.from_meds(tmp_path).time[0] == np.datetime64("2020-01-01T00:30")


def test_meds_names_what_it_cannot_take(tmp_path: Path) -> None:
    ev = expected_of_long()
    with pytest.raises(ValueError, match=r"`origin` is None, but `events\.time` is in hours"):
        ev.to_meds()
    with pytest.raises(ValueError, match=r"`origin` has shape \(3,\); expected one time, or \(N,\) = \(2,\)"):
        ev.to_meds(origin=np.zeros(3, "M8[us]"))
    with pytest.raises(ValueError, match=r"`origin` is given, but `events\.time` has dates already"):
        replace(ev, time=ev.time.astype("M8[us]")).to_meds(origin=np.datetime64("2020-01-01"))
    with pytest.raises(ValueError, match="too far from hour 0"):
        replace(ev, time=ev.time * 1e12).to_meds(origin=np.datetime64("2020-01-01"))
    with pytest.raises(ValueError, match=r"`statics\['ward'\]` has dtype <U1; MEDS takes numbers and bools"):
        replace(ev, statics={"ward": np.array(["A", "B"])}).to_meds(origin=np.datetime64("2020-01-01"))
    with pytest.raises(FileNotFoundError, match="holds no Parquet file"):
        Events.from_meds(tmp_path)
    pq.write_table(pa.table({"subject_id": [1], "time": [1.0]}), tmp_path / "0.parquet")
    with pytest.raises(ValueError, match="has the columns subject_id, time; MEDS has 'code' too"):
        Events.from_meds(tmp_path)
