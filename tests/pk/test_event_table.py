"""Event tables: what is read, what is refused and in which words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from marey import pk

GOOD = {"id": [1, 1, 2], "time": [0.0, 4.0, 0.0], "amt": [100.0, 0.0, 50.0]}


def test_defaults_and_repr() -> None:
    table = pk.EventTable(GOOD)
    assert table.evid.tolist() == [1, 0, 1]
    assert table.cmt.tolist() == [1, 1, 1]
    assert table.ids.tolist() == [1, 2]
    assert table.offsets.tolist() == [0, 2, 3]
    assert len(table) == 3
    assert table.n_subjects == 2
    assert repr(table) == "EventTable(2 subjects, 3 rows: 2 doses, 1 observation, time 0 to 4)"


def test_further_doses_are_written_out_in_order_of_time() -> None:
    table = pk.EventTable(
        {"id": ["a", "a"], "time": [0, 10], "amt": [5, 7], "ii": [6, 0], "addl": [3, 0], "evid": [1, 4]}
    )
    records = table.records
    assert records["time"].tolist() == [0, 6, 10, 12, 18]
    assert records["amount"].tolist() == [5, 5, 7, 5, 5]
    assert records["implied"].tolist() == [False, True, False, True, True]
    assert records["kind"].tolist() == [2, 2, 3, 2, 2]


@pytest.mark.parametrize("package", ["pandas", "polars"])
def test_data_frames(package: str) -> None:
    frames = pytest.importorskip(package)
    capitals = {name.upper(): values for name, values in GOOD.items()} | {"DV": [1.0, 2.0, 3.0], "wt": [70, 70, 80]}
    table = pk.EventTable(frames.DataFrame(capitals), ignore=["DV", "WT"])
    assert repr(table) == repr(pk.EventTable(GOOD))
    with pytest.raises(ValueError, match=r"unknown column 'DV'.*or name it in `ignore`"):
        pk.EventTable(frames.DataFrame(capitals))


def test_the_table_keeps_its_own_columns() -> None:
    time = np.array([0.0, 1.0])
    table = pk.EventTable({"id": [1, 1], "time": time})
    time[:] = 9
    assert table.time.tolist() == [0.0, 1.0]


BAD: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"time": [0.0]}, ValueError, "`data` has no column 'id'"),
    (GOOD | {"dv": [1, 2, 3]}, ValueError, "unknown column 'dv'"),
    (GOOD | {"AMT": [1, 2, 3]}, ValueError, "`data` has the column 'amt' twice"),
    (GOOD | {"time": [0.0, np.nan, 0.0]}, ValueError, "`time` is nan in row 1; expected a finite number"),
    (GOOD | {"time": [5.0, 4.0, 0.0]}, ValueError, "`time` is 4 in row 1; expected not to fall within an `id`"),
    (GOOD | {"time": ["x", "y", "z"]}, TypeError, "`time` has dtype"),
    (GOOD | {"id": [1, 2, 1]}, ValueError, "`id` is 1 again in row 2"),
    (GOOD | {"amt": [100.0, 0.0, -1.0]}, ValueError, "`amt` is -1 in row 2; expected >= 0"),
    (GOOD | {"amt": [100.0, 0.0]}, ValueError, "`amt` has 2 rows, `id` has 3"),
    (GOOD | {"rate": [-2, 0, 0]}, ValueError, "`rate` is -2 in row 0; expected >= 0"),
    (GOOD | {"evid": [1, 0, 5]}, ValueError, "`evid` is 5 in row 2; expected 0, 1, 2, 3 or 4"),
    (GOOD | {"evid": [1, 0.5, 1]}, ValueError, "`evid` is 0.5 in row 1; expected a whole number"),
    (GOOD | {"evid": [1, 0, 0]}, ValueError, "`amt` is 50 in row 2; expected 0 where `evid` gives no dose"),
    (GOOD | {"cmt": [0, 1, 1]}, ValueError, "`cmt` is 0 in row 0; expected 1 or more"),
    (GOOD | {"addl": [-1, 0, 0]}, ValueError, "`addl` is -1 in row 0; expected >= 0"),
    (GOOD | {"addl": [0, 0, 2]}, ValueError, "`ii` is 0 in row 2; expected > 0 with `addl`"),
    (GOOD | {"ss": [0, 0, 3]}, ValueError, "`ss` is 3 in row 2; expected 0, 1 or 2"),
    (GOOD | {"ss": [1, 0, 0]}, ValueError, "`ii` is 0 in row 0; expected > 0 with `ss`"),
    (GOOD | {"ss": [1, 0, 0], "ii": [8, 0, 0], "lag": [8, 0, 0]}, ValueError, "`lag` is 8 in row 0; expected less"),
    (GOOD | {"F": [1, 1, -0.1]}, ValueError, "`F` is -0.1 in row 2; expected >= 0"),
]


@pytest.mark.parametrize(("data", "kind", "message"), BAD, ids=[b[-1][:40] for b in BAD])
def test_what_does_not_fit_is_named_by_column_and_row(
    data: dict[str, Any], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        pk.EventTable(data)


def test_data_must_have_columns() -> None:
    with pytest.raises(TypeError, match="`data` is a list; expected a data frame or a mapping"):
        pk.EventTable([1, 2, 3])
