"""What goes into native code: rows of survival data as contiguous arrays, each checked with its name and row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Floats",
    "Rows",
    "as_codes",
    "as_column",
    "as_event",
    "as_outcome",
    "as_rows",
    "normal_quantile",
    "require_in",
]

Floats = NDArray[np.float64]

_LARGEST_TABLE = 1 << 16  # group codes of a smaller range are looked up instead of sorted


@dataclass(frozen=True)
class Rows:
    """Checked columns: ``time``, ``event``, and ``entry`` and ``weights`` where they were given."""

    time: Floats
    event: NDArray[np.bool_]
    entry: Floats | None
    weights: Floats | None

    def __len__(self) -> int:
        return len(self.time)


def as_rows(time: Any, event: Any, entry: Any = None, weights: Any = None) -> Rows:
    checked_time = as_column("time", time)
    n = len(checked_time)
    checked_event = as_event(event, n)
    checked_entry = None if entry is None else as_column("entry", entry, n)
    if checked_entry is not None and not (checked_entry < checked_time).all():
        row = int(np.argmax(checked_entry >= checked_time))
        raise ValueError(
            f"`entry` of row {row} is {checked_entry[row]}, its `time` {checked_time[row]}; expected entry < time"
        )
    checked_weights = None if weights is None else as_column("weights", weights, n)
    if checked_weights is not None and not (checked_weights >= 0).all():
        row = int(np.argmax(checked_weights < 0))
        raise ValueError(f"`weights` of row {row} is {checked_weights[row]}; expected a weight >= 0")
    return Rows(checked_time, checked_event, checked_entry, checked_weights)


def as_column(name: str, values: Any, n: int | None = None) -> Floats:
    """(n,) finite float64."""
    array = np.asarray(values)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"`{name}` has dtype {array.dtype}; expected numbers")
    if array.ndim != 1:
        raise ValueError(f"`{name}` has shape {array.shape}; expected (n,)")
    if n is not None and len(array) != n:
        raise ValueError(f"`{name}` has shape {array.shape}; expected (n,) = ({n},), that of `time`")
    column = np.ascontiguousarray(array, dtype=np.float64)
    finite = np.isfinite(column)
    if not finite.all():
        row = int(np.argmin(finite))
        raise ValueError(
            f"`{name}` of row {row} is {'NaN' if np.isnan(column[row]) else column[row]}; expected a number"
        )
    return column


def as_event(event: Any, n: int) -> NDArray[np.bool_]:
    """(n,) bool from bool or from 0 and 1."""
    array = np.asarray(event)
    if array.shape != (n,):
        raise ValueError(f"`event` has shape {array.shape}; expected (n,) = ({n},), that of `time`")
    if array.dtype.kind == "b":
        return np.ascontiguousarray(array)
    if array.dtype.kind not in "fiu":
        raise TypeError(f"`event` has dtype {array.dtype}; expected bool, or 0 and 1")
    other = (array != 0) & (array != 1)
    if other.any():
        row = int(np.argmax(other))
        raise ValueError(f"`event` of row {row} is {array[row]}; expected 1 (event) or 0 (censored)")
    return np.ascontiguousarray(array == 1)


def as_outcome(event: Any, n: int, cause: int) -> NDArray[np.uint8]:
    """(n,) 0 censored, 1 an event of ``cause``, 2 a competing one, from whole numbers of which 0 means censored."""
    array = np.asarray(event)
    if array.shape != (n,):
        raise ValueError(f"`event` has shape {array.shape}; expected (n,) = ({n},), that of `time`")
    if array.dtype.kind not in "fiub":
        raise TypeError(f"`event` has dtype {array.dtype}; expected whole numbers, 0 for a censoring")
    other = ~((array >= 0) & (array == np.floor(array)))
    if other.any():
        row = int(np.argmax(other))
        raise ValueError(f"`event` of row {row} is {array[row]}; expected 0 (censored) or the number of a cause")
    if cause < 1:
        raise ValueError(f"`cause` is {cause}; expected a number >= 1")
    return np.where(array == cause, 1, np.where(array != 0, 2, 0)).astype(np.uint8)


def as_codes(name: str, values: Any, n: int) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Codes 0 .. G - 1 of (n,) labels of any kind, and the G labels, sorted."""
    labels = np.asarray(values)
    if labels.shape != (n,):
        raise ValueError(f"`{name}` has shape {labels.shape}; expected (n,) = ({n},), that of `time`")
    if labels.dtype.kind == "f" and np.isnan(labels).any():
        raise ValueError(f"`{name}` of row {int(np.argmax(np.isnan(labels)))} is NaN; expected a label")
    if labels.dtype.kind == "b":
        labels = labels.astype(np.int8)
        codes, found = as_codes(name, labels, n)
        return codes, found.astype(bool)
    if labels.dtype.kind in "iu" and n:
        low, high = int(labels.min()), int(labels.max())
        if high - low < _LARGEST_TABLE:
            places = labels.astype(np.int64) - low
            present = np.bincount(places, minlength=high - low + 1) > 0
            return (np.cumsum(present) - 1)[places], (np.flatnonzero(present) + low).astype(labels.dtype)
    found, inverse = np.unique(labels, return_inverse=True)
    return np.ascontiguousarray(inverse.reshape(-1), dtype=np.int64), found


def require_in(name: str, value: Any, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"`{name}` is {value!r}; expected one of {', '.join(map(repr, allowed))}")


def normal_quantile(conf_level: float) -> float:
    """z of a two-sided interval."""
    from statistics import NormalDist

    if not 0 < conf_level < 1:
        raise ValueError(f"`conf_level` is {conf_level}; expected a number between 0 and 1")
    return NormalDist().inv_cdf(0.5 + conf_level / 2)
