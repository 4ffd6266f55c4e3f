"""Reference for simulate: amounts in every compartment, from event to event by the matrix exponential."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from marey.pk.event_table import EventTable

__all__ = ["simulate"]

Vector = np.ndarray[Any, Any]


def simulate(
    model: str,
    params: Any,
    events: EventTable,
    t_obs: Any = None,
    *,
    sens: bool = False,
    y0: Any = None,
    **options: Any,
) -> Any:
    """Concentrations at ``t_obs`` (T,) or (N, T), of a closed form by name, as in `marey.pk.simulate`.

    Derivatives are differences of the fourth order, good to about ten digits.
    """
    assert y0 is None, "a closed form begins empty"
    assert not options
    params = np.broadcast_to(np.asarray(params, dtype=np.float64), (events.n_subjects, np.shape(params)[-1]))
    times = [events.time[rows] for rows in _observations(events)] if t_obs is None else None
    if times is None:
        times = list(np.broadcast_to(np.asarray(t_obs, dtype=np.float64), (events.n_subjects, np.shape(t_obs)[-1])))
    join = np.concatenate if t_obs is None else np.array

    def all_subjects(p: Vector) -> Vector:
        made: Vector = join([_subject(model, p[i], events, i, times[i], t_obs is None) for i in range(len(p))])
        return made

    if len(params) == 0:
        return np.zeros((0,) if t_obs is None else (0, np.shape(t_obs)[-1]))
    y = all_subjects(params)
    if not sens:
        return y
    by = []
    for k in range(params.shape[1]):
        step = 1e-3 * (np.abs(params[:, k]) + (params[:, k] == 0))

        def at(multiple: int, k: int = k, step: Vector = step) -> Vector:
            moved = params.copy()
            moved[:, k] += multiple * step
            return all_subjects(moved)

        each = np.repeat(step, [len(t) for t in times]).reshape(y.shape)
        by.append((8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * each))
    return y, np.stack(by, axis=-1)


def _observations(events: EventTable) -> list[Vector]:
    return [np.flatnonzero(events.evid[a:b] == 0) + a for a, b in zip(events.offsets, events.offsets[1:], strict=False)]


def _matrix(count: int, oral: bool, p: Vector) -> Vector:
    """Of d amounts / dt; compartments in the order depot, central, peripheral ones. The depot is there always."""
    A = np.zeros((1 + count, 1 + count))
    A[1, 1] = -p[0] / p[1]
    for k in range(1, count):
        q, v = p[2 * k], p[2 * k + 1]
        A[1, 1] -= q / p[1]
        A[1 + k, 1] += q / p[1]
        A[1, 1 + k] += q / v
        A[1 + k, 1 + k] -= q / v
    if oral:
        A[0, 0], A[1, 0] = -p[2 * count], p[2 * count]
    return A


def _exponential(A: Vector) -> Vector:
    """Taylor's series of a small multiple, squared back."""
    halvings = max(0, math.ceil(math.log2(max(np.abs(A).sum(axis=1).max(), 1e-300))) + 4)
    term = result = np.eye(len(A))
    for k in range(1, 16):
        term = term @ A / (k * 2.0**halvings)
        result = result + term
    for _ in range(halvings):
        result = result @ result
    return result


def _later(A: Vector, x: Vector, rates: Vector, tau: float) -> Vector:
    """The state after ``tau`` of constant infusion."""
    n = len(x)
    whole = np.zeros((n + 1, n + 1))
    whole[:n, :n], whole[:n, n] = A * tau, rates * tau
    after: Vector = (_exponential(whole) @ np.append(x, 1.0))[:n]
    return after


