"""GRU-D on CUDA: Triton kernels for what goes step by step, matrix products of torch for the rest.

All arrays are rows of one step of one series, series after series. A program of the recurrence takes 16 series
(float64: one) and all hidden units; the weights of the hidden state stay with it. What is kept for the gradient lies as
on the CPU (csrc/include/marey/scan/grud.hpp), the gates without padding between them.
"""

# mypy: allow-untyped-defs, allow-incomplete-defs
from __future__ import annotations

import torch
import triton
import triton.language as tl


@triton.jit
def inputs_forward(x, mask, dt, x_mean, w_x, b_x, saved, last, age, begin, length, D, width, Dp, BLOCK: tl.constexpr):
    """x_hat, mask and delta of every row; last and age are moved on in place."""
    s = tl.program_id(0).to(tl.int64)
    d = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    inside = d < D
    row, steps = tl.load(begin + s), tl.load(length + s)
    mean, slope = tl.load(x_mean + d, inside, 0.0), tl.load(w_x + d, inside, 0.0)
    offset = tl.load(b_x + d, inside, 0.0)
    value, since = tl.load(last + s * D + d, inside, 0.0), tl.load(age + s * D + d, inside, 0.0)
    for _ in range(steps):
        seen = tl.load(mask + row * D + d, inside, 0) != 0
        new = tl.load(x + row * D + d, inside & seen, 0.0)
        delta = since + tl.load(dt + row)
        decay = tl.exp(-tl.maximum(slope * delta + offset, 0.0))
        place = saved + row * width + d
        tl.store(place, tl.where(seen, new, decay * (value - mean) + mean), inside)
        tl.store(place + Dp, seen.to(delta.dtype), inside)
        tl.store(place + 2 * Dp, delta, inside)
        value, since = tl.where(seen, new, value), tl.where(seen, 0.0, delta)
        row += 1
    tl.store(last + s * D + d, value, inside)
    tl.store(age + s * D + d, since, inside)


@triton.jit
def inputs_backward(
    grad_x_hat, grad_delta, x_mean, w_x, b_x, saved, grad_last, grad_age, of_x, of_rate, of_mean, begin, length,
    D, width, Dp, BLOCK: tl.constexpr,
):  # fmt: skip
    """Turns the gradients of x_hat and delta into those of x, of the rate of decay and of x_mean, row by row, and of
    last and age before the first; grad_delta gets what later rows add."""
    s = tl.program_id(0).to(tl.int64)
    d = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    inside = d < D
    row = tl.load(begin + s) + tl.load(length + s) - 1
    mean, slope = tl.load(x_mean + d, inside, 0.0), tl.load(w_x + d, inside, 0.0)
    offset = tl.load(b_x + d, inside, 0.0)
    carried, older = tl.load(grad_last + s * D + d, inside, 0.0), tl.load(grad_age + s * D + d, inside, 0.0)
    for _ in range(tl.load(length + s)):
        place = saved + row * width + d
        seen = tl.load(place + Dp, inside, 0.0) != 0
        delta, x_hat = tl.load(place + 2 * Dp, inside, 0.0), tl.load(place, inside, 0.0)
        rate = slope * delta + offset
        decay = tl.exp(-tl.maximum(rate, 0.0))
        g = tl.load(grad_x_hat + row * D + d, inside, 0.0)
        by_rate = tl.where(seen | (rate <= 0), 0.0, -g * (x_hat - mean))
        by_delta = tl.load(grad_delta + row * D + d, inside, 0.0) + by_rate * slope + tl.where(seen, 0.0, older)
        tl.store(of_x + row * D + d, tl.where(seen, g + carried, 0.0), inside)
        tl.store(of_rate + row * D + d, by_rate, inside)
        tl.store(of_mean + row * D + d, tl.where(seen, 0.0, g * (1 - decay)), inside)
        tl.store(grad_delta + row * D + d, by_delta, inside)
        carried, older = tl.where(seen, 0.0, carried + g * decay), by_delta
        row -= 1
    tl.store(grad_last + s * D + d, carried, inside)
    tl.store(grad_age + s * D + d, older, inside)


@triton.jit
def product(a, b, DOT: tl.constexpr):
    """a (n, k) b (k, m)."""
    if DOT:
        result = tl.dot(a, b, input_precision="ieee")
    else:
        result = tl.sum(a[:, :, None] * b[None, :, :], 1)
    return result


@triton.jit
def sigmoid(x):
    return 1 / (1 + tl.exp(-x))


@triton.jit
def tanh(x):
    return 1 - 2 / (1 + tl.exp(2 * x))


