"""What the filters share: a filter as one array of sections, and the operators that run it.

``sections`` is (C, S, 2 (K + 1)) in float64, rows b_0 .. b_K, a_0 .. a_K, with C one or the number of channels: S
second-order sections are (C, S, 6), a numerator and denominator of order K one section.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from marey._runtime import native
from marey._runtime.checks import check_dtype, check_same_dtype, check_shape, dtype_name
from marey._runtime.doors import is_torch

__all__ = ["check_signal", "check_state", "contiguous", "join", "per_row", "run_filter", "to_double"]

COEFFICIENT_DTYPES = ("float64", "float32", "int64")


def contiguous(array: Any) -> Any:
    return array.contiguous() if is_torch(array) else np.ascontiguousarray(array)


def to_double(array: Any) -> Any:
    """Coefficients and states are float64 beside signals of any dtype."""
    if is_torch(array):
        import torch

        return array.to(torch.float64).contiguous()
    return np.ascontiguousarray(array, dtype=np.float64)


def check_signal(x: Any, *coefficients: tuple[str, Any]) -> None:
    check_dtype("x", x, ("float32", "float64"))
    if x.ndim < 1:
        raise ValueError("`x` is a number; expected (..., T)")
    for name, array in coefficients:
        check_dtype(name, array, COEFFICIENT_DTYPES)


def check_state(zi: Any, x: Any, shape: tuple[int, ...], meaning: str) -> None:
    if dtype_name(zi) != "float64":
        check_same_dtype("zi", zi, "x", x)
    check_shape("zi", zi, shape, meaning)


def per_row(name: str, array: Any, trailing: int, x: Any) -> Any:
    """(1, ...) if ``array`` has only its ``trailing`` axes, else (N, ...): one for each channel of ``x``."""
    own, kept = tuple(array.shape[: array.ndim - trailing]), tuple(array.shape[array.ndim - trailing :])
    if math.prod(own) == 1:
        return array.reshape(1, *kept)
    leading = tuple(x.shape[:-1])
    if len(own) > len(leading) or any(n not in (1, m) for n, m in zip(own[::-1], leading[::-1], strict=False)):
        raise ValueError(
            f"`{name}` has shape {tuple(array.shape)}; its leading axes {own} must broadcast to those of `x`, {leading}"
        )
    wide = array.expand(*leading, *kept) if is_torch(array) else np.broadcast_to(array, (*leading, *kept))
    return wide.reshape(math.prod(leading), *kept)


def join(b: Any, a: Any, x: Any) -> Any:
    """Numerator and denominator as one section of each channel, or of all: (C, 1, 2 (K + 1)), K at least 1."""
    b, a = per_row("b", to_double(b), 1, x), per_row("a", to_double(a), 1, x)
    width = max(b.shape[-1], a.shape[-1], 2)
    rows = max(b.shape[0], a.shape[0])
    if is_torch(b):
        import torch

        parts = [torch.nn.functional.pad(c.expand(rows, -1), (0, width - c.shape[-1])) for c in (b, a)]
        return torch.cat(parts, -1)[:, None]
    parts = [np.pad(np.broadcast_to(c, (rows, c.shape[-1])), ((0, 0), (0, width - c.shape[-1]))) for c in (b, a)]
    return np.concatenate(parts, -1)[:, None]


def run_filter(op: str, sections: Any, x: Any, zi: Any, reset: Any) -> tuple[Any, Any]:
    """y like ``x``, and the state (S, N, K) in float64 after the last sample."""
    *leading, length = x.shape
    rows = contiguous(x).reshape(math.prod(leading), length)
    if is_torch(x):
        import torch

        y, zf = getattr(torch.ops.marey, op)(contiguous(sections), rows, zi, reset)
    else:
        y, zf = native.core().sosfilt(contiguous(sections), rows, zi, reset)
    return y.reshape(x.shape), zf


def register_filter(op: str) -> None:
    """Fake kernels and autograd of ``marey::<op>``."""
    import torch

    @torch.library.register_fake(f"marey::{op}")
    def _(sections: Any, x: Any, zi: Any, reset: Any) -> Any:
        state = (sections.shape[1], x.shape[0], sections.shape[2] // 2 - 1)
        return x.new_empty(x.shape), sections.new_empty(state)

    @torch.library.register_fake(f"marey::{op}_backward")
    def _(grad_y: Any, grad_zf: Any, sections: Any, x: Any, zi: Any, reset: Any, for_sections: bool) -> Any:
        return x.new_empty(x.shape), sections.new_empty(sections.shape), sections.new_empty(grad_zf.shape)

    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.save_for_backward(*inputs)

    def backward(ctx: Any, grad_y: Any, grad_zf: Any) -> Any:
        sections, x, zi, reset = ctx.saved_tensors
        for_sections = ctx.needs_input_grad[0]
        grad_x, grad_sections, grad_zi = getattr(torch.ops.marey, f"{op}_backward")(
            grad_y.contiguous(), grad_zf.contiguous(), sections, x, zi, reset, for_sections
        )
        return grad_sections if for_sections else None, grad_x, None if zi is None else grad_zi, None

    torch.library.register_autograd(f"marey::{op}", backward, setup_context=setup_context)
