"""Softmax within rows of CUDA values, and the gradient: a row's largest value and its sum of exponentials by
segment_reduce's kernels, then one pass that writes. Cost: three reads of the values and one write; the gradient reads
both its arguments twice.
"""

# mypy: allow-untyped-defs, allow-incomplete-defs
from __future__ import annotations

import math

import torch

from marey.ragged._triton.rows import TILE, cut, map_rows
from marey.ragged._triton.segment_reduce import finite_or_zero, reduce_rows


def segment_softmax(values, offsets, *, launch, tile: int = TILE):
    """The operator marey::segment_softmax; `launch` makes a kernel callable here, traced or not."""
    chunks = cut(values, offsets, launch, tile)
    shift = finite_or_zero(reduce_rows(values, values, offsets, chunks, "value", "max", launch))
    sums = reduce_rows(values, shift, offsets, chunks, "exp", "sum", launch)
    # A softmax's sum holds a 1 and ends; of a row with NaN or inf in it, or of -inf alone, it does not.
    scale = torch.where((sums > 0) & (sums < math.inf), 1 / sums, math.nan)
    return map_rows(chunks, offsets, values, "exp", launch, a=scale, b=shift, values=values)


def segment_softmax_backward(grad, result, offsets, *, launch, tile: int = TILE):
    """The operator marey::segment_softmax_backward."""
    chunks = cut(result, offsets, launch, tile)
    dot = reduce_rows(result, grad, offsets, chunks, "product", "sum", launch)
    return map_rows(chunks, offsets, result, "softmax_gradient", launch, a=dot, values=result, other=grad)
