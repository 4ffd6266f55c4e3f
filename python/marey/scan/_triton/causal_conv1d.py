"""causal_conv1d on CUDA tensors: a program takes a tile of channels by steps, in either layout by its strides.

Forward, the taps' reads overlap in the cache: one read of the signal from memory, one write. Backward, a first kernel
makes g, the gradient before the activation, in the arithmetic's type and sums what the taps and the bias get within its
tile; torch adds the tiles up in a fixed order; a second kernel runs g through the taps backward. Cost: two reads and a
write, then a read and a write; without an activation g is what came in, and not written. Arithmetic is float32 for 16
bits and float32, float64 for float64. No atomics: the same bits in every run.
"""

# mypy: allow-untyped-defs, allow-incomplete-defs
from __future__ import annotations

import torch
import triton
import triton.language as tl

TILE = 2048  # elements of a program


@triton.jit
def inputs_at(x, x0, base, base0, t, time_stride, length, channels_in, W: tl.constexpr, X0: tl.constexpr):
    """The signal at steps t, x0 before it, zero elsewhere."""
    inside = channels_in[:, None] & (t >= 0)[None, :] & (t < length)[None, :]
    value = tl.load(x + base[:, None] + t[None, :] * time_stride, mask=inside, other=0)
    if X0:
        before = channels_in[:, None] & (t < 0)[None, :] & (t >= 1 - W)[None, :]
        value += tl.load(x0 + base0[:, None] + (t + W - 1)[None, :], mask=before, other=0)
    return value


@triton.jit
def places(
    length, channels, CHANNELS_LAST: tl.constexpr, W: tl.constexpr, BLOCK_C: tl.constexpr, BLOCK_T: tl.constexpr
):
    """This program's series, channels, first step and offsets."""
    series = tl.program_id(2).to(tl.int64)
    c = tl.program_id(1).to(tl.int64) * BLOCK_C + tl.arange(0, BLOCK_C)
    t = tl.program_id(0).to(tl.int64) * BLOCK_T + tl.arange(0, BLOCK_T)
    base = series * channels * length + (c if CHANNELS_LAST else c * length)
    base0 = (series * channels + c) * (W - 1)
    return series, c, t, base, base0


@triton.jit
def before_activation(
    x, x0, weight, bias, c, t, base, base0, time_stride, length, channels,
    W: tl.constexpr, X0: tl.constexpr, BIAS: tl.constexpr, ACC: tl.constexpr,
    BLOCK_C: tl.constexpr, BLOCK_T: tl.constexpr,
):  # fmt: skip
    there = c < channels
    s = tl.zeros((BLOCK_C, BLOCK_T), dtype=ACC)
    if BIAS:
        s += tl.load(bias + c, mask=there, other=0).to(ACC)[:, None]
    for k in tl.static_range(W):
        w = tl.load(weight + c * W + k, mask=there, other=0).to(ACC)
        s += w[:, None] * inputs_at(x, x0, base, base0, t - (W - 1) + k, time_stride, length, there, W, X0).to(ACC)
    return s


@triton.jit
def forward(
    x, x0, weight, bias, y, length, channels,
    CHANNELS_LAST: tl.constexpr, W: tl.constexpr, X0: tl.constexpr, BIAS: tl.constexpr, SILU: tl.constexpr,
    ACC: tl.constexpr, BLOCK_C: tl.constexpr, BLOCK_T: tl.constexpr,
):  # fmt: skip
    _, c, t, base, base0 = places(length, channels, CHANNELS_LAST, W, BLOCK_C, BLOCK_T)
    time_stride = channels if CHANNELS_LAST else 1
    s = before_activation(
        x, x0, weight, bias, c, t, base, base0, time_stride, length, channels, W, X0, BIAS, ACC, BLOCK_C, BLOCK_T
    )
    if SILU:
        s = s / (1 + tl.exp(-s))
    inside = (c < channels)[:, None] & (t < length)[None, :]
    tl.store(y + base[:, None] + t[None, :] * time_stride, s.to(y.dtype.element_ty), mask=inside)


@triton.jit
def backward_taps(
    grad_y, x, x0, weight, bias, g, partial, length, channels, time_blocks,
    CHANNELS_LAST: tl.constexpr, W: tl.constexpr, X0: tl.constexpr, BIAS: tl.constexpr, SILU: tl.constexpr,
    ACC: tl.constexpr, BLOCK_C: tl.constexpr, BLOCK_T: tl.constexpr,
):  # fmt: skip
    """g, and of this tile what taps 0 .. W - 1 and the bias get: partial[series, time block][tap or bias][channel]."""
    series, c, t, base, base0 = places(length, channels, CHANNELS_LAST, W, BLOCK_C, BLOCK_T)
    time_stride = channels if CHANNELS_LAST else 1
    there = c < channels
    inside = there[:, None] & (t < length)[None, :]
    at = base[:, None] + t[None, :] * time_stride
    gradient = tl.load(grad_y + at, mask=inside, other=0).to(ACC)
    if SILU:
        s = before_activation(
            x, x0, weight, bias, c, t, base, base0, time_stride, length, channels, W, X0, BIAS, ACC, BLOCK_C, BLOCK_T
        )
        sigma = 1 / (1 + tl.exp(-s))
        gradient *= sigma * (1 + s * (1 - sigma))
        tl.store(g + at, gradient, mask=inside)
    rows = partial + (series * time_blocks + tl.program_id(0)) * (W + 1) * channels + c
    for k in tl.static_range(W):
        value = inputs_at(x, x0, base, base0, t - (W - 1) + k, time_stride, length, there, W, X0).to(ACC)
        tl.store(rows + k * channels, tl.sum(tl.where(inside, gradient * value, 0.0), axis=1), mask=there)
    tl.store(rows + W * channels, tl.sum(tl.where(inside, gradient, 0.0), axis=1), mask=there)


