"""Any `marey.model` under an event table."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from marey._runtime.doors import is_torch
from marey.ode.solution import OUTCOMES, Solution
from marey.ode.solve import solve
from marey.pk._outputs import Outputs, outputs
from marey.pk._params import check_dtype, stacked
from marey.pk._schedule import Schedule, schedule, steady_doses
from marey.pk._steady import steady_states
from marey.pk.event_table import EventTable
from marey.pk.published import Published

__all__ = ["by_ode"]

Array = np.ndarray[Any, Any]
_OPTIONS = ("method", "rtol", "atol", "first_step", "max_step", "max_steps")


def by_ode(
    model: Any, params: Any, events: EventTable, t_obs: Any, *, sens: bool, y0: Any, options: dict[str, Any]
) -> Solution:
    for name in options:
        if name not in _OPTIONS:
            raise TypeError(f"`{name}` is no option of a model; expected {', '.join(_OPTIONS)}")
    if isinstance(model, Published):
        y0, params, model = model.start if y0 is None else y0, model.complete(params), model.model
    if y0 is None:
        raise TypeError("`y0` is missing: the states that the subjects begin with")
    names = _names(model, 2)
    if len(model.arguments) == 2 and params is None:
        params = np.zeros(0)
    if isinstance(params, Mapping) and not names:
        raise TypeError(f"`params` is a mapping; {model.__name__} has no names for its parameters")
    values = stacked(params, names, {})
    dtype = check_dtype(values)
    if not is_torch(values):
        s = _run(model, values.astype(np.float64), events, t_obs, sens, y0, options)
        by = None if s.sens is None else s.sens.astype(dtype, copy=False)
        return replace(s, y=s.y.astype(dtype, copy=False), sens=by)
    if values.device.type != "cpu":
        raise TypeError(f"`params` is on {values.device}; expected a tensor on the CPU")
    if sens and values.requires_grad:
        raise ValueError("`sens` is for tensors without gradients: a tensor's gradient uses it already")
    import torch

    kept: list[Solution] = []
    whose = np.repeat(np.arange(events.n_subjects), np.diff(events.offsets))[events.observations]
    y = _function().apply(
        values, lambda p, wanted: _run(model, p, events, t_obs, sens or wanted, y0, options), kept, whose
    )
    s = kept[0]
    told = {name: torch.from_numpy(getattr(s, name)) for name in ("t", "status", "accepted", "rejected")}
    return replace(s, y=y, sens=torch.from_numpy(s.sens).to(dtype) if sens else None, **told)


def _names(model: Any, argument: int) -> tuple[str, ...]:
    return model.entries.get(model.arguments[argument], ()) if len(model.arguments) > argument else ()


def _run(
    model: Any, params: Array, events: EventTable, t_obs: Any, sens: bool, y0: Any, options: dict[str, Any]
) -> Solution:
    n = events.n_subjects
    if params.ndim not in (1, 2) or (params.ndim == 2 and len(params) != n):
        raise ValueError(f"`params` has shape {params.shape}; expected ({n}, k) or (k,) for {n} subjects")
    params = np.ascontiguousarray(np.broadcast_to(params, (n, params.shape[-1])))
    start, start_by = _start(model, y0, params, n)
    _check_states(events, start.shape[1])
    wanted = outputs(events, t_obs)
    steady = steady_doses(events)
    steady_y, steady_by, there = steady_states(model, params, start, steady, sens, options)
    plan = schedule(events, start, start_by, steady, np.where(there[:, None], steady_y, 0.0), steady_by)
    grid, place = _grid(wanted, n)
    first = events.time[events.offsets[:-1]]
    t0 = np.minimum(first, grid[..., 0]) if grid.shape[-1] else first
    s = solve(
        model, start, grid, params, t0=t0, doses=plan.doses(sens), sens="params" if sens else None,
        y0_by=start_by if sens else None, **options,
    )  # fmt: skip
    status = np.array(s.status)
    lost = steady.subject[~there]
    status[lost] = OUTCOMES.index("no steady state")
    s.y[lost] = np.nan
    return replace(_gathered(s, events, wanted, place, plan), status=status, _again=None)


def _start(model: Any, y0: Any, params: Array, n: int) -> tuple[Array, Array]:
    """(N, n) states that the subjects begin with, (N, n, k) their derivatives by the parameters."""
    k = params.shape[1]
    if is_torch(y0):
        if y0.requires_grad:
            raise ValueError(
                "`y0` requires a gradient; name the parameter that a state begins at, as {'state': 'name'}"
            )
        y0 = y0.numpy()
    if not isinstance(y0, Mapping):
        given = np.asarray(y0, dtype=np.float64)
        if given.ndim not in (1, 2) or (given.ndim == 2 and len(given) != n):
            raise ValueError(f"`y0` has shape {given.shape}; expected ({n}, n) or (n,) for {n} subjects")
        start = np.ascontiguousarray(np.broadcast_to(given, (n, given.shape[-1])))
        return start, np.zeros((*start.shape, k))
    states, names = _names(model, 1), _names(model, 2)
    start, by = np.zeros((n, len(states))), np.zeros((n, len(states), k))
    for state, value in y0.items():
        if state not in states:
            raise ValueError(f"`y0` has an unknown state {state!r}; expected {', '.join(states) or 'an array'}")
        at = states.index(state)
        if isinstance(value, str):
            if value not in names:
                raise ValueError(f"`y0` of {state!r} is {value!r}; expected a number or one of {', '.join(names)}")
            start[:, at], by[:, at, names.index(value)] = params[:, names.index(value)], 1.0
        else:
            start[:, at] = value
    return start, by


def _check_states(events: EventTable, n_states: int) -> None:
    wrong = np.flatnonzero(events.is_dose & (events.cmt > n_states))
    if len(wrong):
        row = wrong[0]
        raise ValueError(f"`events` has cmt = {events.cmt[row]} in row {row}; the model has {n_states} states")


def _grid(wanted: Outputs, n: int) -> tuple[Array, Array]:
    """Rising times, (T,) shared or (N, L), and where among them each output stands.

    Rows with fewer times go on a little beyond their last.
    """
    if wanted.shared:
        return np.unique(wanted.times, return_inverse=True)
    pairs = list(zip(wanted.offsets, wanted.offsets[1:], strict=False))
    each = [np.unique(wanted.times[a:b], return_inverse=True) for a, b in pairs]
    length = max((len(times) for times, _ in each), default=0)
    grid = np.zeros((n, length))
    for row, (times, _) in zip(grid, each, strict=True):
        span = times[-1] - times[0] if len(times) else 0.0
        beyond = (times[-1] if len(times) else 0.0) + (span + 1.0) * 1e-6 * np.arange(1, length - len(times) + 1)
        row[:] = np.concatenate([times, beyond])
    return grid, np.concatenate([place for _, place in each]) if each else np.zeros(0, dtype=np.int64)


def _gathered(s: Solution, events: EventTable, wanted: Outputs, place: Array, plan: Schedule) -> Solution:
    """The outputs that were asked for; an observation of the table sees the rows above it."""
    if wanted.rows is None:
        if wanted.shared:
            return replace(s, t=wanted.times, y=s.y[..., place], sens=None if s.sens is None else s.sens[..., place])
        n, length = wanted.shape
        at = place.reshape(n, 1, length)
        by = None if s.sens is None else np.take_along_axis(s.sens, at[:, None], axis=-1)
        return replace(s, t=wanted.times.reshape(n, length), y=np.take_along_axis(s.y, at, axis=-1), sens=by)
    subject = np.repeat(np.arange(len(s.status)), np.diff(wanted.offsets))
    y = s.y[subject, :, place]
    by = None if s.sens is None else s.sens[subject, :, :, place]
    # Only an observation below another row of its time can see a jump.
    above = np.maximum(wanted.rows - 1, 0)
    below = (wanted.rows > 0) & (events.time[above] == wanted.times) & (above >= events.offsets[subject])
    for k in np.flatnonzero(below):
        i, time, row = int(subject[k]), float(wanted.times[k]), int(wanted.rows[k])
        for event in plan.seen(i, time, row):
            at, given = plan.state[event], plan.kind[event] == 0
            y[k, at] = plan.amount[event] + (y[k, at] if given else 0.0)
            if by is not None:
                by[k, at] = plan.by[event] + (by[k, at] if given else 0.0)
    return replace(s, t=wanted.times, y=y, sens=by)


@functools.cache
def _function() -> Any:
    import torch

    class ByOde(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, params: Any, run: Any, kept: list[Solution], whose: Array) -> Any:
            s = run(params.detach().double().numpy(), params.requires_grad)
            kept.append(s)
            ctx.shape, ctx.whose, ctx.subjects = params.shape, whose, len(s.status)
            if params.requires_grad:
                ctx.save_for_backward(torch.from_numpy(s.sens))
            return torch.from_numpy(s.y).to(params.dtype)

        @staticmethod
        @torch.autograd.function.once_differentiable
        def backward(ctx: Any, grad: Any) -> Any:
            (by,) = ctx.saved_tensors
            if grad.ndim == 3:
                each = torch.einsum("nst,nskt->nk", grad.double(), by)
            else:
                of_row = torch.einsum("es,esk->ek", grad.double(), by)
                each = of_row.new_zeros(ctx.subjects, of_row.shape[1])
                each.index_add_(0, torch.from_numpy(ctx.whose), of_row)
            return (each.sum(0) if len(ctx.shape) == 1 else each).to(grad.dtype), None, None, None

    return ByOde
