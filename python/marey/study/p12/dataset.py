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

__all__ = ["DEATH", "Steps", "steps", "targets"]

DEATH = "in_hospital_death"
SURVIVAL_DAYS = (7, 30, 180, np.inf)


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
    z = scale(code, value)
    valid = np.isfinite(z)
    shape = (int(begins.sum()), len(scale.vocab))
    x, seen = np.zeros(shape, np.float32), np.zeros(shape, bool)
    x[row[valid], code[valid]] = z[valid]  # in order, so that the last of several wins
    seen[row[valid], code[valid]] = True
    size = np.bincount(subject[begins], minlength=len(events))
    return Steps(
        time=time[begins].astype(np.float64),
        x=x,
        seen=seen,
        offsets=np.concatenate([[0], np.cumsum(size)]).astype(np.int64),
        statics=statics(events.statics, len(events)),
    )


def targets(events: Events) -> NDArray[np.float32]:
    """(S, O) zeros and ones: death in hospital, and, where survival was followed up, death within days of admission.

    The later columns are auxiliary: learning them beside the first steadies what the layers below look for.
    """
    columns = [events.labels[DEATH] == 1]
    survival = events.labels.get("survival")
    if survival is not None:
        columns += [(survival > 0) & (survival <= days) for days in SURVIVAL_DAYS]
    return np.stack(columns, 1).astype(np.float32)
