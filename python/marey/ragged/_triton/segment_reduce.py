"""Rows of CUDA values to one value a channel, and the gradient.

Each chunk is folded by a segmented scan, or by a plain reduction where it holds one row. Rows that lie inside a chunk
are written; of a row cut by chunks, the chunk where it begins keeps its `tail` and every later one its `head`, and a
second kernel joins them in order: no atomics, the same bits in every run. Cost: one read of the values for sum, mean,
min and max, two for logsumexp (the largest first). Sums are float32 within a chunk and float64 across chunks.
"""

# mypy: allow-untyped-defs, allow-incomplete-defs
from __future__ import annotations

import math

import torch
import triton
import triton.language as tl

from marey.ragged._triton.rows import TILE, cut, map_rows

CHUNKS_AT_A_TIME = 128  # of a cut row, when they are joined


@triton.jit
def plus(a, b):
    return a + b


@triton.jit
def smaller(a, b):
    return tl.minimum(a, b, propagate_nan=tl.PropagateNan.ALL)


@triton.jit
def larger(a, b):
    return tl.maximum(a, b, propagate_nan=tl.PropagateNan.ALL)


# The same along a scan that starts anew where a row begins.
@triton.jit
def plus_in_row(new_a, a, new_b, b):
    return new_a | new_b, tl.where(new_b != 0, b, a + b)


@triton.jit
def smaller_in_row(new_a, a, new_b, b):
    return new_a | new_b, tl.where(new_b != 0, b, smaller(a, b))


@triton.jit
def larger_in_row(new_a, a, new_b, b):
    return new_a | new_b, tl.where(new_b != 0, b, larger(a, b))


@triton.jit
def fold(x, OP: tl.constexpr):
    if OP == "sum":
        return tl.reduce(x, 0, plus)
    elif OP == "max":
        return tl.reduce(x, 0, larger)
    else:
        return tl.reduce(x, 0, smaller)


@triton.jit
def fold_within_rows(new, x, OP: tl.constexpr):
    if OP == "sum":
        return tl.associative_scan((new, x), 0, plus_in_row)[1]
    elif OP == "max":
        return tl.associative_scan((new, x), 0, larger_in_row)[1]
    else:
        return tl.associative_scan((new, x), 0, smaller_in_row)[1]


@triton.jit
def reduce_chunks(
    values,
    other,
    offsets,
    first_rows,
    result,
    head,
    tail,
    total,
    channels,
    TERM: tl.constexpr,
    OP: tl.constexpr,
    BLOCK_T: tl.constexpr,
    BLOCK_C: tl.constexpr,
):
    """Terms: value; value - other of the row, exponentiated; value * other; step, where value is other of the row."""
    chunk = tl.program_id(0).to(tl.int64)
    begin = chunk * BLOCK_T
    end = tl.minimum(begin + BLOCK_T, total)
    t = begin + tl.arange(0, BLOCK_T)
    c = tl.program_id(1).to(tl.int64) * BLOCK_C + tl.arange(0, BLOCK_C)
    here = (t < end)[:, None] & (c < channels)[None, :]
    at = t[:, None] * channels + c[None, :]
    low, high = tl.load(first_rows + chunk), tl.load(first_rows + chunk + 1)
    # rows_of, written out: where a stored address comes out of a call, torch.compile takes `offsets` for written to.
    row, last_row, width = tl.zeros_like(t) + low, tl.zeros_like(t) + high, high - low
    while width > 0:
        middle = (row + last_row + 1) // 2
        begun = tl.load(offsets + middle) <= tl.minimum(t, end - 1)
        row = tl.where(begun, middle, row)
        last_row = tl.where(begun, last_row, middle - 1)
        width = width // 2
    of_row = row[:, None] * channels + c[None, :]

    if OP == "sum":
        identity = 0.0
    elif OP == "max":
        identity = float("-inf")
    elif TERM == "first":
        identity = total
    else:
        identity = float("inf")
    x = tl.load(values + at, mask=here, other=0)
    if TERM == "exp":
        x = tl.exp(x - tl.load(other + of_row, mask=here, other=0))
    elif TERM == "product":
        x = x * tl.load(other + at, mask=here, other=0)
    elif TERM == "first":
        wanted = tl.load(other + of_row, mask=here, other=0)
        found = (x == wanted) | ((x != x) & (wanted != wanted))
        x = tl.where(found, tl.broadcast_to(t[:, None], (BLOCK_T, BLOCK_C)), identity)
    x = tl.where(here, x, identity)

    if low == high:
        folded = fold(x, OP)
        if tl.load(offsets + low) < begin:
            tl.store(head + chunk * channels + c, folded, mask=c < channels)
        elif tl.load(offsets + low + 1) > end:
            tl.store(tail + chunk * channels + c, folded, mask=c < channels)
        else:
            tl.store(result + low * channels + c, folded, mask=c < channels)
    else:
        row_begin, row_end = tl.load(offsets + row), tl.load(offsets + row + 1)
        new = tl.broadcast_to((row_begin == t).to(tl.int32)[:, None], (BLOCK_T, BLOCK_C))
        so_far = fold_within_rows(new, x, OP)
        last = here & ((t + 1 == row_end) | (t + 1 == end))[:, None]
        earlier, later = row_begin < begin, row_end > end
        partial = tl.broadcast_to((chunk * channels + c)[None, :], (BLOCK_T, BLOCK_C))
        tl.store(result + of_row, so_far, mask=last & ~(earlier | later)[:, None])
        tl.store(head + partial, so_far, mask=last & earlier[:, None])
        tl.store(tail + partial, so_far, mask=last & (later & ~earlier)[:, None])


