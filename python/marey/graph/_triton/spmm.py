"""spmm of CUDA values and its gradients. A program takes one row and some channels and walks the row's arcs; the
gradient for x is the same over the transposed matrix, whose arcs a stable sort of the targets gives, so that sums are
taken in one order every time. Cost: each arc reads a row of x; the weights' gradient the same.
"""

# mypy: allow-untyped-defs, allow-incomplete-defs
from __future__ import annotations

import torch
import triton
import triton.language as tl

MOST_CHANNELS = 128


@triton.jit
def rows_times(
    offsets,
    targets,
    of_arc,
    weights,
    x,
    out,
    arcs,
    n_columns,
    channels,
    WEIGHTED: tl.constexpr,
    TURNED: tl.constexpr,
    BLOCK_C: tl.constexpr,
):
    """One row of the output; with TURNED the weight of arc e is weights[of_arc[e]]."""
    row = tl.program_id(0).to(tl.int64)
    c = tl.program_id(1).to(tl.int64) * BLOCK_C + tl.arange(0, BLOCK_C)
    # Offsets that are out of order read no memory of others.
    e = tl.maximum(tl.load(offsets + row), 0)
    end = tl.minimum(tl.load(offsets + row + 1), arcs)
    sums = tl.zeros((BLOCK_C,), dtype=out.dtype.element_ty)
    while e < end:
        t = tl.load(targets + e).to(tl.int64)
        inside = (t >= 0) & (t < n_columns)
        value = tl.load(x + tl.where(inside, t, 0) * channels + c, mask=c < channels, other=0.0)
        value = tl.where(inside, value, float("nan"))
        if WEIGHTED:
            at = e
            if TURNED:
                at = tl.load(of_arc + e)
            value *= tl.load(weights + at)
        sums += value
        e += 1
    tl.store(out + row * channels + c, sums, mask=c < channels)


@triton.jit
def products(grad, offsets, targets, x, out, arcs, n_columns, channels, BLOCK_C: tl.constexpr):
    """For each arc of one row the product of the row of `grad` and the row of x that it leads to."""
    row = tl.program_id(0).to(tl.int64)
    e = tl.maximum(tl.load(offsets + row), 0)
    end = tl.minimum(tl.load(offsets + row + 1), arcs)
    while e < end:
        t = tl.load(targets + e).to(tl.int64)
        t = tl.where((t >= 0) & (t < n_columns), t, 0)
        sums = tl.zeros((BLOCK_C,), dtype=out.dtype.element_ty)
        first = tl.zeros((), dtype=tl.int64)
        while first < channels:
            c = first + tl.arange(0, BLOCK_C)
            left = tl.load(grad + row * channels + c, mask=c < channels, other=0.0)
            right = tl.load(x + t * channels + c, mask=c < channels, other=0.0)
            sums += left * right
            first += BLOCK_C
        tl.store(out + e, tl.sum(sums, axis=0))
        e += 1


def _block(channels: int) -> int:
    return int(min(MOST_CHANNELS, triton.next_power_of_2(max(1, channels))))


def _times(offsets, targets, of_arc, weights, x, launch):
    rows, channels = offsets.shape[0] - 1, int(x.shape[1])
    out = torch.empty((rows, channels), dtype=x.dtype, device=x.device)
    BLOCK_C = _block(channels)
    if rows > 0 and channels > 0:
        launch(rows_times)[(rows, (channels + BLOCK_C - 1) // BLOCK_C)](
            offsets,
            targets,
            targets if of_arc is None else of_arc,
            x if weights is None else weights,
            x,
            out,
            targets.shape[0],
            x.shape[0],
            channels,
            WEIGHTED=weights is not None,
            TURNED=of_arc is not None,
            BLOCK_C=BLOCK_C,
        )
    return out


def spmm(offsets, targets, x, weights, *, launch):
    """The operator marey::spmm; `launch` makes a kernel callable here, traced or not."""
    return _times(offsets, targets, None, weights, x, launch)


def spmm_backward(grad, offsets, targets, x, weights, *, launch):
    """The operator marey::spmm_backward."""
    n_columns, channels = x.shape[0], int(x.shape[1])
    order = torch.sort(targets, stable=True).indices
    arc = torch.arange(targets.shape[0], device=targets.device)
    row_of_arc = torch.searchsorted(offsets, arc, right=True) - 1
    columns = torch.arange(n_columns + 1, device=targets.device, dtype=targets.dtype)
    turned = torch.searchsorted(targets[order].contiguous(), columns)
    grad_x = _times(turned, row_of_arc[order], order, weights, grad, launch)
    if weights is None:
        return grad_x, torch.empty(0, dtype=x.dtype, device=x.device)
    grad_weights = torch.zeros_like(weights)
    if offsets.shape[0] > 1:
        launch(products)[(offsets.shape[0] - 1,)](
            grad,
            offsets,
            targets,
            x,
            grad_weights,
            targets.shape[0],
            n_columns,
            channels,
            BLOCK_C=_block(channels),
        )
    return grad_x, grad_weights
