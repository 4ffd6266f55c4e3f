"""Lomb-Scargle periodograms of ragged series on CUDA: the sums of sines and cosines, and their gradients.

Lanes are frequencies where sums go over a series' points, and where they go over the frequencies a program is a point.
What is done once a frequency or once a point is left to torch. Angles are reduced in float64; with `fast` the sines and
their sums are float32. Every sum has one order, so that a result has the same bits each time.
"""

# mypy: allow-untyped-defs, allow-incomplete-defs
from __future__ import annotations

import math

import torch
import triton
import triton.language as tl

BLOCK = 128


@triton.jit
def _sine_cosine(t, frequency, fast: tl.constexpr):
    turns = t * frequency
    angle = 6.283185307179586 * (turns - tl.floor(turns + 0.5))
    if fast:
        angle = angle.to(tl.float32)
    return tl.sin(angle), tl.cos(angle)


@triton.jit
def _sums(t, w, z, offsets, frequency, out, n_series, n_freqs, fast: tl.constexpr, block: tl.constexpr):
    """Of w c, w s, w z c, w z s, w c c and w c s over a series' points."""
    s = tl.program_id(0).to(tl.int64)
    f = tl.program_id(1) * block + tl.arange(0, block)
    inside = f < n_freqs
    freqs = tl.load(frequency + f, inside, 0.0)
    dtype = tl.float32 if fast else tl.float64
    of_c = tl.zeros((block,), dtype)
    of_s = tl.zeros((block,), dtype)
    of_zc = tl.zeros((block,), dtype)
    of_zs = tl.zeros((block,), dtype)
    of_cc = tl.zeros((block,), dtype)
    of_cs = tl.zeros((block,), dtype)
    for i in range(tl.load(offsets + s), tl.load(offsets + s + 1)):
        sine, cosine = _sine_cosine(tl.load(t + i), freqs, fast)
        weight, value = tl.load(w + i).to(dtype), tl.load(z + i).to(dtype)
        weighted = weight * cosine
        of_c += weighted
        of_s += weight * sine
        of_zc += value * weighted
        of_zs += value * weight * sine
        of_cc += weighted * cosine
        of_cs += weighted * sine
    at = out + s * n_freqs + f
    step = n_series * n_freqs
    tl.store(at, of_c.to(tl.float64), inside)
    tl.store(at + step, of_s.to(tl.float64), inside)
    tl.store(at + 2 * step, of_zc.to(tl.float64), inside)
    tl.store(at + 3 * step, of_zs.to(tl.float64), inside)
    tl.store(at + 4 * step, of_cc.to(tl.float64), inside)
    tl.store(at + 5 * step, of_cs.to(tl.float64), inside)


@triton.jit
def _weights(weights, at, step, inside):
    """What C, S, YC, YS, CC, SS and CS weigh."""
    c = tl.load(weights + at, inside, 0.0)
    s = tl.load(weights + at + step, inside, 0.0)
    zc = tl.load(weights + at + 2 * step, inside, 0.0)
    zs = tl.load(weights + at + 3 * step, inside, 0.0)
    cc = tl.load(weights + at + 4 * step, inside, 0.0)
    ss = tl.load(weights + at + 5 * step, inside, 0.0)
    cs = tl.load(weights + at + 6 * step, inside, 0.0)
    return c, s, zc, zs, cc, ss, cs


@triton.jit
def _slope(value, sine, cosine, c, s, zc, zs, cc, ss, cs):
    """By the angle, of what a point adds."""
    turned = (s + value * zs) * cosine - (c + value * zc) * sine
    return turned + 2 * (ss - cc) * cosine * sine + cs * (cosine * cosine - sine * sine)


@triton.jit
def _points(t, z, series, frequency, weights, out, n_points, n_series, n_freqs, block: tl.constexpr):
    """Over all frequencies, what a point's value, weight and time add."""
    i = tl.program_id(0).to(tl.int64)
    row = tl.load(series + i) * n_freqs
    time, value = tl.load(t + i), tl.load(z + i)
    of_z = tl.zeros((block,), tl.float64)
    of_w = tl.zeros((block,), tl.float64)
    of_t = tl.zeros((block,), tl.float64)
    for start in range(0, n_freqs, block):
        f = start + tl.arange(0, block)
        inside = f < n_freqs
        freqs = tl.load(frequency + f, inside, 0.0)
        sine, cosine = _sine_cosine(time, freqs, False)
        c, s, zc, zs, cc, ss, cs = _weights(weights, row + f, n_series * n_freqs, inside)
        of_z += zc * cosine + zs * sine
        of_w += cosine * (c + value * zc + cc * cosine + cs * sine) + sine * (s + value * zs + ss * sine)
        of_t += freqs * _slope(value, sine, cosine, c, s, zc, zs, cc, ss, cs)
    tl.store(out + i, tl.sum(of_z, 0))
    tl.store(out + n_points + i, tl.sum(of_w, 0))
    tl.store(out + 2 * n_points + i, tl.sum(of_t, 0))


