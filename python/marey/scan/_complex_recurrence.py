"""marey::complex_recurrence: linear_recurrence of complex numbers on a GPU, pairs of shape (B, D, T, 2)."""

from __future__ import annotations

from typing import Any

__all__ = ["complex_recurrence", "gradient", "register_torch"]

SCHEMA = "(Tensor a, Tensor x, Tensor? h0, Tensor? reset, bool reverse) -> (Tensor, Tensor)"


def complex_recurrence(a: Any, x: Any, h0: Any, reset: Any, reverse: bool) -> tuple[Any, Any]:
    """a, x (B, D, T), h0 (B, D), complex; reset (B, 1 or D, T)."""
    import torch

    def pairs(array: Any) -> Any:
        return torch.view_as_real(array.resolve_conj())

    # The kernel takes any strides of rows, with x and h alike.
    dense = x if x.is_contiguous() or x.mT.is_contiguous() else x.contiguous()
    h0 = None if h0 is None else pairs(h0.reshape(x.shape[:2]).contiguous())
    h, hT = torch.ops.marey.complex_recurrence(pairs(a), pairs(dense), h0, reset, reverse)
    return torch.view_as_complex(h), torch.view_as_complex(hT)


def gradient(run: Any, grad_h: Any, grad_hT: Any, h: Any, a: Any, h0: Any, reset: Any, reverse: bool) -> Any:
    """Of a, x and h0. g_t = grad_h_t + conj(a_{t+1}) g_{t+1} is the recurrence itself, ``run``, the other way."""
    import torch

    if not h.shape[2]:
        return torch.view_as_complex(grad_h), torch.view_as_complex(grad_h), grad_hT
    grad_h, h, a = (torch.view_as_complex(v.contiguous()) for v in (grad_h, h, a))
    first, last = (-1, 0) if reverse else (0, -1)
    shift = 1 if reverse else -1
    behind = a.conj().roll(shift, -1).resolve_conj()
    behind[..., last] = 0
    cut = None
    if reset is not None:
        cut = reset.roll(shift, -1)
        cut[..., last] = False
    grad = grad_h.clone()
    grad[..., last] += torch.view_as_complex(grad_hT).to(grad.dtype)
    g, _ = run(torch.view_as_real(behind), torch.view_as_real(grad), None, cut, not reverse)
    g = torch.view_as_complex(g)
    before = h.roll(-shift, -1)
    start = before.new_zeros(()) if h0 is None else torch.view_as_complex(h0).to(before.dtype)
    before[..., first] = start
    grad_a, grad_h0 = g * before.conj(), a[..., first].conj() * g[..., first]
    if reset is not None:
        grad_a = torch.where(reset, 0, grad_a)
        grad_h0 = torch.where(reset[..., first], 0, grad_h0)
    return grad_a, g, torch.view_as_real(grad_h0.resolve_conj().contiguous()).to(grad_hT.dtype)


def register_torch() -> None:
    import torch

    from marey._runtime.triton_ops import register_triton

    torch.library.define("marey::complex_recurrence", SCHEMA)

    @torch.library.register_fake("marey::complex_recurrence")
    def _(a: Any, x: Any, h0: Any, reset: Any, reverse: bool) -> Any:
        return torch.empty_like(x), x.new_empty((*x.shape[:2], 2), dtype=x.dtype if h0 is None else h0.dtype)

    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        a, _, h0, reset, ctx.reverse = inputs
        ctx.save_for_backward(output[0], a, h0, reset)

    def backward(ctx: Any, grad_h: Any, grad_hT: Any) -> Any:
        h, a, h0, reset = ctx.saved_tensors
        run = torch.ops.marey.complex_recurrence
        grad_a, grad_x, grad_h0 = gradient(run, grad_h, grad_hT.contiguous(), h, a, h0, reset, ctx.reverse)
        grad_a, grad_x = torch.view_as_real(grad_a.resolve_conj()), torch.view_as_real(grad_x.resolve_conj())
        return grad_a, grad_x, None if h0 is None else grad_h0, None, None

    torch.library.register_autograd("marey::complex_recurrence", backward, setup_context=setup_context)
    register_triton("complex_recurrence", "marey.scan._triton.linear_recurrence_complex")
