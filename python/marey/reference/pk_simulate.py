"""Reference for pk.simulate: amounts in every compartment, from event to event by the matrix exponential."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from marey.pk.event_table import EventTable

__all__ = ["pk_simulate"]

Vector = np.ndarray[Any, Any]


def pk_simulate(model: str, params: Vector, events: EventTable, t_obs: Vector) -> Vector:
    """(N, T) concentrations at ``t_obs`` (T,), of a closed form by name; ``params`` (N, p) as in `marey.pk.simulate`."""
    oral = model.endswith("oral")
    return np.array([_subject(int(model[0]), oral, p, events, i, t_obs) for i, p in enumerate(params)])


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
    return (_exponential(whole) @ np.append(x, 1.0))[:n]


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


def _subject(count: int, oral: bool, p: Vector, events: EventTable, i: int, t_obs: Vector) -> Vector:
    names = 2 * count + oral
    F, LAG = p[names:] if len(p) > names else (1.0, 0.0)
    A = _matrix(count, oral, p)
    happenings: list[tuple[Any, ...]] = []  # time, row, what, amount or change of rate, and of a steady state the rest
    for row in range(events.offsets[i], events.offsets[i + 1]):
        t, evid, ss, ii = events.time[row], events.evid[row], events.ss[row], events.ii[row]
        if evid in (3, 4):
            happenings.append((t, row, "0 reset", 0.0, 0.0, 0, 0.0, 0))
        if evid not in (1, 4):
            continue
        where = events.cmt[row] - 1 if oral else 1
        acts = where == 0 or not oral
        amount = events.amt[row] * events.F[row] * (F if acts else 1.0)
        lag, rate = events.lag[row] + (LAG if acts else 0.0), events.rate[row]
        older = 0
        while ss and rate > 0 and lag - (older + 1) * ii + amount / rate > 1e-12 * ii:  # begun before, still running
            older += 1
            happenings.append((t + lag - older * ii + amount / rate, row, "3 rate", -rate, 0.0, where, 0.0, 0))
        if ss == 1:
            happenings.append((t, row, "0 reset", 0.0, 0.0, 0, 0.0, 0))
        if ss:
            happenings.append((t, row, "1 steady", amount, rate, where, lag, older))
        for k in range(1 + events.addl[row]):
            start = t + k * ii + lag
            if rate > 0:
                happenings.append((start, row, "3 rate", rate, 0.0, where, 0.0, 0))
                happenings.append((start + amount / rate, row, "3 rate", -rate, 0.0, where, 0.0, 0))
            else:
                happenings.append((start, row, "2 bolus", amount, 0.0, where, 0.0, 0))
    happenings.sort()
    return np.array([_at(A, happenings, events, p[1], t) for t in t_obs])


def _at(A: Vector, happenings: list[Any], events: EventTable, volume: float, t: float) -> float:
    """Everything again from the start, for one output."""
    n = len(A)
    x, rates, now, ended = np.zeros(n), np.zeros(n), -np.inf, -1
    for time, row, what, size, rate, where, lag, older in happenings:
        if time >= t:
            break
        if row < ended:
            continue
        x = _later(A, x, rates, time - now) if now > -np.inf else x
        now = time
        if what == "0 reset":
            x, rates, ended = np.zeros(n), np.zeros(n), row
        elif what == "1 steady":
            x = x + _steady(A, where, size, rate, events.ii[row], events.ii[row] - lag)
            rates[where] += older * rate
        elif what == "2 bolus":
            x[where] += size
        elif what == "3 rate":
            rates[where] += size
    return float((_later(A, x, rates, t - now) if now > -np.inf else x)[1] / volume)