@triton.jit
def backward_inputs(
    g, weight, grad_x, grad_x0, length, channels,
    CHANNELS_LAST: tl.constexpr, W: tl.constexpr, ACC: tl.constexpr, BLOCK_C: tl.constexpr, BLOCK_T: tl.constexpr,
):  # fmt: skip
    """grad_x and grad_x0: the signal's steps moved by W - 1, so that those before it come first."""
    _, c, shifted, base, base0 = places(length, channels, CHANNELS_LAST, W, BLOCK_C, BLOCK_T)
    t = shifted - (W - 1)
    time_stride = channels if CHANNELS_LAST else 1
    there = c < channels
    out = tl.zeros((BLOCK_C, BLOCK_T), dtype=ACC)
    for k in tl.static_range(W):
        w = tl.load(weight + c * W + k, mask=there, other=0).to(ACC)
        out += w[:, None] * inputs_at(g, g, base, base0, t + (W - 1) - k, time_stride, length, there, W, False).to(ACC)
    inside = there[:, None] & (t >= 0)[None, :] & (t < length)[None, :]
    tl.store(grad_x + base[:, None] + t[None, :] * time_stride, out.to(grad_x.dtype.element_ty), mask=inside)
    if W > 1:
        before = there[:, None] & (t < 0)[None, :]
        tl.store(grad_x0 + base0[:, None] + shifted[None, :], out.to(grad_x0.dtype.element_ty), mask=before)


def _sizes(x, weight, channels_last, tile):
    batch, (channels, width) = x.shape[0], weight.shape
    length = x.shape[1 if channels_last else 2]
    wide = min(64, triton.next_power_of_2(max(1, channels)))
    BLOCK_C = wide if channels_last else min(4, wide)
    constants = {
        "CHANNELS_LAST": channels_last,
        "W": width,
        "ACC": tl.float64 if x.dtype == torch.float64 else tl.float32,
        "BLOCK_C": BLOCK_C,
        "BLOCK_T": max(16, tile // BLOCK_C),
    }
    return batch, channels, length, constants


def _grid(steps, batch, channels, constants):
    return (triton.cdiv(steps, constants["BLOCK_T"]), triton.cdiv(channels, constants["BLOCK_C"]), batch)


def causal_conv1d(x, weight, bias, x0, silu: bool, channels_last: bool, *, launch, tile: int = TILE):
    """The operator marey::causal_conv1d; `launch` makes a kernel callable here, traced or not."""
    batch, channels, length, constants = _sizes(x, weight, channels_last, tile)
    y = torch.empty(x.shape, dtype=x.dtype, device=x.device)
    if y.numel() == 0:
        return y
    launch(forward)[_grid(length, batch, channels, constants)](
        x, x if x0 is None else x0, weight, weight if bias is None else bias, y, length, channels,
        X0=x0 is not None, BIAS=bias is not None, SILU=silu, **constants,
    )  # fmt: skip
    return y


def causal_conv1d_backward(grad_y, x, weight, bias, x0, silu: bool, channels_last: bool, *, launch, tile: int = TILE):
    """The operator marey::causal_conv1d_backward."""
    batch, channels, length, constants = _sizes(x, weight, channels_last, tile)
    width = weight.shape[1]
    grad_x = torch.empty(x.shape, dtype=x.dtype, device=x.device)
    state = x if x0 is None else x0
    grad_x0 = torch.zeros((batch, channels, width - 1), dtype=state.dtype, device=x.device)
    accumulate = torch.float64 if x.dtype == torch.float64 else torch.float32
    if x.numel() == 0:
        return grad_x, torch.zeros_like(weight), torch.zeros_like(weight[:, 0] if bias is None else bias), grad_x0
    g = torch.empty(x.shape, dtype=accumulate, device=x.device) if silu else grad_y
    grid = _grid(length, batch, channels, constants)
    partial = torch.empty((batch * grid[0], width + 1, channels), dtype=accumulate, device=x.device)
    launch(backward_taps)[grid](
        grad_y, x, x if x0 is None else x0, weight, weight if bias is None else bias, g, partial, length, channels,
        grid[0], X0=x0 is not None, BIAS=bias is not None, SILU=silu, **constants,
    )  # fmt: skip
    launch(backward_inputs)[_grid(length + width - 1, batch, channels, constants)](
        g, weight, grad_x, grad_x0, length, channels, **constants
    )
    sums = partial.sum(0)
    of_bias = sums[width].to(weight.dtype if bias is None else bias.dtype, copy=True)
    return grad_x, sums[:width].T.contiguous().to(weight.dtype), of_bias, grad_x0
