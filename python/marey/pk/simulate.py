"""simulate: concentrations of many subjects from an event table."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np

from marey._model.model import Model
from marey._runtime import native
from marey._runtime.doors import is_torch
from marey.pk.compartments import Compartments, named
from marey.pk.event_table import EventTable

__all__ = ["simulate"]


def simulate(
    model: Any, params: Any, events: EventTable, t_obs: Any = None, *, sens: bool = False, **options: Any
) -> Any:
    r"""Concentrations of N subjects, each with its own doses and parameters.

    Parameters
    ----------
    model : str or Model
        A closed form: ``1cmt_iv``, ``1cmt_oral``, ``2cmt_iv``, ``2cmt_oral``, ``3cmt_iv``, ``3cmt_oral``; `parameters`
        lists what each takes. Or a function under `marey.model`, whose state ``cmt - 1`` a dose meets.
    params : (N, p) or (p,) array or tensor, or mapping of names to numbers or (N,)
        In the order of `parameters`: clearances in volume per time, volumes, ``KA`` per time, all > 0. Two more,
        ``F`` (>= 0) and ``LAG`` (>= 0), may follow; they act on the doses into the depot, or on all where there is
        none, beside the table's own. Float64, or float32 computed in float64.
    events : EventTable
        Doses and resets; subject i of its ``ids`` has row i of ``params``.
    t_obs : (T,) or (N, T), optional
        Times of the outputs, not falling. Left out: the table's rows with ``evid`` 0.
    sens : bool
        Return derivatives by the parameters as well.
    **options
        For a `Model`: ``y0`` and what `marey.ode.solve` takes.

    Returns
    -------
    y : (N, T), or (observations,) without ``t_obs``
        Concentration in the central compartment (its amount over its volume), of the kind and dtype of ``params``. For
        a `Model`, `marey.ode.Solution`.
    sens : (N, T, p), or (observations, p)
        With ``sens``.

    Raises
    ------
    ValueError, TypeError
        If a parameter, a time or a compartment does not fit: it names the argument, the row and the rule.

    Notes
    -----
    With :math:`\lambda_i, c_i` the rates and weights of the model's modes, the amount after a bolus D is
    :math:`D \sum_i c_i e^{-\lambda_i t}`, after an oral dose :math:`D k_a \sum_i c_i (e^{-\lambda_i t} - e^{-k_a t}) /
    (k_a - \lambda_i)`, by its series where the two rates meet. An output at the very time of a dose shows what was
    before it; an observation of the table sees the doses of the rows above it. In torch, gradients reach ``params``.
    Gibaldi and Perrier, Pharmacokinetics, 2nd ed., 1982, appendix B.

    Examples
    --------
    200 mg by mouth every 12 hours, in two people, at hours 2 and 12 of the steady state:

    >>> import numpy as np
    >>> from marey import pk
    >>> doses = pk.EventTable({"id": [1, 2], "time": [0, 0], "amt": [200, 200], "ii": [12, 12], "ss": [1, 1]})
    >>> people = {"CL": [4.0, 6.0], "V": 40.0, "KA": 1.0}
    >>> pk.simulate("1cmt_oral", people, doses, [2.0, 12.0]).round(2)
    array([[5.84, 2.4 ],
           [4.73, 1.18]])
    """
    if not isinstance(events, EventTable):
        raise TypeError(f"`events` is a {type(events).__name__}; expected a marey.pk.EventTable")
    if isinstance(model, Model):
        from marey.pk._by_ode import by_ode

        return by_ode(model, params, events, t_obs, sens=sens, **options)
    if not isinstance(model, str):
        raise TypeError(f"`model` is a {type(model).__name__}; expected a name or a function under marey.model")
    form = named(model)
    if options:
        raise TypeError(f"`{next(iter(options))}` is for a function under marey.model; {model} is a closed form")
    values = _stacked(params, form)
    if is_torch(values):
        return _by_torch(form, values, events, t_obs, sens)
    dtype = _dtype(values)
    y, by = _run(form, values.astype(np.float64), events, t_obs, sens)
    return (y.astype(dtype, copy=False), by.astype(dtype, copy=False)) if sens else y.astype(dtype, copy=False)


def _dtype(values: Any) -> Any:
    name = str(values.dtype).removeprefix("torch.")
    if name not in ("float32", "float64"):
        raise TypeError(f"`params` has dtype {name}; expected float32 or float64")
    return values.dtype


def _stacked(params: Any, form: Compartments) -> Any:
    """(N, p) or (p,) from an array, a tensor, or a mapping by name."""
    if not isinstance(params, Mapping):
        if is_torch(params):
            return params
        values = np.asarray(params)
        return values.astype(np.float64) if values.dtype.kind in "iu" else values
    names = form.parameters
    extra = [name for name in params if name not in (*names, "F", "LAG")]
    if extra:
        raise ValueError(f"`params` has an unknown name {extra[0]!r}; expected {', '.join(names)}, and F, LAG")
    missing = [name for name in names if name not in params]
    if missing:
        raise ValueError(f"`params` has no {missing[0]!r}; expected {', '.join(names)}")
    if "F" in params or "LAG" in params:
        names = (*names, "F", "LAG")
    columns = [params.get(name, 1.0 if name == "F" else 0.0) for name in names]
    tensors = [column for column in columns if is_torch(column)]
    if tensors:
        import torch

        like = tensors[0]
        made = [torch.as_tensor(c, dtype=like.dtype, device=like.device) for c in columns]
        return torch.stack(torch.broadcast_tensors(*made), dim=-1)
    arrays = [np.asarray(column) for column in columns]
    single = any(a.dtype == np.float32 for a in arrays) and not any(a.dtype == np.float64 and a.ndim for a in arrays)
    try:
        return np.stack(np.broadcast_arrays(*arrays), axis=-1).astype(np.float32 if single else np.float64)
    except ValueError:
        told = ", ".join(f"{name} {a.shape}" for name, a in zip(names, arrays, strict=True))
        raise ValueError(f"`params` has shapes {told}; expected numbers or (N,)") from None


def _run(
    form: Compartments, params: np.ndarray[Any, Any], events: EventTable, t_obs: Any, sens: bool
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    n = events.n_subjects
    scaled = _check_params(form, params, n)
    records = events.records
    depot = _compartments(form, records)
    if scaled:
        _check_lag(form, params, events, depot)
    shape, observed, times, rows, shared = observations(events, t_obs)
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
        observed,
        times,
        rows,
        shared,
        sens,
    )
    return y.reshape(shape), by.reshape(*shape, params.shape[-1]) if sens else by


def _check_params(form: Compartments, params: np.ndarray[Any, Any], n: int) -> bool:
    names = form.parameters
    expected = f"(N, {len(names)}) or ({len(names)},) for {', '.join(names)}; F and LAG may follow"
    if params.ndim not in (1, 2) or params.shape[-1] not in (len(names), len(names) + 2):
        raise ValueError(f"`params` has shape {params.shape}; expected {expected}")
    if params.ndim == 2 and params.shape[0] != n:
        raise ValueError(f"`params` has {params.shape[0]} rows; `events` has {n} subjects")
    scaled = params.shape[-1] > len(names)
    fine = np.isfinite(params)
    fine[..., : len(names)] &= params[..., : len(names)] > 0
    fine[..., len(names) :] &= params[..., len(names) :] >= 0
    if not fine.all():
        *row, k = np.argwhere(~fine)[0]
        name = (*names, "F", "LAG")[k]
        place = f" in row {row[0]}" if row else ""
        rule = "> 0" if k < len(names) else ">= 0"
        raise ValueError(f"`params` has {name} = {params[(*row, k)]:g}{place}; expected a finite number {rule}")
    return scaled


def _compartments(form: Compartments, records: dict[str, Any]) -> np.ndarray[Any, Any]:
    places = 2 if form.oral else 1
    wrong = np.flatnonzero((records["kind"] >= 2) & (records["cmt"] > places))
    if len(wrong):
        row, cmt = records["row"][wrong[0]], records["cmt"][wrong[0]]
        told = "1 (the depot) or 2 (central)" if form.oral else "1 (central)"
        raise ValueError(f"`events` has cmt = {cmt} in row {row}; this closed form takes doses into {told}")
    return (records["cmt"] == 1) & form.oral


def _check_lag(form: Compartments, params: Any, events: EventTable, depot: Any) -> None:
    """A steady state is that of a dose given within the interval."""
    records = events.records
    acts = (records["steady"] > 0) & (depot | (not form.oral))
    subject = np.repeat(np.arange(events.n_subjects), np.diff(records["offsets"]))
    lag = np.broadcast_to(params[..., -1], (events.n_subjects,))[subject] + records["lag"]
    late = np.flatnonzero(acts & (lag >= records["interval"]))
    if len(late):
        k = late[0]
        raise ValueError(
            f"`params` has LAG = {lag[k]:g} in row {subject[k]}; expected less than the `ii` of a steady state, "
            f"{records['interval'][k]:g} in row {records['row'][k]} of `events`"
        )


def observations(events: EventTable, t_obs: Any) -> tuple[Any, ...]:
    """The output's shape, whose the outputs are, their times, their rows of the table (or None), and shared or not."""
    n = events.n_subjects
    if t_obs is None:
        rows = events.observations.astype(np.int64)
        return (len(rows),), np.searchsorted(rows, events.offsets).astype(np.int64), events.time[rows], rows, False
    if is_torch(t_obs):
        t_obs = t_obs.detach().cpu()
    times = np.ascontiguousarray(t_obs, dtype=np.float64)
    if times.ndim not in (1, 2) or (times.ndim == 2 and times.shape[0] != n):
        raise ValueError(f"`t_obs` has shape {times.shape}; expected (T,) or ({n}, T)")
    wrong = np.argwhere(~np.isfinite(times))
    if len(wrong):
        place = ", ".join(str(int(i)) for i in wrong[0])
        raise ValueError(f"`t_obs[{place}]` is {times[tuple(wrong[0])]}; expected a finite number")
    falls = np.argwhere(np.diff(times, axis=-1) < 0)
    if len(falls):
        at = (*falls[0][:-1], falls[0][-1] + 1)
        raise ValueError(f"`t_obs[{', '.join(str(int(i)) for i in at)}]` is {times[at]:g}; times must not fall")
    length = times.shape[-1]
    return (n, length), np.arange(n + 1, dtype=np.int64) * length, times.reshape(-1), None, times.ndim == 1


