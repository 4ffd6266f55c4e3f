"""solve for torch tensors: one operator whose gradient is the product with the forward sensitivities."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Any

import numpy as np

from marey.ode.solution import Solution

__all__ = ["solve_torch"]


def solve_torch(model: Any, y0: Any, t_eval: Any, params: Any, **options: Any) -> Solution:
    """`marey.ode.solve` with tensors in and out; gradients reach ``y0`` and ``params`` of a `marey.model`."""
    import torch

    tensors = [x for x in (y0, params, t_eval) if torch.is_tensor(x)]
    devices = {x.device.type for x in tensors}
    if devices != {"cpu"}:
        raise TypeError(f"marey.ode.solve got tensors on {', '.join(sorted(devices))}; expected all on the CPU")
    state, parameter = (None if x is None else torch.as_tensor(x, dtype=torch.float64) for x in (y0, params))
    times = np.asarray(torch.as_tensor(t_eval).detach(), dtype=np.float64)
    wanted = tuple(name for name, x in (("y0", state), ("params", parameter)) if x is not None and x.requires_grad)
    if wanted and options.get("sens") is not None:
        raise ValueError("`sens` is for arrays or tensors without gradients: a tensor's gradient uses it already")
    if wanted and options.get("y0_by") is not None:
        raise ValueError("`y0_by` is for arrays or tensors without gradients: a tensor `y0` carries its own")
    kept: list[Solution] = []
    y = _function().apply(state, parameter, (model, times, options, wanted, kept))
    solution = kept[0]
    convert = torch.from_numpy
    return replace(
        solution,
        t=convert(solution.t),
        y=y,
        status=convert(solution.status),
        accepted=convert(solution.accepted),
        rejected=convert(solution.rejected),
        sens=None if solution.sens is None else convert(solution.sens),
    )


@functools.cache
def _function() -> Any:
    import torch

    from marey.ode.solve import solve

    class Solve(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, state: Any, parameter: Any, how: Any) -> Any:
            model, times, options, wanted, kept = how
            arrays = (state.detach().numpy(), times, None if parameter is None else parameter.detach().numpy())
            plain = solve(model, *arrays, **options)
            kept.append(plain)
            ctx.shapes = [None if x is None else x.shape for x in (state, parameter)]
            ctx.sens = {by: solve(model, *arrays, **(options | {"sens": by})).sens for by in wanted}
            return torch.from_numpy(plain.y)

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            grads: list[Any] = []
            for by, shape in zip(("y0", "params"), ctx.shapes, strict=True):
                if by not in ctx.sens:
                    grads.append(None)
                    continue
                each = torch.einsum("nst,nskt->nk", grad, torch.from_numpy(ctx.sens[by]))
                grads.append(each if len(shape) == 2 and shape[0] == each.shape[0] else each.sum(0).reshape(shape))
            return *grads, None

    return Solve