@triton.jit
def _frequencies(t, w, z, offsets, frequency, weights, out, n_series, n_freqs, block: tl.constexpr):
    """Over a series' points, what a frequency adds."""
    series = tl.program_id(0).to(tl.int64)
    f = tl.program_id(1) * block + tl.arange(0, block)
    inside = f < n_freqs
    freqs = tl.load(frequency + f, inside, 0.0)
    c, s, zc, zs, cc, ss, cs = _weights(weights, series * n_freqs + f, n_series * n_freqs, inside)
    total = tl.zeros((block,), tl.float64)
    for i in range(tl.load(offsets + series), tl.load(offsets + series + 1)):
        time = tl.load(t + i)
        sine, cosine = _sine_cosine(time, freqs, False)
        total += tl.load(w + i) * time * _slope(tl.load(z + i), sine, cosine, c, s, zc, zs, cc, ss, cs)
    tl.store(out + series * n_freqs + f, 2 * 3.141592653589793 * total, inside)


class _Series:
    """Points with normalized weights and centred values, those left out with none, and what a series is as a whole."""

    def __init__(self, t, y, dy, offsets, fit_mean, center):
        self.offsets, self.n_series = offsets, offsets.shape[0] - 1
        lengths = offsets.diff()
        self.index = torch.repeat_interleave(
            torch.arange(self.n_series, device=y.device), lengths, output_size=y.shape[0]
        )
        wrong = torch.zeros_like(y) if dy is None else (~(dy > 0)).double()
        weight = torch.ones_like(y) if dy is None else dy**-2
        self.fine = torch.isfinite(t + y + weight)
        weight, t, y = (torch.where(self.fine, a, 0.0) for a in (weight, t, y))
        count, of_t, self.total, of_y, wrong = self.added(self.fine.double(), t, weight, weight * y, wrong)
        self.mean = of_y / self.total
        # The time's zero changes no power: about the middle the angles are smallest.
        self.t = torch.where(self.fine, t - self.of_point(of_t / count), 0.0)
        self.w = torch.where(self.fine, weight / self.of_point(self.total), 0.0)
        self.z = torch.where(self.fine, y - self.of_point(self.mean), 0.0) if center else y
        self.y, yy = self.added(self.w * self.z, self.w * self.z * self.z)
        self.yy = yy - self.y**2 if fit_mean else yy
        rounding = 1e-28 * self.mean**2 if center else 1e-14 * self.y**2 if fit_mean else torch.zeros_like(yy)
        self.enough = (count >= 3) & (wrong == 0)
        self.varies = self.enough & (self.yy > rounding)

    def of_point(self, values):
        return values[self.index]

    def added(self, *columns):
        """Sums over each series, of several values a point."""
        sums = torch.ops.marey.segment_reduce(torch.stack(columns, 1), self.offsets, "sum")
        return sums.unbind(1)

    def sums(self, frequency, fast, launch):
        n_freqs = frequency.shape[0]
        out = self.y.new_empty((6, self.n_series, n_freqs))
        if out.numel() > 0:
            grid = (self.n_series, triton.cdiv(n_freqs, BLOCK))
            launch(_sums)[grid](
                self.t, self.w, self.z, self.offsets, frequency, out, self.n_series, n_freqs, fast=fast, block=BLOCK
            )
        return out


class _Fit:
    """b = (YC, YS) and A = (CC CS; CS SS) of each series and frequency, x = A^-1 b, and what the fit explains."""

    def __init__(self, series, sums, fit_mean, tiny):
        self.C, self.S, YC, YS, CC, CS = sums
        SS = 1 - CC
        if fit_mean:
            YC, YS = YC - series.y[:, None] * self.C, YS - series.y[:, None] * self.S
            CC, SS, CS = CC - self.C**2, SS - self.S**2, CS - self.C * self.S
        D, self.both = CC * SS - CS * CS, CC + SS
        # Where a sine and a cosine are one wave at these times, the wave alone is fitted; at 0 Hz, none.
        self.two, self.one = tiny * self.both**2 < D, self.both > tiny
        self.x = tuple(
            torch.where(self.two, double / D, torch.where(self.one, single / self.both, 0.0))
            for double, single in ((YC * SS - YS * CS, YC), (YS * CC - YC * CS, YS))
        )
        self.explained = self.x[0] * YC + self.x[1] * YS