@triton.jit
def recurrence_forward(
    U, saved, h, out, begin, length, S, H, width, gates, decay, before,
    DOT: tl.constexpr, BLOCK_S: tl.constexpr, BLOCK_H: tl.constexpr,
):  # fmt: skip
    """The steps of BLOCK_S series: the gates' inputs in `saved` become the gates, h moves on in place."""
    s = tl.program_id(0).to(tl.int64) * BLOCK_S + tl.arange(0, BLOCK_S)
    j, k = tl.arange(0, BLOCK_H), tl.arange(0, BLOCK_H)
    row, steps = tl.load(begin + s, s < S, 0), tl.load(length + s, s < S, 0)
    # (k, j): of unit k in gate j.
    weights, square = U + j[None, :] * H + k[:, None], (j[None, :] < H) & (k[:, None] < H)
    u_r, u_z = tl.load(weights, square, 0.0), tl.load(weights + H * H, square, 0.0)
    u_c = tl.load(weights + 2 * H * H, square, 0.0)
    state = tl.load(h + s[:, None] * H + j[None, :], (s[:, None] < S) & (j[None, :] < H), 0.0)
    for t in range(tl.max(steps, 0)):
        on = (t < steps)[:, None] & (j[None, :] < H)
        place = saved + (row + t)[:, None] * width + j[None, :]
        tl.store(place + before, state, on)
        h_hat = state * tl.exp(-tl.maximum(tl.load(place + decay, on, 0.0), 0.0))
        r = sigmoid(tl.load(place + gates, on, 0.0) + product(h_hat, u_r, DOT))
        z = sigmoid(tl.load(place + gates + H, on, 0.0) + product(h_hat, u_z, DOT))
        c = tanh(tl.load(place + gates + 2 * H, on, 0.0) + product(r * h_hat, u_c, DOT))
        state = tl.where(on, h_hat + z * (c - h_hat), state)
        tl.store(place + gates, r, on)
        tl.store(place + gates + H, z, on)
        tl.store(place + gates + 2 * H, c, on)
        tl.store(out + (row + t)[:, None] * H + j[None, :], state, on)
    tl.store(h + s[:, None] * H + j[None, :], state, (s[:, None] < S) & (j[None, :] < H))


@triton.jit
def recurrence_backward(
    U, saved, grad_h, grad_state, of_gates, of_decay, begin, length, S, H, width, gates, decay, before,
    DOT: tl.constexpr, BLOCK_S: tl.constexpr, BLOCK_H: tl.constexpr,
):  # fmt: skip
    """Gradients of the inputs of the gates and of the decay; grad_state, of hT, becomes that of h0."""
    s = tl.program_id(0).to(tl.int64) * BLOCK_S + tl.arange(0, BLOCK_S)
    j, k = tl.arange(0, BLOCK_H), tl.arange(0, BLOCK_H)
    row, steps = tl.load(begin + s, s < S, 0), tl.load(length + s, s < S, 0)
    # (k, j): of unit j in gate k.
    weights, square = U + k[:, None] * H + j[None, :], (j[None, :] < H) & (k[:, None] < H)
    u_r, u_z = tl.load(weights, square, 0.0), tl.load(weights + H * H, square, 0.0)
    u_c = tl.load(weights + 2 * H * H, square, 0.0)
    carried = tl.load(grad_state + s[:, None] * H + j[None, :], (s[:, None] < S) & (j[None, :] < H), 0.0)
    longest = tl.max(steps, 0)
    for back in range(longest):
        t = longest - 1 - back
        on = (t < steps)[:, None] & (j[None, :] < H)
        place = saved + (row + t)[:, None] * width + j[None, :]
        r, z = tl.load(place + gates, on, 0.0), tl.load(place + gates + H, on, 0.0)
        c, rate = tl.load(place + gates + 2 * H, on, 0.0), tl.load(place + decay, on, 0.0)
        h = tl.load(place + before, on, 0.0)
        gamma = tl.exp(-tl.maximum(rate, 0.0))
        h_hat = gamma * h
        g = tl.where(on, carried + tl.load(grad_h + (row + t)[:, None] * H + j[None, :], on, 0.0), 0.0)
        by_z, by_c = g * (c - h_hat) * z * (1 - z), g * z * (1 - c * c)
        by_reset = product(by_c, u_c, DOT)
        by_r = by_reset * h_hat * r * (1 - r)
        by_h_hat = g * (1 - z) + by_reset * r + product(by_r, u_r, DOT) + product(by_z, u_z, DOT)
        target = of_gates + (row + t)[:, None] * 3 * H + j[None, :]
        tl.store(target, by_r, on)
        tl.store(target + H, by_z, on)
        tl.store(target + 2 * H, by_c, on)
        by_h = by_h_hat * gamma
        tl.store(of_decay + (row + t)[:, None] * H + j[None, :], tl.where(rate > 0, -by_h * h, 0.0), on)
        carried = tl.where(on, by_h, carried)
    tl.store(grad_state + s[:, None] * H + j[None, :], carried, (s[:, None] < S) & (j[None, :] < H))


