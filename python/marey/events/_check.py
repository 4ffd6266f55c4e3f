"""The rules of ``Events``, checked whenever one is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from marey.events.events import Events

__all__ = ["check"]


def check(ev: Events) -> None:
    _array("subject_id", ev.subject_id, "int64")
    n = len(ev.subject_id)
    _array("offsets", ev.offsets, "int64", ("(N + 1,)", n + 1))
    _array("time", ev.time, "float64 or datetime64[us]")
    total = len(ev.time)
    _array("code", ev.code, "int32", ("(E,)", total))
    _array("value", ev.value, "float32", ("(E,)", total))
    _columns("statics", ev.statics, n)
    _columns("labels", ev.labels, n)
    _vocab(ev.vocab)

    ids, counts = np.unique(ev.subject_id, return_counts=True)
    if len(ids) < n:
        raise ValueError(f"`subject_id` has {ids[counts > 1][0]} more than once; expected each subject once")
    _offsets(ev.offsets, total)
    if total and not (ev.code.min() >= 0 and ev.code.max() < len(ev.vocab)):
        raise ValueError(
            f"`code` runs from {ev.code.min()} to {ev.code.max()}; "
            f"expected indices of `vocab`, 0 to {len(ev.vocab) - 1}"
        )
    _time(ev)


def _array(name: str, array: Any, dtypes: str, shape: tuple[str, int] | None = None) -> None:
    if not isinstance(array, np.ndarray):
        raise TypeError(f"`{name}` is a {type(array).__name__}; expected a NumPy array of {dtypes}")
    if array.dtype not in [np.dtype(d) for d in dtypes.split(" or ")]:
        raise TypeError(f"`{name}` has dtype {array.dtype}; expected {dtypes}")
    if array.ndim != 1 or (shape and len(array) != shape[1]):
        expected = f"{shape[0]} = ({shape[1]},)" if shape else "one axis"
        raise ValueError(f"`{name}` has shape {array.shape}; expected {expected}")


def _columns(name: str, columns: dict[str, NDArray[Any]], n: int) -> None:
    for key, column in columns.items():
        if not isinstance(column, np.ndarray):
            raise TypeError(f"`{name}[{key!r}]` is a {type(column).__name__}; expected a NumPy array")
        if column.shape != (n,):
            raise ValueError(f"`{name}[{key!r}]` has shape {column.shape}; expected (N,) = ({n},)")


def _vocab(vocab: tuple[str, ...]) -> None:
    if not isinstance(vocab, tuple) or not all(isinstance(name, str) for name in vocab):
        raise TypeError("`vocab` is not a tuple of str")
    if len(set(vocab)) < len(vocab):
        twice = next(name for name in vocab if vocab.count(name) > 1)
        raise ValueError(f"`vocab` has {twice!r} more than once; expected each name once")


def _offsets(offsets: NDArray[np.int64], total: int) -> None:
    if offsets[0] != 0 or offsets[-1] != total:
        raise ValueError(f"`offsets` runs from {offsets[0]} to {offsets[-1]}; expected from 0 to the {total} events")
    down = np.flatnonzero(np.diff(offsets) < 0)
    if len(down):
        i = down[0]
        raise ValueError(f"`offsets` falls from {offsets[i]} to {offsets[i + 1]} at {i + 1}; expected no fall")


def _time(ev: Events) -> None:
    time = ev.time
    if not np.isfinite(time).all():
        raise ValueError(f"`time` has {time[~np.isfinite(time)][0]}; expected every event to have a time")
    falls = time[1:] < time[:-1]
    inner = ev.offsets[(ev.offsets > 0) & (ev.offsets < len(time))]
    falls[inner - 1] = False  # from the last event of a subject to the first of the next
    if falls.any():
        at = int(np.flatnonzero(falls)[0])
        subject = ev.subject_id[np.searchsorted(ev.offsets, at, side="right") - 1]
        raise ValueError(
            f"`time` falls from {time[at]} to {time[at + 1]} within subject {subject}; expected events sorted by time"
        )
