"""solve for torch tensors: one operator whose gradient is the product with the forward sensitivities."""

from __future__ import annotations

import functools
from dataclasses import fields, replace
from typing import Any

import numpy as np

from marey.ode.solution import Solution

__all__ = ["solve_torch"]


def solve_torch(model: Any, y0: Any, t_eval: Any, params: Any, **options: Any) -> Solution:
    """`marey.ode.solve` with tensors in and out; gradients reach ``y0`` and ``params`` of a `marey.model`."""
    import torch

    devices = {x.device for x in (y0, params) if torch.is_tensor(x)}
    if len(devices) > 1 or any(d.type not in ("cpu", "cuda") for d in devices):
        told = ", ".join(sorted(map(str, devices)))
        raise TypeError(f"marey.ode.solve got `y0` and `params` on {told}; expected all on the CPU or on one CUDA GPU")
    device = next(iter(devices), torch.device("cpu"))
    state, parameter = (
        None if x is None else torch.as_tensor(x, dtype=torch.float64, device=device) for x in (y0, params)
    )
    times = np.asarray(torch.as_tensor(t_eval).detach().cpu(), dtype=np.float64)
    wanted = tuple(name for name, x in (("y0", state), ("params", parameter)) if x is not None and x.requires_grad)
    if wanted and options.get("sens") is not None:
        raise ValueError("`sens` is for arrays or tensors without gradients: a tensor's gradient uses it already")
    if wanted and options.get("y0_by") is not None:
        raise ValueError("`y0_by` is for arrays or tensors without gradients: a tensor `y0` carries its own")
    kept: list[Solution] = []
    y = _function().apply(state, parameter, (model, times, options, wanted, kept))
    from_start = options | {"t0": times[..., 0] if options.get("t0") is None else options["t0"]}
    return replace(kept[0], y=y, _again=lambda t: solve_torch(model, y0, t, params, **from_start))


def _solve(model: Any, state: Any, times: Any, parameter: Any, **options: Any) -> Solution:
    """On the device where the tensors are, without gradients."""
    import torch

    if state.device.type == "cuda":
        from marey.ode._cuda import solve_cuda

        return solve_cuda(model, state, times, parameter, **options)
    from marey.ode.solve import solve

    arrays = (state.numpy(), times, None if parameter is None else parameter.numpy())
    solution = solve(model, *arrays, **options)
    found = {field.name: getattr(solution, field.name) for field in fields(solution)}
    return replace(solution, **{k: torch.from_numpy(x) for k, x in found.items() if isinstance(x, np.ndarray)})


@functools.cache
def _function() -> Any:
    import torch

    class Solve(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, state: Any, parameter: Any, how: Any) -> Any:
            model, times, options, wanted, kept = how
            given = (state.detach(), times, None if parameter is None else parameter.detach())
            kept.append(_solve(model, *given, **options))
            ctx.shapes = [None if x is None else x.shape for x in (state, parameter)]
            ctx.sens = {by: _solve(model, *given, **(options | {"sens": by})).sens for by in wanted}
            return kept[0].y

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            grads: list[Any] = []
            for by, shape in zip(("y0", "params"), ctx.shapes, strict=True):
                if by not in ctx.sens:
                    grads.append(None)
                    continue
                each = torch.einsum("nst,nskt->nk", grad, ctx.sens[by])
                grads.append(each if len(shape) == 2 and shape[0] == each.shape[0] else each.sum(0).reshape(shape))
            return *grads, None

    return Solve