def _steady(A: Vector, where: int, amount: float, rate: float, ii: float, until: float) -> Vector:
    """The state ``until`` after one of infinitely many doses; at ``ii``, just before the next."""
    place = np.eye(len(A))[where]

    def after_dose(x: Vector, tau: float) -> Vector:
        if rate == 0:
            return _later(A, x + amount * place, 0 * place, tau)
        running = max(1, math.ceil(amount / rate / ii))
        end = amount / rate - (running - 1) * ii
        if tau < end:
            return _later(A, x, running * rate * place, tau)
        return _later(A, _later(A, x, running * rate * place, end), (running - 1) * rate * place, tau - end)

    # x -> E x + b has one fixed point among the compartments that lose something.
    E, b = _exponential(A * ii), after_dose(np.zeros(len(A)), ii)
    used = np.diag(A) != 0
    x = np.zeros(len(A))
    x[used] = np.linalg.solve((np.eye(len(A)) - E)[np.ix_(used, used)], b[used])
    return after_dose(x, until) if until < ii else x


def _subject(model: str, p: Vector, events: EventTable, i: int, times: Vector, of_table: bool) -> Vector:
    count, oral = int(model[0]), model.endswith("oral")
    names = 2 * count + oral
    F, LAG = p[names:] if len(p) > names else (1.0, 0.0)
    A = _matrix(count, oral, p)
    happenings: list[_Happening] = []
    for row in range(events.offsets[i], events.offsets[i + 1]):
        t, evid, ss, ii = events.time[row], events.evid[row], events.ss[row], events.ii[row]
        if evid in (3, 4):
            happenings.append(_Happening(t, row, "0 reset", row))
        if evid not in (1, 4):
            continue
        where = int(events.cmt[row] - 1) if oral else 1
        acts = where == 0 or not oral
        amount = events.amt[row] * events.F[row] * (F if acts else 1.0)
        lag, rate = events.lag[row] + (LAG if acts else 0.0), events.rate[row]
        older = 0
        while ss and rate > 0 and lag - (older + 1) * ii + amount / rate > 1e-12 * ii:  # begun before, still running
            older += 1
            happenings.append(_Happening(t + lag - older * ii + amount / rate, _LAST, "3 rate", row, where, -rate))
        if ss == 1:
            happenings.append(_Happening(t, row, "0 reset", row))
        if ss:
            happenings.append(_Happening(t, row, "1 steady", row, where, amount, rate, lag, older))
        for k in range(1 + events.addl[row]):
            start, order = t + k * ii + lag, row if k == 0 and lag == 0 else _LAST
            if rate > 0:
                happenings.append(_Happening(start, order, "3 rate", row, where, rate))
                happenings.append(_Happening(start + amount / rate, _LAST, "3 rate", row, where, -rate))
            else:
                happenings.append(_Happening(start, order, "2 bolus", row, where, amount))
    happenings.sort()
    rows = list(_observations(events)[i]) if of_table else [-1] * len(times)
    return np.array([_at(A, happenings, events, p[1], t, row) for t, row in zip(times, rows, strict=True)])


@dataclass(order=True)
class _Happening:
    """``order`` among those of one time: the row of the table, or last."""

    time: float
    order: int
    what: str
    row: int
    where: int = 0
    size: float = 0.0  # the amount, or the change of rate
    rate: float = 0.0  # the rest is of a steady state
    lag: float = 0.0
    older: int = 0


_LAST = 2**62


def _at(A: Vector, happenings: list[_Happening], events: EventTable, volume: float, t: float, own: int) -> float:
    """Everything again from the start, for one output; it sees what rows above its ``own`` do at its time."""
    n = len(A)
    x, rates, now, ended = np.zeros(n), np.zeros(n), -np.inf, -1
    for h in happenings:
        if h.time > t or (h.time == t and h.order >= own):
            break
        if h.row < ended:
            continue
        x = _later(A, x, rates, h.time - now) if now > -np.inf else x
        now = h.time
        if h.what == "0 reset":
            x, rates, ended = np.zeros(n), np.zeros(n), h.row
        elif h.what == "1 steady":
            x = x + _steady(A, h.where, h.size, h.rate, events.ii[h.row], events.ii[h.row] - h.lag)
            rates[h.where] += h.older * h.rate
        elif h.what == "2 bolus":
            x[h.where] += h.size
        elif h.what == "3 rate":
            rates[h.where] += h.size
    return float((_later(A, x, rates, t - now) if now > -np.inf else x)[1] / volume)
