"""linear_recurrence of complex numbers on CUDA tensors: a program takes a channel of a series, block by block.

Numbers lie in pairs. A step is the link h -> p h + q with a mark that says whether it forgets the state; the links of a
block are composed by a scan, in float64, and the state goes from block to block. One read of a and x, one write of h.
There is no kernel for the gradient: it is the same recurrence in the other direction.
"""

# mypy: allow-untyped-defs, allow-incomplete-defs
from __future__ import annotations

import torch
import triton
import triton.language as tl

BLOCK = 1024  # steps


@triton.jit
def after(p_re, p_im, q_re, q_im, cut, next_p_re, next_p_im, next_q_re, next_q_im, next_cut):
    """Two links as one. What lies before a cut does not count, be it NaN."""
    zero = next_cut != 0
    both_re = next_p_re * p_re - next_p_im * p_im
    both_im = next_p_re * p_im + next_p_im * p_re
    state_re = next_p_re * q_re - next_p_im * q_im + next_q_re
    state_im = next_p_re * q_im + next_p_im * q_re + next_q_im
    return (
        tl.where(zero, 0.0, both_re),
        tl.where(zero, 0.0, both_im),
        tl.where(zero, next_q_re, state_re),
        tl.where(zero, next_q_im, state_im),
        cut | next_cut,
    )


@triton.jit
def recurrence(
    a, x, h0, reset, h, hT, length, channels, a_series, a_channel, a_time, x_series, x_channel, x_time,
    reset_series, reset_channel,
    H0: tl.constexpr, RESET: tl.constexpr, REVERSE: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    row = tl.program_id(0).to(tl.int64)
    series, channel = row // channels, row % channels
    a += series * a_series + channel * a_channel
    x += series * x_series + channel * x_channel
    h += series * x_series + channel * x_channel
    state_re, state_im = tl.zeros((), tl.float64), tl.zeros((), tl.float64)
    if H0:
        state_re = tl.load(h0 + 2 * row).to(tl.float64)
        state_im = tl.load(h0 + 2 * row + 1).to(tl.float64)
    if RESET:
        reset += series * reset_series + channel * reset_channel
    step = tl.arange(0, BLOCK).to(tl.int64)
    for first in range(0, length, BLOCK):
        i = first + step
        inside = i < length
        t = length - 1 - i if REVERSE else i
        # Past the end a step keeps the state, so that the last link of a block is all of it.
        p_re = tl.load(a + t * a_time, mask=inside, other=1).to(tl.float64)
        p_im = tl.load(a + t * a_time + 1, mask=inside, other=0).to(tl.float64)
        q_re = tl.load(x + t * x_time, mask=inside, other=0).to(tl.float64)
        q_im = tl.load(x + t * x_time + 1, mask=inside, other=0).to(tl.float64)
        cut = tl.zeros((BLOCK,), tl.int32)
        if RESET:
            cut = tl.load(reset + t, mask=inside, other=0).to(tl.int32)
            p_re, p_im = tl.where(cut != 0, 0.0, p_re), tl.where(cut != 0, 0.0, p_im)
        p_re, p_im, q_re, q_im, cut = tl.associative_scan((p_re, p_im, q_re, q_im, cut), 0, after)
        h_re = tl.where(cut != 0, q_re, p_re * state_re - p_im * state_im + q_re)
        h_im = tl.where(cut != 0, q_im, p_re * state_im + p_im * state_re + q_im)
        tl.store(h + t * x_time, h_re.to(h.dtype.element_ty), mask=inside)
        tl.store(h + t * x_time + 1, h_im.to(h.dtype.element_ty), mask=inside)
        last = step == BLOCK - 1
        state_re, state_im = tl.sum(tl.where(last, h_re, 0.0), 0), tl.sum(tl.where(last, h_im, 0.0), 0)
    tl.store(hT + 2 * row, state_re.to(hT.dtype.element_ty))
    tl.store(hT + 2 * row + 1, state_im.to(hT.dtype.element_ty))


def complex_recurrence(a, x, h0, reset, reverse: bool, *, launch, block: int = BLOCK):
    """The operator marey::complex_recurrence; `launch` makes a kernel callable here, traced or not."""
    batch, channels, length, _ = x.shape
    h = torch.empty_like(x)
    hT = torch.empty((batch, channels, 2), dtype=x.dtype if h0 is None else h0.dtype, device=x.device)
    if batch * channels == 0:
        return h, hT
    marks = (0, 0) if reset is None else (reset.stride(0), reset.stride(1) if reset.shape[1] > 1 else 0)
    launch(recurrence)[(batch * channels,)](
        a, x, x if h0 is None else h0, x if reset is None else reset, h, hT, length, channels,
        *a.stride()[:3], *x.stride()[:3], *marks,
        H0=h0 is not None, RESET=reset is not None, REVERSE=reverse,
        BLOCK=min(block, max(16, triton.next_power_of_2(length))),
    )  # fmt: skip
    return h, hT
