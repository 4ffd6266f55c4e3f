"""Non-dominated rank of CUDA points.

After a lexicographic sort the dominators of a point precede it, so blocks of points are ranked one after the other:
first from all earlier points, in parallel, then among themselves, where relaxation finds the longest chain of
dominators inside the block. Every pair is compared once: O(d N^2) comparisons, N / BLOCK pairs of launches.
Layout: points (d, N) float64, objectives apart, so that lanes read neighbours; ranks (N,) int64.
"""

# mypy: allow-untyped-defs, allow-incomplete-defs
from __future__ import annotations

import torch
import triton
import triton.language as tl

BLOCK = 128
EARLIER_PER_PROGRAM = 1024


@triton.jit
def dominance(points, n, d, rows, columns, BLOCK: tl.constexpr):
    """[r, c] is true where point columns[c] dominates point rows[r]; indices from n on stand for no point."""
    no_worse = (rows < n)[:, None] & (columns < n)[None, :]
    better = tl.zeros((BLOCK, BLOCK), dtype=tl.int1)
    for _ in range(d):
        row = tl.load(points + rows, mask=rows < n)[:, None]
        column = tl.load(points + columns, mask=columns < n)[None, :]
        no_worse = no_worse & (column <= row)
        better = better | (column < row)
        points += n
    return no_worse & better


@triton.jit
def rank_from_earlier(points, ranks, n, d, start, BLOCK: tl.constexpr, EARLIER: tl.constexpr):
    """Raises the ranks of the block at `start` above those of its dominators in one stretch of the earlier points."""
    rows = start + tl.arange(0, BLOCK).to(tl.int64)
    first = tl.program_id(0).to(tl.int64) * EARLIER
    best = tl.zeros((BLOCK,), dtype=tl.int64)
    for offset in range(0, EARLIER, BLOCK):
        columns = first + offset + tl.arange(0, BLOCK).to(tl.int64)
        above = tl.load(ranks + columns, mask=columns < start, other=-1) + 1
        dominated = dominance(points, n, d, rows, columns, BLOCK) & (columns < start)[None, :]
        best = tl.maximum(best, tl.max(tl.where(dominated, above[None, :], 0), axis=1))
    tl.atomic_max(ranks + rows, best, mask=rows < n)


@triton.jit
def rank_within(points, ranks, n, d, start, BLOCK: tl.constexpr):
    """Finishes the ranks of the block at `start`: relaxes along its own dominance relation until nothing changes."""
    rows = start + tl.arange(0, BLOCK).to(tl.int64)
    dominated = dominance(points, n, d, rows, rows, BLOCK)
    rank = tl.load(ranks + rows, mask=rows < n, other=0)
    changed = 1
    while changed > 0:
        raised = tl.maximum(rank, tl.max(tl.where(dominated, (rank + 1)[None, :], 0), axis=1))
        changed = tl.sum((raised > rank).to(tl.int32), axis=0)
        rank = raised
    tl.store(ranks + rows, rank, mask=rows < n)


def pareto_rank(F: torch.Tensor, *, k: int | None = None) -> torch.Tensor:
    """Rank of each row of `F`, the same as marey.moo.pareto_rank of the same values."""
    if F.dim() != 2 or F.shape[1] == 0:
        raise ValueError(f"`F` has shape {tuple(F.shape)}; expected (N, d) with d >= 1 objectives")
    if F.is_complex():
        raise TypeError(f"`F` has dtype {F.dtype}; expected real numbers of at most 64 bits")
    values = F.detach().to(torch.float64) + 0.0  # no -0.0: a sort may tell it from 0.0
    bad = values.isnan()
    if bool(bad.any()):
        row, column = bad.nonzero()[0].tolist()
        raise ValueError(f"`F` has a NaN in row {row}, column {column}; expected numbers, infinities allowed")
    n, d = values.shape
    ranks = torch.zeros(n, dtype=torch.int64, device=F.device)
    if n == 0:
        return ranks
    order = torch.arange(n, device=F.device)
    for j in reversed(range(d)):
        order = order[torch.sort(values[order, j], stable=True).indices]
    points = values[order].t().contiguous()
    with torch.cuda.device_of(points):
        for start in range(0, n, BLOCK):
            if start > 0:
                grid = (triton.cdiv(start, EARLIER_PER_PROGRAM),)
                rank_from_earlier[grid](
                    points, ranks, n, d, start, BLOCK=BLOCK, EARLIER=EARLIER_PER_PROGRAM, enable_fp_fusion=False
                )
            rank_within[(1,)](points, ranks, n, d, start, BLOCK=BLOCK, enable_fp_fusion=False)
    result = torch.empty_like(ranks)
    result[order] = ranks
    return result if k is None else torch.clamp(result, max=fronts_that_hold(result, k))


def fronts_that_hold(ranks: torch.Tensor, k: int) -> int:
    """The fewest first fronts with at least k points together, or all of them."""
    held = torch.bincount(ranks).cumsum(0)
    return int(torch.searchsorted(held, min(k, len(ranks)))) + 1
