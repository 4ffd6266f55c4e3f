"""An event table as events of `marey.ode.solve`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from marey.ode.doses import Doses
from marey.pk.event_table import EventTable

__all__ = ["Schedule", "Steady", "schedule", "steady_doses", "still_running"]

Array = np.ndarray[Any, Any]
_LAST = np.iinfo(np.int64).max  # further and delayed doses, and ends, come after an observation of their time
_ADD, _RATE, _SET = range(3)
_KINDS = np.array(["add", "rate", "set"], dtype=object)


@dataclass(frozen=True)
class Steady:
    """Doses of a steady state, one a record: ``at`` says which records they are; the lag is less than ``interval``."""

    at: Array
    subject: Array
    row: Array
    time: Array
    state: Array
    amount: Array
    rate: Array
    interval: Array
    lag: Array
    replaces: Array  # instead of what was, not added to it


@dataclass(frozen=True)
class Schedule:
    """Events in the order of subjects, times and rows; ``order`` is the row of the table, or last of all."""

    subject: Array
    time: Array
    state: Array
    amount: Array
    kind: Array
    order: Array
    by: Array

    def doses(self, sens: bool) -> Doses:
        return Doses(self.subject, self.time, self.state, self.amount, _KINDS[self.kind], self.by if sens else None)

    def seen(self, subject: int, time: float, row: int) -> Array:
        """Jumps at this time of rows above ``row``."""
        a, b = np.searchsorted(self.subject, [subject, subject + 1])
        first, last = a + np.searchsorted(self.time[a:b], [time, np.nextafter(time, np.inf)])
        here = np.arange(first, last)
        jumps: Array = here[(self.order[here] < row) & (self.kind[here] != _RATE)]
        return jumps


def steady_doses(events: EventTable) -> Steady:
    records = events.records
    at = np.flatnonzero(records["steady"] > 0)
    subject = np.searchsorted(records["offsets"], at, side="right") - 1
    row, time, rate, interval, lag = (records[name][at] for name in ("row", "time", "rate", "interval", "lag"))
    amount = records["amount"][at] * records["fraction"][at]
    state = records["cmt"][at] - 1
    return Steady(at, subject, row, time, state, amount, rate, interval, lag, records["steady"][at] == 1)


def still_running(amount: Array, rate: Array, interval: Array, until: Array) -> tuple[Array, Array]:
    """Infusions of a steady state that run just before a dose, and ``until`` after it."""
    duration = np.divide(amount, rate, out=np.zeros(len(rate)), where=rate > 0)
    running = np.maximum(np.ceil(duration / interval), 1.0)
    end = duration - (running - 1) * interval
    later = np.where((until < interval) & (until < end), running, running - 1)
    return np.where(rate > 0, running - 1, 0.0), np.where(rate > 0, later, 0.0)


def schedule(
    events: EventTable, y0: Array, y0_by: Array, steady: Steady, steady_y: Array, steady_by: Array
) -> Schedule:
    """``y0`` (N, n) is what a reset sets, ``steady_y`` (R, n) the steady states; ``by`` their derivatives."""
    records = events.records
    n = y0.shape[1]
    subject = np.repeat(np.arange(events.n_subjects), np.diff(records["offsets"]))
    parts: list[tuple[Array, ...]] = []

    def add(
        subject: Array, time: Array, state: Array, amount: Array, kind: int, order: Any, rank: int, by: Any
    ) -> None:
        k = len(subject)
        columns = np.broadcast_to(by, (k, y0_by.shape[-1]))
        orders, ranks = np.broadcast_to(order, k), np.broadcast_to(rank, k)
        parts.append((subject, time, state, amount, np.full(k, kind), orders, ranks, columns))

    def add_all(subject: Array, time: Array, values: Array, kind: Any, order: Array, rank: int, by: Array) -> None:
        """Every state at once."""
        wide = [np.repeat(a, n) for a in (subject, time, order)]
        state, by = np.tile(np.arange(n), len(subject)), by.reshape(-1, by.shape[-1])
        add(wide[0], wide[1], state, values.reshape(-1), kind, wide[2], rank, by)

    resets = (records["kind"] & 1) == 1
    who = subject[resets]
    add_all(who, records["time"][resets], y0[who], _SET, records["row"][resets], 0, y0_by[who])
    for kind, chosen in ((_SET, steady.replaces), (_ADD, ~steady.replaces)):
        s, y, by = steady.subject[chosen], steady_y[chosen], steady_by[chosen]
        add_all(s, steady.time[chosen], y, kind, steady.row[chosen], 1, by)

    # What is still to come of the rows above it, a reset calls off.
    last = np.flatnonzero(resets | (records["steady"] == 1))
    last = last[np.argsort(records["row"][last], kind="stable")]
    after = np.searchsorted(records["row"][last], records["row"], side="right")
    follows = np.minimum(after, max(len(last) - 1, 0))
    called_off = np.full(len(subject), np.inf)
    if len(last):
        same = (after < len(last)) & (subject[last[follows]] == subject)
        called_off[same] = records["time"][last[follows]][same]
    start = records["time"] + records["lag"]
    own = ~records["implied"] & (records["lag"] == 0)
    acts = (records["kind"] >= 2) & ((start < called_off) | ((start == called_off) & own))
    amount, rate, state = records["amount"] * records["fraction"], records["rate"], records["cmt"] - 1
    order = np.where(own, records["row"], _LAST)
    bolus, infusion = acts & (rate == 0), acts & (rate > 0)
    add(subject[bolus], start[bolus], state[bolus], amount[bolus], _ADD, order[bolus], 2, 0.0)
    end = np.minimum(start + np.divide(amount, rate, out=np.zeros(len(rate)), where=rate > 0), called_off)
    add(subject[infusion], start[infusion], state[infusion], rate[infusion], _RATE, order[infusion], 2, 0.0)
    add(subject[infusion], end[infusion], state[infusion], -rate[infusion], _RATE, _LAST, 2, 0.0)

    # A running infusion ends where it is called off, also one that a reset finds: its rate is taken back there.
    _, running = still_running(steady.amount, steady.rate, steady.interval, steady.interval - steady.lag)
    for nth in range(1, int(running.max(initial=0)) + 1):
        runs = np.flatnonzero(running >= nth)
        s, q = steady.subject[runs], steady.rate[runs]
        begun = steady.time[runs] + steady.lag[runs] - nth * steady.interval[runs]
        ends = np.clip(begun + steady.amount[runs] / q, steady.time[runs], called_off[steady.at[runs]])
        add(s, steady.time[runs], steady.state[runs], q, _RATE, steady.row[runs], 1, 0.0)
        add(s, ends, steady.state[runs], -q, _RATE, _LAST, 2, 0.0)

    whole = [np.concatenate([part[k] for part in parts]) for k in range(8)]
    *columns, rank, by = whole
    subject, time, _, _, _, order = columns
    sort = np.lexsort((rank, order, time, subject))
    return Schedule(*(a[sort] for a in (*columns, by)))
