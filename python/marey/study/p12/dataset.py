"""Events to ragged tensors: one row per time point, one column per variable, no padding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from marey.study.p12.result import HOURS
from marey.study.p12.scale import Scale, Statics

if TYPE_CHECKING:
    from marey.events import Events

__all__ = ["Steps", "steps"]


@dataclass(frozen=True)
class Steps:
    """A cohort as the model takes it: stay ``s`` is rows ``offsets[s]`` to ``offsets[s + 1]``.

    Attributes
    ----------
    time : (total,) float64
        Hours since admission; strictly increasing within a stay.
    x : (total, V) float32
        Standard scores; 0 where nothing was seen.
    seen : (total, V) bool
    offsets : (S + 1,) int64
    statics : (S, P) float32
    """

    time: NDArray[np.float64]
    x: NDArray[np.float32]
    seen: NDArray[np.bool_]
    offsets: NDArray[np.int64]
    statics: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def rows_until(self, stay: NDArray[np.int64], horizon: NDArray[np.float64]) -> tuple[NDArray[np.int64], ...]:
        """Rows of each stay up to and including its horizon, end to end, and their offsets."""
        begin = self.offsets[stay]
        # Times stand in order within a stay: shifted apart by more than their span they stand in order as a whole.
        span = 2 * HOURS
        key = self.time + span * np.repeat(np.arange(len(self)), np.diff(self.offsets))
        end = np.searchsorted(key, span * stay + np.minimum(horizon, span - 1), side="right")
        size = np.maximum(end - begin, 0)
        offsets = np.concatenate([[0], np.cumsum(size)])
        rows = np.repeat(begin - offsets[:-1], size) + np.arange(offsets[-1])
        return rows, offsets


def steps(events: Events, scale: Scale, statics: Statics) -> Steps:
    """Group the events of one time point into one row.

    Events after hour 48 and events of variables that the scale does not know are left out. An event without a
    plausible value still makes its time point. Of several such values of one variable at one time the last counts.
    """
    known = {name: v for v, name in enumerate(scale.vocab)}
    to_known = np.array([known.get(name, -1) for name in events.vocab], np.int64)
    code = to_known[events.code] if len(events.code) else np.zeros(0, np.int64)
    subject = np.repeat(np.arange(len(events)), np.diff(events.offsets))
    keep = (code >= 0) & (events.time <= HOURS)
    code, subject, time, value = code[keep], subject[keep], events.time[keep], events.value[keep]

    begins = np.ones(len(time), bool)
    begins[1:] = (subject[1:] != subject[:-1]) | (time[1:] != time[:-1])
    row = np.cumsum(begins) - 1
    total = int(begins.sum())
    z = scale(code, value)
    x = np.full((total, len(scale.vocab)), np.nan, np.float32)
    valid = np.isfinite(z)
    x[row[valid], code[valid]] = z[valid]  # in order, so that the last of several wins
    seen = np.isfinite(x)
    return Steps(
        time=time[begins].astype(np.float64),
        x=np.where(seen, x, np.float32(0)),
        seen=seen,
        offsets=np.concatenate([[0], np.cumsum(np.bincount(subject[begins], minlength=len(events)))]).astype(np.int64),
        statics=statics(events.statics, len(events)),
    )