@triton.jit
def join_chunks(
    offsets,
    first_rows,
    result,
    head,
    tail,
    n_chunks,
    channels,
    OP: tl.constexpr,
    BLOCK_T: tl.constexpr,
    BLOCK_K: tl.constexpr,
    BLOCK_C: tl.constexpr,
):
    """If a row begins in this chunk and goes on past its end: its tail here and its heads in the chunks after."""
    chunk = tl.program_id(0).to(tl.int64)
    c = tl.program_id(1).to(tl.int64) * BLOCK_C + tl.arange(0, BLOCK_C)
    end = (chunk + 1) * BLOCK_T
    row = tl.load(first_rows + chunk + 1)
    row_begin, row_end = tl.load(offsets + row), tl.load(offsets + row + 1)
    if (row_begin >= end - BLOCK_T) & (row_begin < end) & (row_end > end):
        past = tl.minimum((row_end - 1) // BLOCK_T + 1, n_chunks)
        joined = tl.load(tail + chunk * channels + c, mask=c < channels, other=0)
        if OP == "sum":
            joined = joined.to(tl.float64)
        k = chunk + 1
        while k < past:
            ks = k + tl.arange(0, BLOCK_K)
            here = (ks < past)[:, None] & (c < channels)[None, :]
            x = tl.load(head + ks[:, None] * channels + c[None, :], mask=here, other=0)
            if OP == "sum":
                joined += fold(x.to(tl.float64), OP)
            elif OP == "max":
                joined = larger(joined, fold(tl.where(here, x, joined[None, :]), OP))
            else:
                joined = smaller(joined, fold(tl.where(here, x, joined[None, :]), OP))
            k += BLOCK_K
        tl.store(result + row * channels + c, joined, mask=c < channels)


def reduce_rows(values, other, offsets, chunks, term: str, op: str, launch):
    """(S, C): the terms of each row, folded. Of an empty row: what the fold starts from."""
    total, channels = values.shape
    dtype = torch.int64 if term == "first" else values.dtype
    identity = total if term == "first" else {"sum": 0.0, "min": math.inf, "max": -math.inf}[op]
    result = torch.full((offsets.shape[0] - 1, channels), identity, dtype=dtype, device=values.device)
    head, tail = (torch.empty((chunks.n, channels), dtype=dtype, device=values.device) for _ in range(2))
    launch(reduce_chunks)[chunks.grid](
        values,
        other,
        offsets,
        chunks.first_rows,
        result,
        head,
        tail,
        total,
        channels,
        TERM=term,
        OP=op,
        BLOCK_T=chunks.BLOCK_T,
        BLOCK_C=chunks.BLOCK_C,
    )
    launch(join_chunks)[chunks.grid](
        offsets,
        chunks.first_rows,
        result,
        head,
        tail,
        chunks.n,
        channels,
        OP=op,
        BLOCK_T=chunks.BLOCK_T,
        BLOCK_K=max(1, CHUNKS_AT_A_TIME // chunks.BLOCK_C),
        BLOCK_C=chunks.BLOCK_C,
    )
    return result


def finite_or_zero(top: torch.Tensor) -> torch.Tensor:
    return torch.where(top.isfinite(), top, 0.0)


def segment_reduce(values, offsets, op: str, *, launch, tile: int = TILE):
    """The operator marey::segment_reduce; `launch` makes a kernel callable here, traced or not."""
    chunks = cut(values, offsets, launch, tile)
    if op == "logsumexp":
        shift = finite_or_zero(reduce_rows(values, values, offsets, chunks, "value", "max", launch))
        result = reduce_rows(values, shift, offsets, chunks, "exp", "sum", launch).log() + shift
    else:
        fold_op = "sum" if op == "mean" else op
        result = reduce_rows(values, values, offsets, chunks, "value", fold_op, launch)
        if op == "mean":
            result = result / offsets.diff()[:, None].to(result.dtype)
    return torch.where(chunks.bad_offsets, math.nan, result)


def segment_reduce_backward(grad, values, result, offsets, op: str, *, launch, tile: int = TILE):
    """The operator marey::segment_reduce_backward. Of `values`, sum and mean read the shape alone."""
    chunks = cut(values, offsets, launch, tile)
    if op == "logsumexp":
        return map_rows(chunks, offsets, values, "exp", launch, a=grad, b=result, values=values)
    if op in ("min", "max"):
        first = reduce_rows(values, result, offsets, chunks, "first", "min", launch)
        return map_rows(chunks, offsets, values, "first", launch, a=grad, b=first)
    if op == "mean":
        grad = grad / offsets.diff()[:, None].to(grad.dtype)
    return map_rows(chunks, offsets, values, "row", launch, a=grad)
