"""Events to and from Arrow: one row a subject without a copy, or one row an event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from marey.errors import BackendError
from marey.events._rows import from_rows, positions
from marey.events.events import Array, Events

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["from_arrow", "to_arrow"]


def load_pyarrow() -> Any:
    try:
        import pyarrow
    except ImportError as error:
        raise BackendError("pyarrow is not installed; get it with: pip install 'marey[events]'") from error
    return pyarrow


def to_arrow(events: Events) -> pa.Table:
    """One row a subject; the events are a list column over the same memory, not a copy.

    Columns: ``subject_id``, ``events`` (list of struct of ``time``, ``code``, ``value``) and, where there are any,
    ``statics`` and ``labels`` (structs of their columns). ``code`` is a dictionary whose values are ``vocab``.
    """
    pa = load_pyarrow()
    rows = pa.StructArray.from_arrays(list(event_columns(events).values()), ["time", "code", "value"])
    columns = {
        "subject_id": pa.array(events.subject_id),
        "events": pa.LargeListArray.from_arrays(pa.array(events.offsets), rows),
    }
    for name, group in (("statics", events.statics), ("labels", events.labels)):
        if group:
            columns[name] = pa.StructArray.from_arrays([pa.array(column) for column in group.values()], list(group))
    return pa.table(columns, metadata={"marey.source": events.source})


def event_columns(events: Events) -> dict[str, pa.Array]:
    pa = load_pyarrow()
    code = pa.DictionaryArray.from_arrays(pa.array(events.code), pa.array(events.vocab, pa.string()))
    return {"time": pa.array(events.time), "code": code, "value": pa.array(events.value)}


def from_arrow(data: Any, *, subjects: Any = None, labels: Sequence[str] = ()) -> Events:
    """Events from any Arrow table: pyarrow, polars, DuckDB, whatever has ``__arrow_c_stream__`` or
    ``__arrow_c_array__``.

    Parameters
    ----------
    data
        Either one row a subject, as ``to_arrow`` gives it; or one row an event with the columns ``subject_id``
        (integer), ``time`` (hours, or a timestamp without zone), ``code`` (string or dictionary of strings) and
        ``value`` or ``numeric_value``. Rows come in any order. A null value is NaN. A row with a null time is a static
        of its subject; a code that has no value in any such row becomes a column of bool. Other columns are ignored.
    subjects
        Beside one row an event: one row a subject, ``subject_id`` and columns for ``statics``. It sets the order of
        the subjects, and keeps those without an event.
    labels
        The columns of ``subjects`` that are labels.

    Returns
    -------
    Events
        Views of Arrow's memory, thus read-only, wherever type and order allow: one chunk, int64, float64 or
        timestamp[us], int32 dictionary indices, float32, no nulls, sorted.

    Raises
    ------
    TypeError
        If ``data`` is no Arrow object, or a column has another type.
    ValueError
        If a column is missing, or a value breaks a rule of ``Events``.
    marey.errors.BackendError
        If pyarrow is not installed.
    """
    table = _table("data", data)
    if "events" in table.column_names:
        if subjects is not None or labels:
            raise ValueError("`subjects` and `labels` go with one row an event; `data` has one row a subject")
        return _from_nested(table)
    return _from_long(table, None if subjects is None else _table("subjects", subjects), labels)


def _table(name: str, data: Any) -> pa.Table:
    pa = load_pyarrow()
    if isinstance(data, pa.Table):
        return data
    if hasattr(data, "__arrow_c_stream__") or hasattr(data, "__arrow_c_array__"):
        return pa.table(data)
    raise TypeError(
        f"`{name}` is a {type(data).__name__}; expected an object with __arrow_c_stream__ or __arrow_c_array__"
    )


def _from_nested(table: pa.Table) -> Events:
    pa = load_pyarrow()
    rows = _column(table, "events")
    if not (pa.types.is_list(rows.type) or pa.types.is_large_list(rows.type)):
        raise TypeError(f"`events` has type {rows.type}; expected a list of struct<time, code, value>")
    _no_null("events", rows)
    flat = rows.flatten()
    if not pa.types.is_struct(flat.type):
        raise TypeError(f"`events` is a list of {flat.type}; expected a list of struct<time, code, value>")
    _no_null("events", flat)
    inner = pa.table(dict(zip([field.name for field in flat.type], flat.flatten(), strict=True)))
    offsets = rows.offsets.to_numpy().astype(np.int64, copy=False)
    code, vocab = _codes(_column(inner, "code"))
    metadata = table.schema.metadata or {}
    return Events(
        subject_id=_integers("subject_id", _column(table, "subject_id")),
        offsets=offsets - offsets[0] if offsets[0] else offsets,
        time=_times(_column(inner, "time")),
        code=code,
        value=_values("value", _column(inner, "value")),
        vocab=vocab,
        statics=_group(table, "statics"),
        labels=_group(table, "labels"),
        source=metadata.get(b"marey.source", b"").decode(),
    )


def _from_long(table: pa.Table, subjects: pa.Table | None, labels: Sequence[str]) -> Events:
    pa = load_pyarrow()
    value_name = "numeric_value" if "numeric_value" in table.column_names else "value"
    subject_id = _integers("subject_id", _column(table, "subject_id"))
    time, raw_code, raw_value = (_column(table, name) for name in ("time", "code", value_name))
    static = None
    if time.null_count:
        static = pa.table({"code": raw_code, "value": raw_value}).filter(time.is_null())
        here = time.is_valid()
        static_id = subject_id[~here.to_numpy(zero_copy_only=False)]
        all_ids, subject_id = subject_id, subject_id[here.to_numpy(zero_copy_only=False)]
        time, raw_code, raw_value = time.filter(here), raw_code.filter(here), raw_value.filter(here)
    else:
        all_ids = subject_id
    columns: dict[str, Array] = {}
    if subjects is None:
        ids = np.unique(all_ids)
    else:
        ids = _integers("subject_id", _column(subjects, "subject_id"))
        columns = {
            name: _plain(name, _column(subjects, name)) for name in subjects.column_names if name != "subject_id"
        }
    missing = [name for name in labels if name not in columns]
    if missing:
        raise ValueError(f"`labels` has {missing[0]!r}; expected columns of `subjects`: {', '.join(columns) or 'none'}")
    statics = {name: column for name, column in columns.items() if name not in labels}
    if static is not None:
        for name, column in _static_columns(static, positions(static_id, ids), len(ids)).items():
            if name in columns:
                raise ValueError(f"{name!r} is a column of `subjects` and a code without a time")
            statics[name] = column
    code, vocab = _codes(raw_code)
    return from_rows(
        subject_id,
        _times(time),
        code,
        _values(value_name, raw_value),
        vocab=vocab,
        subjects=ids,
        statics=statics,
        labels={name: columns[name] for name in labels},
    )


def _static_columns(rows: pa.Table, position: NDArray[np.int64], n: int) -> dict[str, Array]:
    code, vocab = _codes(_column(rows, "code"))
    column = _column(rows, "value")
    value, has_value = _values("value", column), column.is_valid().to_numpy(zero_copy_only=False)
    statics: dict[str, Array] = {}
    for c in np.unique(code):
        of_code = code == c
        where = position[of_code]
        if len(np.unique(where)) < len(where):
            raise ValueError(f"code {vocab[c]!r} has two rows without a time of one subject; expected one at most")
        if has_value[of_code].any():
            statics[vocab[c]] = np.full(n, np.nan, np.float32)
            statics[vocab[c]][where] = value[of_code]
        else:
            statics[vocab[c]] = np.zeros(n, np.bool_)
            statics[vocab[c]][where] = True
    return statics


def _column(table: pa.Table, name: str) -> pa.Array:
    if table.column_names.count(name) != 1:
        raise ValueError(
            f"`data` has the columns {', '.join(table.column_names)}; expected {name!r} once: either subject_id, time, "
            "code, value (or numeric_value), or subject_id, events"
        )
    pa = load_pyarrow()
    column = table.column(name)
    if pa.types.is_dictionary(column.type) and column.num_chunks > 1:
        column = column.unify_dictionaries()
    return (
        column.chunk(0)
        if column.num_chunks == 1
        else pa.concat_arrays(column.chunks)
        if column.num_chunks
        else (pa.array([], column.type))
    )


def _no_null(name: str, array: pa.Array) -> None:
    if array.null_count:
        row = int(np.flatnonzero(array.is_null().to_numpy(zero_copy_only=False))[0])
        raise ValueError(f"`{name}` is null in row {row}; expected no nulls")


def _integers(name: str, array: pa.Array) -> NDArray[np.int64]:
    pa = load_pyarrow()
    if not pa.types.is_integer(array.type):
        raise TypeError(f"`{name}` has type {array.type}; expected integers")
    _no_null(name, array)
    integers: NDArray[np.int64] = _cast(name, array, pa.int64()).to_numpy()
    return integers


def _times(array: pa.Array) -> Array:
    pa = load_pyarrow()
    _no_null("time", array)
    if pa.types.is_integer(array.type) or pa.types.is_floating(array.type):
        hours: Array = _cast("time", array, pa.float64()).to_numpy()
        return hours
    if pa.types.is_timestamp(array.type) and array.type.tz is not None:
        raise TypeError(f"`time` has type {array.type}; expected timestamps without a zone")
    if pa.types.is_timestamp(array.type) or pa.types.is_date(array.type):
        stamps: Array = _cast("time", array, pa.timestamp("us")).to_numpy()
        return stamps
    raise TypeError(f"`time` has type {array.type}; expected hours as numbers, or timestamps")


def _codes(array: pa.Array) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    """Indices and names: a dictionary's as they are, those of strings sorted."""
    pa = load_pyarrow()
    _no_null("code", array)
    encoded = array if pa.types.is_dictionary(array.type) else None
    kind = array.type.value_type if encoded is not None else array.type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or str(kind) == "string_view"):
        raise TypeError(f"`code` has type {array.type}; expected strings, or a dictionary of strings")
    if encoded is not None:
        code: NDArray[np.int32] = _cast("code", encoded.indices, pa.int32()).to_numpy()
        return code, tuple(encoded.dictionary.to_pylist())
    encoded = _cast("code", array, pa.large_string()).dictionary_encode()
    names = np.array(encoded.dictionary.to_pylist(), object)
    order = np.argsort(names, kind="stable")
    rank = np.empty(len(names), np.int32)
    rank[order] = np.arange(len(names))
    return rank[encoded.indices.to_numpy()], tuple(names[order])


