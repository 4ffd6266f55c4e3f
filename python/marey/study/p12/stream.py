"""Risk of death while a stay unfolds: one event at a time, or many stays hour by hour."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from marey.study.p12.dataset import Steps
from marey.study.p12.result import HOURS

if TYPE_CHECKING:
    from marey.study.p12.models import Trained

__all__ = ["StreamingRisk", "replay"]


class StreamingRisk:
    """The risk of one patient, event by event, in memory that does not grow.

    After the last event of a time point the risk equals that of the batch model over all events so far, up to the
    rounding of float32. Within a time point it is that of the events pushed so far.

    Parameters
    ----------
    model : TrainedModel or TrainedSequence
        As `marey.study.p12.models.load` reads it.
    statics : mapping of str to float, optional
        What is known at admission (``Age``, ``Gender``, ``Height``, ``ICUType``, ``Weight``); unknown where left out.

    Notes
    -----
    Not a medical device: a demonstration on one cohort of 2001 to 2008, not validated for any patient.
    """

    def __init__(self, model: Trained, statics: Mapping[str, float] | None = None) -> None:
        self.model = model
        self._passes: Any = model  # of either kind, with its own state
        known = dict(statics or {})
        names = (*model.statics.numeric, *model.statics.categories)
        unknown = sorted(set(known) - set(names))
        if unknown:
            raise ValueError(f"`statics` names {unknown[0]!r}; expected some of {', '.join(names)}")
        columns = {name: np.array([known.get(name, np.nan)]) for name in names}
        self._codes = {name: v for v, name in enumerate(model.scale.vocab)}
        self._settled: Any = model.begin(model.statics(columns, 1))  # all time points before the present one
        self._state: Any = self._settled
        self._time = 0.0
        self._x = np.zeros((1, len(self._codes)), np.float32)
        self._seen = np.zeros(self._x.shape, bool)

    @property
    def time(self) -> float:
        """Hour of the last event."""
        return self._time

    def push(self, time_h: float, code: str, value: float) -> float:
        """Take in an event and return the risk at its hour.

        Parameters
        ----------
        time_h : float
            Hours since admission, up to 48; never before an earlier event.
        code : str
            Name of the variable.
        value : float
            In the unit of the training data. NaN or an implausible value counts as not measured.

        Raises
        ------
        ValueError
            If the time or the variable does not fit; the state is then as before.
        """
        self._check_time("time_h", time_h)
        if code not in self._codes:
            raise ValueError(f"`code` is {code!r}; expected one of {', '.join(self._codes)}")
        v = self._codes[code]
        if time_h > self._time:
            self._settled, self._time = self._state, float(time_h)
            self._x[:], self._seen[:] = 0, False
        z = float(self.model.scale(np.array([v]), np.array([value], np.float32))[0])
        if math.isfinite(z):
            self._x[0, v], self._seen[0, v] = z, True
        row = np.array([self._time]), self._x, self._seen, np.array([0, 1])
        self._state = self._passes.advance(self._settled, *row)
        return self.risk_at(self._time)

    def risk_at(self, time_h: float) -> float:
        """The risk as it stands at an hour at or after the last event."""
        self._check_time("time_h", time_h)
        return float(self._passes.risk(self._state, np.array([time_h], np.float64))[0])

    def _check_time(self, name: str, time_h: float) -> None:
        if not self._time <= time_h <= HOURS:
            raise ValueError(f"`{name}` is {time_h}; expected hours from {self._time:g} (the last event) to {HOURS}")

    def state_dict(self) -> dict[str, NDArray[np.generic]]:
        """Everything that is carried, as named arrays; copies."""
        parts = {"settled": self._settled, "state": self._state}
        arrays = {f"{part}.{name}": a.copy() for part, s in parts.items() for name, a in s.arrays().items()}
        return arrays | {"time": np.array(self._time), "x": self._x.copy(), "seen": self._seen.copy()}

    def load_state_dict(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Go on from `state_dict` of a stream of the same model."""
        expected = self.state_dict()
        if set(arrays) != set(expected):
            raise ValueError(f"`arrays` has {sorted(arrays)}; expected {sorted(expected)}")
        for name, array in expected.items():
            if arrays[name].shape != array.shape:
                raise ValueError(f"`arrays[{name!r}]` has shape {arrays[name].shape}; expected {array.shape}")
        copies = {name: np.array(arrays[name], expected[name].dtype) for name in expected}
        self._time = float(copies["time"])
        self._x, self._seen = copies["x"], copies["seen"]
        self._settled, self._state = (
            type(self._state)(
                **{name.partition(".")[2]: a for name, a in copies.items() if name.startswith(f"{part}.")}
            )
            for part in ("settled", "state")
        )


def replay(model: Trained, steps: Steps) -> NDArray[np.float64]:
    """Risk of each stay after hours 0 to 48, from a state carried from hour to hour: (S, 49); NaN before any event."""
    curves = np.full((len(steps), HOURS + 1), np.nan)
    passes: Any = model
    state = passes.begin(steps.statics)
    begun = np.zeros(len(steps), bool)
    for hour, (rows, offsets) in enumerate(_hours(steps)):
        state = passes.advance(state, steps.time[rows], steps.x[rows], steps.seen[rows], offsets)
        begun |= np.diff(offsets) > 0
        curves[begun, hour] = passes.risk(state, np.full(len(steps), float(hour)))[begun]
    return curves


def _hours(steps: Steps) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """For hours 0 to 48: the rows after the hour before, up to and including it, and their offsets by stay."""
    stay = np.repeat(np.arange(len(steps)), np.diff(steps.offsets))
    hour = np.ceil(steps.time).astype(np.int64)
    order = np.argsort(hour, kind="stable")
    ends = np.searchsorted(hour[order], np.arange(HOURS + 2))
    for h in range(HOURS + 1):
        rows = order[ends[h] : ends[h + 1]]
        yield rows, np.concatenate([[0], np.cumsum(np.bincount(stay[rows], minlength=len(steps)))])
