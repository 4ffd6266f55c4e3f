"""Rows (subject, time, code, value) in any order to ``Events``: what every adapter ends in."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from marey.events.events import Array, Events

__all__ = ["from_rows", "positions"]


def from_rows(
    subject_id: NDArray[np.int64],
    time: Array,
    code: NDArray[np.int32],
    value: NDArray[np.float32],
    *,
    vocab: tuple[str, ...],
    subjects: NDArray[np.int64],
    **rest: Any,
) -> Events:
    """Rows that are in order already are taken as they are, without a copy; others are sorted, stably."""
    position = positions(subject_id, subjects)
    step = np.diff(position)
    in_order = (step > 0) | ((step == 0) & (time[1:] >= time[:-1]))
    if not in_order.all():
        order = np.lexsort((time, position))
        position, time, code, value = position[order], time[order], code[order], value[order]
    offsets = np.searchsorted(position, np.arange(len(subjects) + 1)).astype(np.int64)
    return Events(subjects, offsets, time, code, value, vocab, **rest)


def positions(subject_id: NDArray[np.int64], subjects: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each ``subject_id`` stands among ``subjects``."""
    rank = np.argsort(subjects, kind="stable")
    at = np.searchsorted(subjects, subject_id, sorter=rank)
    known = at < len(rank)
    known[known] = subjects[rank[at[known]]] == subject_id[known]
    if not known.all():
        raise ValueError(f"`subject_id` has {subject_id[~known][0]}, which is not among the subjects")
    return rank[at]