def _values(name: str, array: pa.Array) -> NDArray[np.float32]:
    pa = load_pyarrow()
    kind = array.type
    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_null(kind)):
        raise TypeError(f"`{name}` has type {kind}; expected numbers")
    values: NDArray[np.float32] = array.cast(pa.float32(), safe=False).to_numpy(zero_copy_only=not array.null_count)
    return values


def _plain(name: str, array: pa.Array) -> Array:
    """A column of statics or labels: float nulls are NaN, others are refused; strings become NumPy strings."""
    pa = load_pyarrow()
    if not pa.types.is_floating(array.type):
        _no_null(name, array)
    plain: Array = array.to_numpy(zero_copy_only=False)
    return plain.astype(str) if plain.dtype == object else plain


def _group(table: pa.Table, name: str) -> dict[str, Array]:
    if name not in table.column_names:
        return {}
    pa = load_pyarrow()
    column = _column(table, name)
    if not pa.types.is_struct(column.type):
        raise TypeError(f"`{name}` has type {column.type}; expected a struct of columns")
    _no_null(name, column)
    return {
        field.name: _plain(f"{name}.{field.name}", part)
        for field, part in zip(column.type, column.flatten(), strict=True)
    }


def _cast(name: str, array: pa.Array, to: pa.DataType) -> pa.Array:
    pa = load_pyarrow()
    if array.type == to:
        return array
    try:
        return array.cast(to)
    except pa.ArrowInvalid as error:
        raise ValueError(f"`{name}` does not fit {to}: {error}") from error
