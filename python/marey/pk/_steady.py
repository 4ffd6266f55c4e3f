"""The steady state of a model under a repeated dose: the fixed point of a period, by Newton's method."""

from __future__ import annotations

from typing import Any

import numpy as np

from marey.ode.doses import Doses
from marey.ode.solve import solve
from marey.pk._schedule import Steady, still_running

__all__ = ["steady_states"]

Array = np.ndarray[Any, Any]
_MOST = 50
_PERIODS_FIRST = 2  # of a nonlinear model, before Newton's method


def steady_states(
    model: Any, params: Array, y0: Array, steady: Steady, sens: bool, options: dict[str, Any]
) -> tuple[Array, Array, Array]:
    """States (R, n) at ``steady.time``, their derivatives by the parameters (R, n, k), and which there are."""
    n, k = y0.shape[1], params.shape[1]
    p, x = params[steady.subject], y0[steady.subject].copy()
    rtol, atol = options.get("rtol", 1e-6), np.broadcast_to(options.get("atol", 1e-9), n)
    # A fixed point magnifies a period's error by 1 / (1 - what a period keeps).
    tight = options | {"rtol": max(0.05 * rtol, 1e-13), "atol": 0.05 * atol}
    there, alive = np.zeros(len(x), dtype=bool), np.ones(len(x), dtype=bool)
    for nth in range(_MOST):
        todo = np.flatnonzero(alive & ~there)
        if not len(todo):
            break
        s = _period(model, p[todo], x[todo], steady, todo, steady.interval[todo], "y0", tight)
        alive[todo] = np.asarray(s.status) == 0
        after, kept = s.y[:, :, 0], s.sens[:, :, :, 0]
        fine = np.flatnonzero(alive[todo])
        todo, after, kept = todo[fine], after[fine], kept[fine]
        if nth < _PERIODS_FIRST:
            x[todo] = after
            continue
        step = _solved(np.eye(n) - kept, (after - x[todo])[:, :, None])[:, :, 0]
        new = x[todo] + step
        enough = atol + max(rtol, 1e-9) * np.maximum(np.abs(new), np.abs(x[todo]))
        there[todo] = ((np.abs(step) <= enough) & (np.abs(after - x[todo]) <= enough)).all(axis=1)
        # Where Newton's step leaves what a period can reach, the period's own step is taken.
        wild = ~(np.isfinite(new) & ((new >= -atol) | (after < 0))).all(axis=1) & ~there[todo]
        x[todo] = np.where(wild[:, None], after, new)
    by = np.zeros((len(x), n, k))
    if sens and there.any():
        good = np.flatnonzero(there)
        kept = _period(model, p[good], x[good], steady, good, steady.interval[good], "y0", tight).sens[:, :, :, 0]
        moved = _period(model, p[good], x[good], steady, good, steady.interval[good], "params", tight).sens[:, :, :, 0]
        by[good] = _solved(np.eye(n) - kept, moved)
    late = np.flatnonzero(there & (steady.lag > 0))
    if len(late):
        until = steady.interval[late] - steady.lag[late]
        s = _period(model, p[late], x[late], steady, late, until, "params" if sens else None, tight, by[late])
        x[late] = s.y[:, :, 0]
        if sens:
            by[late] = s.sens[:, :, :, 0]
    return x, by, there


def _period(
    model: Any, p: Array, x: Array, steady: Steady, which: Array, until: Array, sens: Any, options: Any, by: Any = None
) -> Any:
    """From just before a dose to ``until`` after it; the next but one dose is that of the table."""
    amount, rate, interval = steady.amount[which], steady.rate[which], steady.interval[which]
    t0 = steady.time[which] + steady.lag[which] - interval
    running, _ = still_running(amount, rate, interval, interval)
    infused = rate > 0
    end = np.where(infused, amount / np.where(infused, rate, 1.0) - running * interval, np.inf)
    who, state = np.arange(len(which)), steady.state[which]
    ends = infused & (end <= until)
    doses = Doses(
        np.concatenate([who, who[ends]]),
        np.concatenate([t0, t0[ends] + end[ends]]),
        np.concatenate([state, state[ends]]),
        np.concatenate([np.where(infused, rate * (1 + running), amount), -rate[ends]]),
        np.concatenate([np.where(infused, "rate", "add"), np.full(int(ends.sum()), "rate")]),
    )
    y0_by = by if sens == "params" else None
    return solve(model, x, (t0 + until)[:, None], p, t0=t0, doses=doses, sens=sens, y0_by=y0_by, **options)


def _solved(a: Array, b: Array) -> Array:
    """Without regard to states that a period leaves as they are; where one grows instead, the residual tells."""
    try:
        return np.linalg.solve(a, b)
    except np.linalg.LinAlgError:
        if len(a) == 1:
            answer: Array = np.linalg.pinv(a) @ b
            return answer
        return np.concatenate([_solved(a[i : i + 1], b[i : i + 1]) for i in range(len(a))])