def _known(frequency):
    """Frequencies, 0 for one that is none, and which they are."""
    known = (frequency >= 0) & torch.isfinite(frequency)
    return torch.where(known, frequency, 0.0), known


def lomb_scargle(t, y, dy, offsets, frequency, fit_mean, center, fast, *, launch):
    """The operator marey::lomb_scargle; `launch` makes a kernel callable here, traced or not."""
    frequency, known = _known(frequency)
    series = _Series(t, y, dy, offsets, fit_mean, center)
    fit = _Fit(series, series.sums(frequency, fast, launch), fit_mean, 1e-5 if fast else 1e-13)
    power = torch.where(series.varies[:, None] & known, fit.explained / series.yy[:, None], math.nan)
    return power, torch.where(series.enough, series.yy, math.nan), series.total.clone()


def lomb_scargle_backward(
    grad_power, grad_variance, grad_total, t, y, dy, offsets, frequency, fit_mean, center, *, launch
):
    """The operator marey::lomb_scargle_backward: the fit is b' A^-1 b, its derivative 2 x' db - x' dA x."""
    n_points, n_freqs = y.shape[0], frequency.shape[0]
    frequency, known = _known(frequency)
    series = _Series(t, y, dy, offsets, fit_mean, center)
    fit = _Fit(series, series.sums(frequency, False, launch), fit_mean, 1e-13)
    varies = series.varies[:, None]
    g = torch.where(varies & known, grad_power / series.yy[:, None], 0.0)
    x1, x2 = fit.x
    even = torch.where(fit.one, -fit.explained / fit.both, 0.0)
    zc, zs = 2 * g * x1, 2 * g * x2
    cc, ss = (g * torch.where(fit.two, -x * x, even) for x in fit.x)
    cs = g * torch.where(fit.two, -2 * x1 * x2, 0.0)
    c, s = torch.zeros_like(g), torch.zeros_like(g)
    of_variance = torch.where(series.varies, grad_variance - (g * fit.explained).sum(1) / series.yy, 0.0)
    of_mean = torch.zeros_like(of_variance)
    if fit_mean:
        mean = series.y[:, None]
        c, s = -mean * zc - 2 * fit.C * cc - fit.S * cs, -mean * zs - 2 * fit.S * ss - fit.C * cs
        of_mean = -(fit.C * zc + fit.S * zs).sum(1) - 2 * series.y * of_variance
    weights = torch.where(varies, torch.stack((c, s, zc, zs, cc, ss, cs)), 0.0)
    of_mean = torch.where(series.varies, of_mean, 0.0)
    told = y.new_zeros((3, n_points))
    grad_frequency = y.new_zeros((series.n_series, n_freqs))
    if n_points > 0 and n_freqs > 0:
        sizes = (series.n_series, n_freqs)
        launch(_points)[(n_points,)](
            series.t, series.z, series.index, frequency, weights, told, n_points, *sizes, block=BLOCK
        )
        grid = (series.n_series, triton.cdiv(n_freqs, BLOCK))
        columns = (series.t, series.w, series.z, offsets, frequency, weights, grad_frequency)
        launch(_frequencies)[grid](*columns, *sizes, block=BLOCK)
    z, w, of_mean, of_variance = series.z, series.w, series.of_point(of_mean), series.of_point(of_variance)
    grad_z = w * (told[0] + of_mean + 2 * z * of_variance)
    grad_w = told[1] + z * (of_mean + z * of_variance)
    if center:
        (of_center,) = (series.of_point(sums) for sums in series.added(grad_z))
        grad_z, grad_w = grad_z - w * of_center, grad_w - z * of_center
    grad_dy = y.new_zeros((0,))
    if dy is not None:
        (mean_w,) = (series.of_point(sums) for sums in series.added(w * grad_w))
        total = series.of_point(series.total)
        of_weight = (grad_w - mean_w) / total + series.of_point(grad_total)
        grad_dy = torch.where(series.of_point(series.varies) & series.fine, -2 * w * total / dy * of_weight, 0.0)
    return 2 * math.pi * w * told[2], grad_z, grad_dy, grad_frequency
