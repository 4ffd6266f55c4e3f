"""What sosfiltfilt and filtfilt share: padding, the steady state, and the torch operators.

The C++ core filters both ways in place, padding included. What follows here in torch says the same as a composition of
the filter's own operators: the gradient, and the forward pass where there is no fused kernel.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from marey._runtime import native
from marey._runtime.doors import is_torch
from marey.filters._sections import contiguous

__all__ = ["check_padding", "register_zero_phase", "run_zero_phase", "steady_state"]

PADDINGS: dict[str | None, int] = {None: 0, "odd": 1, "even": 2, "constant": 3}
SCHEMA = "(Tensor grad_y, Tensor sections, Tensor zi, Tensor x, int padding, int padlen) -> (Tensor, Tensor, Tensor)"


def check_padding(x: Any, padtype: str | None, padlen: int | None) -> None:
    if padtype not in PADDINGS:
        raise ValueError(f"`padtype` is {padtype!r}; expected 'odd', 'even', 'constant' or None")
    if padlen is not None and (not isinstance(padlen, int) or isinstance(padlen, bool) or padlen < 0):
        raise ValueError(f"`padlen` is {padlen!r}; expected an integer of at least 0, or None")
    if padlen is not None and padtype is not None and x.shape[-1] <= padlen:
        raise ValueError(f"`x` has {x.shape[-1]} samples; expected more than padlen = {padlen}")


def steady_state(sections: Any) -> Any:
    """State (C, S, K) after a long input of ones: with gain G, z^i = sum of b_k - a_k G over k > i."""
    if is_torch(sections):
        import torch as xp
    else:
        import numpy as xp
    taps = sections.shape[-1] // 2
    leading = sections[..., taps : taps + 1]
    b, a = sections[..., :taps] / leading, sections[..., taps:] / leading
    gain = b.sum(-1) / a.sum(-1)
    rest = b[..., 1:] - a[..., 1:] * gain[..., None]
    state = xp.flip(xp.cumsum(xp.flip(rest, (-1,)), -1), (-1,))
    level = xp.concatenate([xp.ones_like(gain[..., :1]), xp.cumprod(gain, -1)[..., :-1]], -1)
    return state * level[..., None]


def run_zero_phase(op: str, sections: Any, x: Any, padtype: str | None, padlen: int) -> Any:
    """y like ``x``; a negative ``padlen`` stands for sosfiltfilt's default, which depends on the coefficients."""
    *leading, length = x.shape
    rows = contiguous(x).reshape(math.prod(leading), length)
    padlen = 0 if padtype is None else padlen
    if length <= padlen or length == 0:
        raise ValueError(f"`x` has {length} samples; expected more than padlen = {max(padlen, 0)}")
    sections = contiguous(sections)
    if is_torch(x):
        import torch

        zi = steady_state(sections).contiguous()
        y = getattr(torch.ops.marey, op)(sections, zi, rows, PADDINGS[padtype], padlen)
    else:
        with np.errstate(divide="ignore", invalid="ignore"):  # the core refuses what is not finite
            zi = np.ascontiguousarray(steady_state(sections))
        y = native.core().sosfiltfilt(sections, zi, rows, PADDINGS[padtype], padlen)
    return y.reshape(x.shape)


def register_zero_phase(op: str, one_way: str) -> None:
    """Fake kernels, autograd, and the CUDA composition of ``marey::<op>`` from the filter ``marey::<one_way>``."""
    import torch

    def compose(sections: Any, zi: Any, x: Any, padding: int, padlen: int) -> Any:
        return both_ways(one_way, sections, zi, x, padding, padlen)

    def compose_backward(grad_y: Any, sections: Any, zi: Any, x: Any, padding: int, padlen: int) -> Any:
        return both_ways_backward(one_way, grad_y, sections, zi, x, padding, padlen)

    @torch.library.register_fake(f"marey::{op}")
    def _(sections: Any, zi: Any, x: Any, padding: int, padlen: int) -> Any:
        return x.new_empty(x.shape)

    torch.library.register_kernel(f"marey::{op}", "cuda", compose)
    gradient = torch.library.custom_op(f"marey::{op}_backward", compose_backward, mutates_args=(), schema=SCHEMA)

    @gradient.register_fake
    def _(grad_y: Any, sections: Any, zi: Any, x: Any, padding: int, padlen: int) -> Any:
        return sections.new_empty(sections.shape), zi.new_empty(zi.shape), x.new_empty(x.shape)

    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        sections, zi, x, ctx.padding, ctx.padlen = inputs
        ctx.save_for_backward(sections, zi, x)

    def backward(ctx: Any, grad_y: Any) -> Any:
        sections, zi, x = ctx.saved_tensors
        return (*gradient(grad_y.contiguous(), sections, zi, x, ctx.padding, ctx.padlen), None, None)

    torch.library.register_autograd(f"marey::{op}", backward, setup_context=setup_context)


