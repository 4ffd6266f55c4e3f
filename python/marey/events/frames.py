"""Events to and from data frames of pandas and polars: one row an event, and beside it one row a subject."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from marey.errors import BackendError
from marey.events.arrow import event_columns, from_arrow, load_pyarrow
from marey.events.events import Events

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow as pa

__all__ = ["from_pandas", "from_polars", "to_pandas", "to_polars"]

Table = Literal["events", "subjects"]


def to_pandas(events: Events, table: Table = "events") -> pandas.DataFrame:
    """``"events"``: ``subject_id``, ``time``, ``code`` (categorical), ``value``. ``"subjects"``: ``subject_id``,
    statics and labels."""
    _load("pandas")
    frame: pandas.DataFrame = _long(events, table).to_pandas()
    return frame


def from_pandas(frame: pandas.DataFrame, *, subjects: Any = None, labels: Sequence[str] = ()) -> Events:
    """The inverse of ``to_pandas``: columns and arguments as in ``from_arrow``, the index is ignored."""
    pa = load_pyarrow()
    tables = []
    for name, data in (("frame", frame), ("subjects", subjects)):
        if data is not None and not hasattr(data, "iloc"):
            raise TypeError(f"`{name}` is a {type(data).__name__}; expected a pandas DataFrame")
        tables.append(None if data is None else pa.Table.from_pandas(data, preserve_index=False))
    return from_arrow(tables[0], subjects=tables[1], labels=labels)


def to_polars(events: Events, table: Table = "events") -> polars.DataFrame:
    """``"events"``: ``subject_id``, ``time``, ``code`` (Enum), ``value``. ``"subjects"``: ``subject_id``,
    statics and labels."""
    pl = _load("polars")
    frame: polars.DataFrame = pl.DataFrame(_long(events, table))
    if table == "events":  # an Enum keeps the whole vocabulary in its order; a Categorical only what occurs
        frame = frame.with_columns(code=pl.col("code").cast(pl.Enum(events.vocab)))
    return frame


def from_polars(frame: polars.DataFrame, *, subjects: Any = None, labels: Sequence[str] = ()) -> Events:
    """The inverse of ``to_polars``: columns and arguments as in ``from_arrow``."""
    return from_arrow(frame, subjects=subjects, labels=labels)


def _load(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise BackendError(f"{name} is not installed; get it with: pip install {name}") from error


def _long(events: Events, table: str) -> pa.Table:
    pa = load_pyarrow()
    if table == "events":
        subject_id = pa.array(events.subject_id[events.subject_index])
        return pa.table({"subject_id": subject_id, **event_columns(events)})
    if table != "subjects":
        raise ValueError(f"`table` is {table!r}; expected 'events' or 'subjects'")
    names = ["subject_id", *events.statics, *events.labels]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ValueError(f"{twice[0]!r} names two columns among subject_id, statics and labels")
    columns = {"subject_id": events.subject_id, **events.statics, **events.labels}
    return pa.table({name: pa.array(column) for name, column in columns.items()})
