"""Events: who, when, what, how much, of a whole cohort, in flat arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from marey.events.report import ReadReport

if TYPE_CHECKING:
    import os

    import pandas
    import polars
    import pyarrow

    from marey.events.frames import Table
    from marey.events.meds import Origin

__all__ = ["Events"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False, repr=False)
class Events:
    """Irregular events of many subjects: the shape of a MEDS table, in plain NumPy arrays.

    The events of subject ``i`` are ``offsets[i]`` to ``offsets[i + 1]`` of ``time``, ``code`` and ``value``, sorted by
    time; events of equal time keep the order they came in.

    Attributes
    ----------
    subject_id
        (N,) int64, each once.
    offsets
        (N + 1,) int64, from 0 to E.
    time
        (E,) float64 in hours since each subject's origin, finite; or datetime64[us].
    code
        (E,) int32, the index of each event's name in ``vocab``.
    value
        (E,) float32 in the unit of the source; NaN where an event has no value.
    vocab
        Names of the codes, each once.
    statics
        Name to (N,) array: what holds for a subject as a whole.
    labels
        Name to (N,) array: outcomes, kept apart from what a model may see.
    source
        Where the events came from.
    report
        What the reader saw, on the result of a reader.

    Raises
    ------
    TypeError
        If an array is not a NumPy array of the stated kind.
    ValueError
        If shapes, offsets, codes or the order of time disagree with the above.

    Examples
    --------
    >>> import numpy as np
    >>> ev = Events(
    ...     subject_id=np.array([7, 9]),
    ...     offsets=np.array([0, 2, 3]),
    ...     time=np.array([0.5, 1.0, 0.25]),
    ...     code=np.array([0, 1, 0], dtype=np.int32),
    ...     value=np.array([80, 36.6, 75], dtype=np.float32),
    ...     vocab=("HR", "Temp"),
    ... )
    >>> ev
    Events(2 subjects, 3 events, 2 codes, 0.25 to 1 h)
    >>> ev.between(0, 1).value.tolist()
    [80.0, 75.0]
    >>> ev.select(codes=["Temp"]).counts().tolist()
    [[1], [0]]
    """

    subject_id: NDArray[np.int64]
    offsets: NDArray[np.int64]
    time: Array
    code: NDArray[np.int32]
    value: NDArray[np.float32]
    vocab: tuple[str, ...]
    statics: dict[str, Array] = field(default_factory=dict)
    labels: dict[str, Array] = field(default_factory=dict)
    source: str = ""
    report: ReadReport | None = None

    def __post_init__(self) -> None:
        from marey.events._check import check

        check(self)

    def __len__(self) -> int:
        return len(self.subject_id)

    def __iter__(self) -> Iterator[Events]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, which: int | slice | Sequence[int] | Sequence[bool] | Array) -> Events:
        """The subjects ``which``: a position, a slice, a mask of N, or an array of positions without repeats."""
        if isinstance(which, (int, np.integer)):
            i = int(which) + len(self) * (which < 0)
            if not 0 <= i < len(self):
                raise IndexError(f"subject {which} of {len(self)}")
            which = slice(i, i + 1)
        if isinstance(which, slice):
            start, stop, step = which.indices(len(self))
            if step == 1:
                return self._slice(start, max(start, stop))
            return self._take(np.arange(start, stop, step))
        index = np.asarray(which)
        if index.ndim != 1 or (index.size and index.dtype.kind not in "biu"):
            raise TypeError(
                f"subjects are selected by an int, a slice, or a flat array of bool or int; "
                f"got shape {index.shape}, {index.dtype}"
            )
        if index.dtype == np.bool_:
            if index.shape != (len(self),):
                raise IndexError(f"the mask has shape {index.shape}; expected (N,) = ({len(self)},)")
            return self._take(np.flatnonzero(index))
        return self._take(index.astype(np.int64))

    def _slice(self, start: int, stop: int) -> Events:
        offsets = self.offsets[start : stop + 1]
        begin, end = int(offsets[0]), int(offsets[-1])
        return replace(
            self,
            subject_id=self.subject_id[start:stop],
            offsets=offsets - begin,
            time=self.time[begin:end],
            code=self.code[begin:end],
            value=self.value[begin:end],
            statics={name: column[start:stop] for name, column in self.statics.items()},
            labels={name: column[start:stop] for name, column in self.labels.items()},
        )

    def _take(self, index: NDArray[np.int64]) -> Events:
        begin = self.offsets[:-1][index]
        size = self.offsets[1:][index] - begin
        offsets = np.concatenate([[0], np.cumsum(size)])
        rows = np.repeat(begin - offsets[:-1], size) + np.arange(offsets[-1])
        return replace(
            self,
            subject_id=self.subject_id[index],
            offsets=offsets,
            time=self.time[rows],
            code=self.code[rows],
            value=self.value[rows],
            statics={name: column[index] for name, column in self.statics.items()},
            labels={name: column[index] for name, column in self.labels.items()},
        )

    @property
    def subject_index(self) -> NDArray[np.int64]:
        """The position of each event's subject, (E,) int64."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    def _keep(self, mask: NDArray[np.bool_]) -> Events:
        kept = np.concatenate([[0], np.cumsum(mask)])
        offsets = kept[self.offsets]
        return replace(self, offsets=offsets, time=self.time[mask], code=self.code[mask], value=self.value[mask])

    def between(self, t0: float | np.datetime64, t1: float | np.datetime64) -> Events:
        """Events with ``t0 <= time < t1``; every subject stays, times are not shifted."""
        return self._keep((self.time >= t0) & (self.time < t1))

    def select(self, *, codes: Sequence[str]) -> Events:
        """Events of the named codes, which become the whole ``vocab`` in the order given; every subject stays."""
        codes = (codes,) if isinstance(codes, str) else tuple(codes)
        unknown = [name for name in codes if name not in self.vocab]
        if unknown:
            raise ValueError(f"`codes` has {unknown[0]!r}; expected names of `vocab`: {', '.join(self.vocab)}")
        position = np.full(len(self.vocab), -1, np.int32)
        for new, name in enumerate(codes):
            position[self.vocab.index(name)] = new
        code = position[self.code]
        mask = code >= 0
        return replace(self._keep(mask), code=code[mask], vocab=codes)

    def counts(self) -> NDArray[np.int64]:
        """How many events of each code each subject has, (N, V) int64."""
        shape = (len(self), len(self.vocab))
        cell = self.subject_index * shape[1] + self.code
        return np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape)

    @classmethod
    def concat(cls, parts: Sequence[Events]) -> Events:
        """The subjects of all parts, in order. The vocabularies are united in the order of first appearance."""
        from marey.events._concat import concat

        return concat(parts)

    def equals(self, other: Events) -> bool:
        """Whether every array is the same, NaN equal to NaN. ``source`` and ``report`` do not count."""
        names = ("subject_id", "offsets", "time", "code", "value")
        return (
            self.vocab == other.vocab
            and all(_same(getattr(self, name), getattr(other, name)) for name in names)
            and _same_columns(self.statics, other.statics)
            and _same_columns(self.labels, other.labels)
        )

    def to_arrow(self) -> pyarrow.Table:
        """One row a subject, without a copy of the events: see ``marey.events.arrow.to_arrow``."""
        from marey.events.arrow import to_arrow

        return to_arrow(self)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    @classmethod
    def from_arrow(cls, data: Any, *, subjects: Any = None, labels: Sequence[str] = ()) -> Events:
        """From any Arrow table, one row a subject or one row an event: see ``marey.events.arrow.from_arrow``."""
        from marey.events.arrow import from_arrow

        return from_arrow(data, subjects=subjects, labels=labels)

    def to_meds(self, path: str | os.PathLike[str] | None = None, *, origin: Origin | None = None) -> pyarrow.Table:
        """A MEDS table, and its Parquet file: see ``marey.events.meds.to_meds``."""
        from marey.events.meds import to_meds

        return to_meds(self, path, origin=origin)

    @classmethod
    def from_meds(cls, path: str | os.PathLike[str], *, origin: Origin | Literal["first"] | None = None) -> Events:
        """From MEDS Parquet, a file or a folder: see ``marey.events.meds.from_meds``."""
        from marey.events.meds import from_meds

        return from_meds(path, origin=origin)

    def to_pandas(self, table: Table = "events") -> pandas.DataFrame:
        """One row an event, or one row a subject: see ``marey.events.frames.to_pandas``."""
        from marey.events.frames import to_pandas

        return to_pandas(self, table)

    @classmethod
    def from_pandas(cls, frame: pandas.DataFrame, *, subjects: Any = None, labels: Sequence[str] = ()) -> Events:
        """From one row an event, in any order: see ``marey.events.frames.from_pandas``."""
        from marey.events.frames import from_pandas

        return from_pandas(frame, subjects=subjects, labels=labels)

    def to_polars(self, table: Table = "events") -> polars.DataFrame:
        """One row an event, or one row a subject: see ``marey.events.frames.to_polars``."""
        from marey.events.frames import to_polars

        return to_polars(self, table)

    @classmethod
    def from_polars(cls, frame: polars.DataFrame, *, subjects: Any = None, labels: Sequence[str] = ()) -> Events:
        """From one row an event, in any order: see ``marey.events.frames.from_polars``."""
        from marey.events.frames import from_polars

        return from_polars(frame, subjects=subjects, labels=labels)

    def __repr__(self) -> str:
        from marey.events._show import text

        return text(self)

    def _repr_html_(self) -> str:
        from marey.events._show import html

        return html(self)


def _same(a: Array, b: Array) -> bool:
    return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind in "fmM")


def _same_columns(a: Mapping[str, Array], b: Mapping[str, Array]) -> bool:
    return a.keys() == b.keys() and all(_same(a[name], b[name]) for name in a)