def both_ways(one_way: str, sections: Any, zi: Any, x: Any, padding: int, padlen: int) -> Any:
    """What the fused kernel does, by two passes of ``marey::<one_way>``."""
    padlen = _resolve(sections, x, padlen)
    _, _, back = _passes(one_way, sections, zi, extend(x, padding, padlen))
    return back[:, padlen : padlen + x.shape[-1]].contiguous()


def both_ways_backward(
    one_way: str, grad_y: Any, sections: Any, zi: Any, x: Any, padding: int, padlen: int
) -> tuple[Any, Any, Any]:
    """Gradients for ``sections``, ``zi`` and ``x``, in float64 throughout."""
    import torch

    padlen = _resolve(sections, x, padlen)
    extended, turned, _ = _passes(one_way, sections, zi, extend(x.to(torch.float64), padding, padlen))
    grad = torch.nn.functional.pad(grad_y.to(torch.float64), (padlen, padlen)).flip(-1).contiguous()
    grad_sections, grad_zi = torch.zeros_like(sections), torch.zeros_like(zi)
    for signal in (turned, extended):
        state = _settled(zi, signal)
        grad, of_sections, of_state = getattr(torch.ops.marey, f"{one_way}_backward")(
            grad, torch.zeros_like(state), sections, signal, state, None, True
        )
        grad_sections += of_sections
        of_zi = (of_state * signal[None, :, :1]).transpose(0, 1)
        grad_zi += of_zi.sum(0, keepdim=True) if zi.shape[0] == 1 else of_zi
        grad[:, 0] += (of_state.transpose(0, 1) * zi).sum((1, 2))
        if signal is turned:
            grad = grad.flip(-1).contiguous()
    return grad_sections, grad_zi, extend_backward(grad, padding, padlen).to(x.dtype)


def _passes(one_way: str, sections: Any, zi: Any, extended: Any) -> tuple[Any, Any, Any]:
    """The extended signal, what passed forward turned round in time, and what passed backward."""
    import torch

    filter_rows = getattr(torch.ops.marey, one_way)
    forth, _ = filter_rows(sections, extended, _settled(zi, extended), None)
    turned = forth.flip(-1).contiguous()
    back, _ = filter_rows(sections, turned, _settled(zi, turned), None)
    return extended, turned, back.flip(-1)


def _settled(zi: Any, signal: Any) -> Any:
    """(C, S, K) -> (S, N, K): the steady state of each row's first sample."""
    return (zi.transpose(0, 1) * signal[None, :, :1]).contiguous()


def _resolve(sections: Any, x: Any, padlen: int) -> int:
    import torch

    padlen = padlen if padlen >= 0 else int(torch.ops.marey.sosfiltfilt_padlen(sections.cpu()))
    if x.shape[-1] <= padlen:
        raise ValueError(f"`x` has {x.shape[-1]} samples; expected more than padlen = {padlen}")
    return padlen


def extend(x: Any, padding: int, padlen: int) -> Any:
    """(N, T) -> (N, T + 2 padlen)."""
    import torch

    if padlen == 0 or padding == PADDINGS[None]:
        return x
    first, last = x[:, :1], x[:, -1:]
    if padding == PADDINGS["constant"]:
        return torch.cat([first.expand(-1, padlen), x, last.expand(-1, padlen)], -1)
    left, right = x[:, 1 : padlen + 1].flip(-1), x[:, -padlen - 1 : -1].flip(-1)
    if padding == PADDINGS["odd"]:
        left, right = 2 * first - left, 2 * last - right
    return torch.cat([left, x, right], -1)


def extend_backward(grad: Any, padding: int, padlen: int) -> Any:
    """The adjoint of :func:`extend`: (N, T + 2 padlen) -> (N, T)."""
    if padlen == 0 or padding == PADDINGS[None]:
        return grad
    left, right = grad[:, :padlen], grad[:, -padlen:]
    inner = grad[:, padlen:-padlen].clone()
    if padding != PADDINGS["even"]:
        at_edge = 1 if padding == PADDINGS["constant"] else 2
        inner[:, 0] += at_edge * left.sum(-1)
        inner[:, -1] += at_edge * right.sum(-1)
    if padding != PADDINGS["constant"]:
        sign = 1 if padding == PADDINGS["even"] else -1
        inner[:, 1 : padlen + 1] += sign * left.flip(-1)
        inner[:, -padlen - 1 : -1] += sign * right.flip(-1)
    return inner
