"""The probability of not being censored, by which predictions are weighed."""

from __future__ import annotations

from typing import Any

import numpy as np

from marey.survival._rows import Floats, as_column, as_rows
from marey.survival.kaplan_meier import kaplan_meier

__all__ = ["Uncensored", "as_times", "checked_weights"]


class Uncensored:
    """G, the Kaplan-Meier curve of the time to censoring; events leave just before censorings at the same time."""

    def __init__(self, time: Any, event: Any, weights: Any = None) -> None:
        curve = kaplan_meier(time, event, weights=weights)
        at_risk = curve.n_at_risk - curve.n_events
        steps = np.divide(curve.n_censored, at_risk, out=np.zeros_like(at_risk), where=at_risk > 0)
        self.time = curve.time
        self.steps = np.concatenate([[1.0], np.cumprod(1 - steps)])

    def before(self, time: Floats) -> Floats:
        """G(t-)."""
        return self.steps[np.searchsorted(self.time, time)]

    def at(self, time: Floats) -> Floats:
        """G(t)."""
        return self.steps[np.searchsorted(self.time, time, side="right")]


def as_times(times: Any, time: Floats) -> Floats:
    """(T,) rising times at which rows of ``time`` are judged; some row must be followed beyond the last."""
    wanted = as_column("times", np.atleast_1d(np.asarray(times)))
    if len(wanted) == 0 or not (np.diff(wanted) > 0).all():
        raise ValueError(f"`times` is {wanted}; expected one or more rising times")
    if len(time) == 0 or not wanted[-1] < time.max():
        last = time.max() if len(time) else None
        raise ValueError(f"`times` ends with {wanted[-1]}; expected times before {last}, the last of `time`")
    return wanted


def checked_weights(time: Any, event: Any, times: Any, censoring: Any) -> tuple[Floats, Floats, Floats, Floats]:
    """``time``, ``times``, and what a case of each row and a control at each time weighs: 1 / G(T-), 1 / G(t)."""
    rows = as_rows(time, event)
    wanted = as_times(times, rows.time)
    if censoring is not None and (not isinstance(censoring, tuple) or len(censoring) != 2):
        raise TypeError("`censoring` is no pair; expected (time, event) of the rows that tell of the censoring")
    G = Uncensored(*((rows.time, rows.event) if censoring is None else censoring))
    case = rows.event & (rows.time <= wanted[-1])
    before, at = np.where(case, G.before(rows.time), 1.0), G.at(wanted)
    if not (before > 0).all() or not (at > 0).all():
        first = G.time[np.argmax(G.steps == 0) - 1]
        raise ValueError(f"`censoring` leaves nobody uncensored from {first} on; expected `times` before it")
    return rows.time, wanted, np.where(case, 1 / before, 0.0), 1 / at
