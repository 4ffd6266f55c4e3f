"""Events to and from MEDS, the Medical Event Data Standard: Parquet with subject_id, time, code, numeric_value."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from marey.events.arrow import from_arrow, load_pyarrow
from marey.events.events import Array, Events

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["from_meds", "to_meds"]

_HOUR_US = 3.6e9
_COLUMNS = ("subject_id", "time", "code", "numeric_value")

Origin = np.datetime64 | NDArray[np.datetime64]


def from_meds(path: str | os.PathLike[str], *, origin: Origin | Literal["first"] | None = None) -> Events:
    """Reads MEDS data.

    Parameters
    ----------
    path
        A Parquet file, or a folder of them, read in the order of their names; of a MEDS data set (a folder with
        ``data/``) that part alone.
    origin
        None keeps ``time`` as datetime64[us]. A time, for all or (N,) for each subject by ascending id, or ``"first"``,
        each subject's first event, gives hours since then.

    Returns
    -------
    Events
        Subjects by ascending id, ``vocab`` sorted. Rows with a null time become ``statics``: float32 with NaN where a
        subject has none, or bool for a code that has no value in any row. Columns beyond the four are not read.

    Raises
    ------
    FileNotFoundError
        If there is no Parquet file.
    ValueError, TypeError
        If a column is missing, of another type, or breaks a rule of ``Events``.
    """
    pa = load_pyarrow()
    import pyarrow.parquet as pq

    path = Path(path)
    folder = path / "data" if (path / "data").is_dir() else path
    files = sorted(folder.rglob("*.parquet")) if path.is_dir() else [path]
    if not files:
        raise FileNotFoundError(f"{folder} holds no Parquet file")
    tables = []
    for file in files:
        present = pq.read_schema(file).names
        missing = [name for name in _COLUMNS if name not in present]
        if missing:
            raise ValueError(f"{file} has the columns {', '.join(present)}; MEDS has {missing[0]!r} too")
        tables.append(pq.read_table(file, columns=list(_COLUMNS), partitioning=None))
    events = from_arrow(pa.concat_tables(tables, promote_options="permissive"))
    events = replace(events, source=path.name)
    return events if origin is None else _to_hours(events, origin)


def to_meds(events: Events, path: str | os.PathLike[str] | None = None, *, origin: Origin | None = None) -> pa.Table:
    """The events as a MEDS table, and as a Parquet file when ``path`` is given.

    Parameters
    ----------
    events
        Statics become rows with a null time: numbers that are not NaN, and bools that are True (without a value).
        Labels are not written: MEDS keeps them in files of their own. A subject without event and static leaves no row.
    path
        Where to write.
    origin
        The time of hour 0, needed when ``events.time`` is in hours: one for all, or (N,) for each subject.

    Returns
    -------
    pyarrow.Table
        ``subject_id`` int64, ``time`` timestamp[us], ``code`` string, ``numeric_value`` float32, null for NaN; by
        subject, statics first, then events by time.

    Raises
    ------
    ValueError
        If ``origin`` is missing or not wanted, or a static is neither number nor bool.
    """
    pa = load_pyarrow()
    ids, codes, values, positions = [], [], [], []
    for name, column in events.statics.items():
        if column.dtype.kind not in "fiub":
            raise ValueError(f"`statics[{name!r}]` has dtype {column.dtype}; MEDS takes numbers and bools")
        has = column if column.dtype == np.bool_ else ~np.isnan(column)
        positions.append(np.flatnonzero(has))
        ids.append(events.subject_id[has])
        codes.append(pa.repeat(pa.scalar(name), int(has.sum())))
        values.append(np.where(column.dtype == np.bool_, np.nan, column[has]).astype(np.float32))
    n_static = sum(map(len, ids))
    names = pa.array(events.vocab, pa.string())
    codes.append(names.take(pa.array(events.code)))
    time = np.concatenate([np.full(n_static, "NaT", "M8[us]"), _to_stamps(events, origin)])
    position = np.concatenate([*positions, events.subject_index])
    value = np.concatenate([*values, events.value])
    table = pa.table(
        {
            "subject_id": pa.array(np.concatenate([*ids, events.subject_id[events.subject_index]]), pa.int64()),
            "time": pa.array(time, pa.timestamp("us")),
            "code": pa.concat_arrays(codes),
            "numeric_value": pa.array(value, pa.float32(), mask=np.isnan(value)),
        }
    ).take(pa.array(np.argsort(position, kind="stable")))
    if path is not None:
        import pyarrow.parquet as pq

        pq.write_table(table, path)
    return table


def _to_stamps(events: Events, origin: Origin | None) -> Array:
    if events.time.dtype.kind == "M":
        if origin is not None:
            raise ValueError("`origin` is given, but `events.time` has dates already; expected origin=None")
        return events.time
    if origin is None:
        raise ValueError(
            "`origin` is None, but `events.time` is in hours and MEDS has dates; "
            "expected the time of hour 0, such as np.datetime64('2000-01-01')"
        )
    microseconds = np.rint(events.time * _HOUR_US)
    if len(microseconds) and np.abs(microseconds).max() > 2.0**62:
        raise ValueError("`events.time` is too far from hour 0 for timestamps in microseconds")
    stamps: Array = _per_event(events, origin) + microseconds.astype("m8[us]")
    return stamps


def _to_hours(events: Events, origin: Origin | Literal["first"]) -> Events:
    if events.time.dtype.kind != "M":
        raise TypeError("`origin` is given, but the column `time` has no dates")
    start: Any
    if isinstance(origin, str):
        if origin != "first":
            raise ValueError(f"`origin` is {origin!r}; expected None, 'first' or times")
        first = np.minimum(events.offsets[:-1], max(len(events.time) - 1, 0))
        start = np.repeat(events.time[first], np.diff(events.offsets)) if len(events.time) else events.time
    else:
        start = _per_event(events, origin)
    return replace(events, time=(events.time - start).astype(np.int64) / _HOUR_US)


def _per_event(events: Events, origin: Origin) -> Array:
    origins = np.asarray(origin, "M8[us]")
    if origins.shape not in ((), (len(events),)) or np.isnat(origins).any():
        raise ValueError(
            f"`origin` has shape {origins.shape}; expected one time, or (N,) = ({len(events)},), and no NaT"
        )
    per_event: Array = np.repeat(origins, np.diff(events.offsets)) if origins.ndim else origins
    return per_event
