"""The closed forms, from checked Python to the native kernel and to torch's gradient."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from marey._runtime import native
from marey._runtime.doors import is_torch
from marey.pk._outputs import outputs
from marey.pk._params import check_dtype, check_params
from marey.pk.compartments import Compartments
from marey.pk.event_table import EventTable

__all__ = ["by_closed_form"]

Array = np.ndarray[Any, Any]
# Infusions of a steady state that run at once; more are a mistake in the units of `amt`, `rate` or `ii`.
_MOST_RUNNING = 1000


def by_closed_form(form: Compartments, params: Any, events: EventTable, t_obs: Any, sens: bool) -> Any:
    dtype = check_dtype(params)
    if not is_torch(params):
        y, by = _run(form, params.astype(np.float64), events, t_obs, sens)
        return (y.astype(dtype, copy=False), by.astype(dtype, copy=False)) if sens else y.astype(dtype, copy=False)
    if params.device.type != "cpu":
        raise TypeError(f"`params` is on {params.device}; expected a tensor on the CPU")
    if not sens:
        return _function().apply(params, (form, events, t_obs))
    if params.requires_grad:
        raise ValueError("`sens` is for tensors without gradients: a tensor's gradient uses it already")
    import torch

    y, by = _run(form, params.double().numpy(), events, t_obs, True)
    return torch.from_numpy(y).to(dtype), torch.from_numpy(by).to(dtype)


def _run(form: Compartments, params: Array, events: EventTable, t_obs: Any, sens: bool) -> tuple[Array, Array]:
    n = events.n_subjects
    scaled = check_params(form, params, n)
    records = events.records
    depot = _into_depot(form, records)
    _check_steady(form, np.broadcast_to(params, (n, params.shape[-1])), records, depot, scaled)
    wanted = outputs(events, t_obs)
    columns = [records[k] for k in ("time", "amount", "rate", "interval", "fraction", "lag", "kind", "steady")]
    y, by = native.core().pk_simulate(
        form.count,
        form.oral,
        scaled,
        np.ascontiguousarray(np.broadcast_to(params, (n, params.shape[-1]))),
        records["offsets"],
        *columns,
        depot,
        records["implied"],
        records["row"],
        wanted.offsets,
        wanted.times,
        wanted.rows,
        wanted.shared,
        sens,
    )
    return y.reshape(wanted.shape), by.reshape(*wanted.shape, params.shape[-1]) if sens else by


def _into_depot(form: Compartments, records: dict[str, Any]) -> Array:
    wrong = np.flatnonzero((records["kind"] >= 2) & (records["cmt"] > 1 + form.oral))
    if len(wrong):
        row, cmt = records["row"][wrong[0]], records["cmt"][wrong[0]]
        told = "1 (the depot) or 2 (central)" if form.oral else "1 (central)"
        raise ValueError(f"`events` has cmt = {cmt} in row {row}; this closed form takes doses into {told}")
    into: Array = (records["cmt"] == 1) & form.oral
    return into


def _check_steady(form: Compartments, params: Array, records: dict[str, Any], depot: Array, scaled: bool) -> None:
    """A steady state is that of a dose given within the interval, and of infusions that end."""
    steady = np.flatnonzero(records["steady"] > 0)
    if not len(steady):
        return
    subject = np.searchsorted(records["offsets"], steady, side="right") - 1
    lag, amount = records["lag"][steady], records["amount"][steady] * records["fraction"][steady]
    if scaled:
        acts = depot[steady] | (not form.oral)
        lag = lag + np.where(acts, params[subject, -1], 0.0)
        amount = amount * np.where(acts, params[subject, -2], 1.0)
    interval, rate, row = (records[name][steady] for name in ("interval", "rate", "row"))
    late = np.flatnonzero(lag >= interval)
    if len(late):
        k = late[0]
        raise ValueError(
            f"the lag is {lag[k]:g} of the dose in row {row[k]} of `events`; expected less than its `ii`, "
            f"{interval[k]:g}, with `ss`"
        )
    many = np.flatnonzero((rate > 0) & (amount > _MOST_RUNNING * rate * interval))
    if len(many):
        k = many[0]
        raise ValueError(
            f"the infusion in row {row[k]} of `events` lasts {amount[k] / rate[k]:g}, its `ii` is {interval[k]:g}; "
            f"expected at most {_MOST_RUNNING} running at once with `ss`"
        )


@functools.cache
def _function() -> Any:
    import torch

    class Simulate(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, params: Any, how: Any) -> Any:
            form, events, t_obs = how
            y, by = _run(form, params.detach().double().numpy(), events, t_obs, params.requires_grad)
            ctx.shared = params.ndim == 1
            ctx.offsets = outputs(events, t_obs).offsets
            if params.requires_grad:
                ctx.save_for_backward(torch.from_numpy(by))
            return torch.from_numpy(y).to(params.dtype)

        @staticmethod
        @torch.autograd.function.once_differentiable
        def backward(ctx: Any, grad: Any) -> Any:
            (by,) = ctx.saved_tensors
            each = (grad.double()[..., None] * by).reshape(-1, by.shape[-1])
            if ctx.shared:
                return each.sum(0).to(grad.dtype), None
            subject = torch.repeat_interleave(torch.from_numpy(np.diff(ctx.offsets)))
            total = each.new_zeros((len(ctx.offsets) - 1, each.shape[-1]))
            return total.index_add_(0, subject, each).to(grad.dtype), None

    return Simulate