def _by_torch(form: Compartments, params: Any, events: EventTable, t_obs: Any, sens: bool) -> Any:
    if params.device.type != "cpu":
        raise TypeError(f"`params` is on {params.device}; expected a tensor on the CPU")
    _dtype(params)
    if not sens:
        return _function().apply(params, (form, events, t_obs))
    import torch

    y, by = _run(form, params.detach().double().numpy(), events, t_obs, True)
    return torch.from_numpy(y).to(params.dtype), torch.from_numpy(by).to(params.dtype)


@functools.cache
def _function() -> Any:
    import torch

    class Simulate(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, params: Any, how: Any) -> Any:
            form, events, t_obs = how
            y, by = _run(form, params.detach().double().numpy(), events, t_obs, params.requires_grad)
            ctx.shared = params.ndim == 1
            ctx.offsets = observations(events, t_obs)[1]
            if params.requires_grad:
                ctx.save_for_backward(torch.from_numpy(by))
            return torch.from_numpy(y).to(params.dtype)

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            (by,) = ctx.saved_tensors
            each = (grad.double()[..., None] * by).reshape(-1, by.shape[-1])
            if ctx.shared:
                return each.sum(0).to(grad.dtype), None
            subject = torch.repeat_interleave(torch.from_numpy(np.diff(ctx.offsets)))
            total = each.new_zeros((len(ctx.offsets) - 1, each.shape[-1]))
            return total.index_add_(0, subject, each).to(grad.dtype), None

    return Simulate
