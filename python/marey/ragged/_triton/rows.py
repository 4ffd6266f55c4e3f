"""Ragged rows on a GPU: values (total, C) are cut into chunks of as many steps each, wherever rows begin and end.

A program takes one chunk and some channels, so that a row of ten million steps and a million rows of ten are the same
work. `first_rows[k]` is the row of chunk k's first step; within a chunk each step finds its row by bisection between
that and the next chunk's. Steps are read where they lie and rows are clamped, so offsets that are out of order read and
write no memory of others; they make every result NaN.
"""

# mypy: allow-untyped-defs, allow-incomplete-defs
from __future__ import annotations

from typing import NamedTuple

import torch
import triton
import triton.language as tl

TILE = 2048  # elements of a program
MOST_CHANNELS = 64
PLANNED = 256  # chunks and rows of a program that plans


class Chunks(NamedTuple):
    n: int
    BLOCK_T: int
    BLOCK_C: int
    first_rows: torch.Tensor  # (n + 1,) int64, the last of them for a chunk past the end
    bad_offsets: torch.Tensor  # () bool
    grid: tuple[int, int]


@triton.jit
def rows_of(t, offsets, low, high):
    """The row of each step t: the last one that begins at or before it, which lies in low .. high."""
    first = tl.zeros_like(t) + low
    last = tl.zeros_like(t) + high
    width = high - low
    while width > 0:
        middle = (first + last + 1) // 2
        begun = tl.load(offsets + middle) <= t
        first = tl.where(begun, middle, first)
        last = tl.where(begun, last, middle - 1)
        width = width // 2
    return first


@triton.jit
def plan(
    offsets, first_rows, bad_offsets, minus_total, minus_rows, minus_chunks, BLOCK_T: tl.constexpr, BLOCK: tl.constexpr
):
    """Finds first_rows and checks the offsets.

    Counts come negated: Triton, and torch.compile whatever a kernel says of it, make a count of 1 a constant, and
    Triton 3.6 cannot compile the bisection of one row by it.
    """
    total, rows, n_chunks = -minus_total, -minus_rows, -minus_chunks
    i = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    low = tl.zeros((), dtype=tl.int64)
    tl.store(first_rows + i, rows_of(i * BLOCK_T, offsets, low, low + rows - 1), mask=i <= n_chunks)
    begin = tl.load(offsets + i, mask=i <= rows, other=0)
    end = tl.load(offsets + i + 1, mask=i < rows, other=total)
    bad = (i <= rows) & ((begin > end) | ((i == 0) & (begin != 0)) | ((i == rows) & (begin != total)))
    if tl.max(bad.to(tl.int32), axis=0) != 0:
        tl.store(bad_offsets, True)


def cut(values, offsets, launch, tile: int) -> Chunks:
    """How these values are cut."""
    total, channels = values.shape[0], int(values.shape[1])
    rows = offsets.shape[0] - 1
    if rows == 0 and total != 0:
        raise ValueError(f"`offsets` has no rows; expected some for the {total} values")
    BLOCK_C = min(MOST_CHANNELS, triton.next_power_of_2(max(1, channels)))
    BLOCK_T = max(1, tile // BLOCK_C)
    n = (total + BLOCK_T - 1) // BLOCK_T
    first_rows = torch.empty(n + 1, dtype=torch.int64, device=offsets.device)
    bad_offsets = torch.zeros((), dtype=torch.bool, device=offsets.device)
    if rows > 0:
        grid = ((n + rows) // PLANNED + 1,)
        launch(plan)[grid](offsets, first_rows, bad_offsets, -total, -rows, -n, BLOCK_T=BLOCK_T, BLOCK=PLANNED)
    return Chunks(n, BLOCK_T, BLOCK_C, first_rows, bad_offsets, (n, (channels + BLOCK_C - 1) // BLOCK_C))


@triton.jit
def map_steps(
    values,
    other,
    of_rows,
    more_of_rows,
    offsets,
    first_rows,
    bad_offsets,
    out,
    total,
    channels,
    TERM: tl.constexpr,
    BLOCK_T: tl.constexpr,
    BLOCK_C: tl.constexpr,
):
    """One value a step out of its row's a and b. Terms: a; a if b is this step, else 0; a * exp(value - b); value *
    (other - a)."""
    chunk = tl.program_id(0).to(tl.int64)
    begin = chunk * BLOCK_T
    end = tl.minimum(begin + BLOCK_T, total)
    t = begin + tl.arange(0, BLOCK_T)
    c = tl.program_id(1).to(tl.int64) * BLOCK_C + tl.arange(0, BLOCK_C)
    here = (t < end)[:, None] & (c < channels)[None, :]
    at = t[:, None] * channels + c[None, :]
    row = rows_of(tl.minimum(t, end - 1), offsets, tl.load(first_rows + chunk), tl.load(first_rows + chunk + 1))
    of_row = row[:, None] * channels + c[None, :]

    y = tl.load(of_rows + of_row, mask=here, other=0)
    if TERM == "first":
        y = tl.where(tl.load(more_of_rows + of_row, mask=here, other=0) == t[:, None], y, 0.0)
    elif TERM == "exp":
        y *= tl.exp(tl.load(values + at, mask=here, other=0) - tl.load(more_of_rows + of_row, mask=here, other=0))
    elif TERM == "softmax_gradient":
        y = tl.load(values + at, mask=here, other=0) * (tl.load(other + at, mask=here, other=0) - y)
    y = tl.where(tl.load(bad_offsets), float("nan"), y)
    tl.store(out + at, y, mask=here)


def map_rows(chunks, offsets, like, term: str, launch, *, a, b=None, values=None, other=None):
    """(total, C), shaped like `like`."""
    out = torch.empty(like.shape, dtype=a.dtype, device=a.device)
    launch(map_steps)[chunks.grid](
        a if values is None else values,
        a if other is None else other,
        a,
        a if b is None else b,
        offsets,
        chunks.first_rows,
        chunks.bad_offsets,
        out,
        out.shape[0],
        out.shape[1],
        TERM=term,
        BLOCK_T=chunks.BLOCK_T,
        BLOCK_C=chunks.BLOCK_C,
    )
    return out