class _Rows:
    """Where things lie: the series in rows, the parts of a saved row, the launch of each kernel."""

    def __init__(self, like, offsets, D: int, H: int, batch: int, length: int) -> None:
        self.D, self.H, self.total, self.packed = D, H, batch * length, offsets is not None
        self.batch, self.steps = batch, length
        if offsets is None:
            self.begin = torch.arange(batch, device=like.device) * length
            self.length = torch.full_like(self.begin, length)
        else:
            self.begin, self.length = offsets[:-1].contiguous(), offsets.diff()
        self.S = self.begin.shape[0]
        self.Dp, self.Hp = -(-D // 16) * 16, -(-H // 16) * 16
        self.gates, self.decay, self.before = 3 * self.Dp, 3 * self.Dp + 3 * self.Hp, 3 * self.Dp + 4 * self.Hp
        self.width = 3 * self.Dp + 5 * self.Hp
        self.dot = like.dtype == torch.float32

    def part(self, saved, start: int, size: int):
        return saved[:, start : start + size]

    def of(self, array):
        """(B, C, T) or (1, C, total) to (total, C)."""
        return array.mT.reshape(self.total, array.shape[1]).contiguous()

    def back(self, rows):
        return rows.view(self.batch, self.steps, rows.shape[1]).mT.contiguous()

    def inputs(self, launch, kernel, *arrays) -> None:
        if self.S and self.D:
            block = min(64, triton.next_power_of_2(self.D))
            grid = (self.S, triton.cdiv(self.D, block))
            launch(kernel)[grid](*arrays, self.begin, self.length, self.D, self.width, self.Dp, BLOCK=block)

    def recurrence(self, launch, kernel, *arrays) -> None:
        if not (self.S and self.H):
            return
        series = 16 if self.dot else 1
        launch(kernel)[(triton.cdiv(self.S, series),)](
            *arrays, self.begin, self.length, self.S, self.H, self.width, self.gates, self.decay, self.before,
            DOT=self.dot, BLOCK_S=series, BLOCK_H=max(16, triton.next_power_of_2(self.H)),
        )  # fmt: skip


def grud(x, mask, dt, x_mean, W, U, V, b, w_x, b_x, W_h, b_h, h0, x_last, age, offsets, save, *, launch):
    """The operator marey::grud; `launch` makes a kernel callable here, traced or not."""
    (batch, D, length), H = x.shape, U.shape[1]
    rows = _Rows(x, offsets, D, H, batch, length)
    saved = x.new_zeros((rows.total, rows.width))  # zeros between the parts: the same bits in every run
    last = x_mean.repeat(rows.S, 1) if x_last is None else x_last.clone()
    since = x.new_zeros((rows.S, D)) if age is None else age.clone()
    h = x.new_zeros((rows.S, H)) if h0 is None else h0.clone()
    rows.inputs(
        launch, inputs_forward, rows.of(x), rows.of(mask.to(torch.int8)), dt.reshape(-1), x_mean, w_x, b_x, saved,
        last, since,
    )  # fmt: skip
    x_hat, seen, delta = (rows.part(saved, k * rows.Dp, D) for k in range(3))
    rows.part(saved, rows.gates, 3 * H).copy_(torch.addmm(torch.addmm(b, x_hat, W.T), seen, V.T))
    rows.part(saved, rows.decay, H).copy_(torch.addmm(b_h, delta, W_h.T))
    out = x.new_empty((rows.total, H))
    rows.recurrence(launch, recurrence_forward, U, saved, h, out)
    return rows.back(out), h, last, since, saved if save else saved[:0].clone()


def grud_backward(
    grad_h, grad_hT, grad_x_last, grad_age, saved, x_mean, W, U, V, b, w_x, b_x, W_h, b_h, offsets, x_last_given,
    *, launch,
):  # fmt: skip
    """The operator marey::grud_backward."""
    (batch, H, length), D = grad_h.shape, x_mean.shape[0]
    rows = _Rows(grad_h, offsets, D, H, batch, length)
    of_gates, of_decay = saved.new_empty((rows.total, 3 * H)), saved.new_empty((rows.total, H))
    of_h0, of_last, of_age = grad_hT.clone(), grad_x_last.clone(), grad_age.clone()
    rows.recurrence(launch, recurrence_backward, U, saved, rows.of(grad_h), of_h0, of_gates, of_decay)
    of_x_hat, of_delta = of_gates @ W, of_decay @ W_h
    of_x, of_rate, of_mean = (torch.empty_like(of_x_hat) for _ in range(3))
    rows.inputs(
        launch, inputs_backward, of_x_hat, of_delta, x_mean, w_x, b_x, saved, of_last, of_age, of_x, of_rate, of_mean
    )
    x_hat, seen, delta = (rows.part(saved, k * rows.Dp, D) for k in range(3))
    rate, before = rows.part(saved, rows.decay, H), rows.part(saved, rows.before, H)
    h_hat = torch.exp(-rate.clamp_min(0)) * before
    reset = rows.part(saved, rows.gates, H) * h_hat
    of_U = torch.cat([of_gates[:, : 2 * H].T @ h_hat, of_gates[:, 2 * H :].T @ reset])
    total_mean = of_mean.sum(0) if x_last_given else of_mean.sum(0) + of_last.sum(0)
    return (
        rows.back(of_x), of_delta.sum(1).view(batch, length), total_mean,
        of_gates.T @ x_hat, of_U, of_gates.T @ seen, of_gates.sum(0), (of_rate * delta).sum(0), of_rate.sum(0),
        of_decay.T @ delta, of_decay.sum(0), of_h0, of_last, of_age,
    )  # fmt: skip
