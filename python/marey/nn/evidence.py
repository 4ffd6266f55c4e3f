"""What has been seen of each variable so far: the first layer of the event encoder."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from marey.ragged import segment_reduce
from marey.scan import decay_scan

__all__ = ["PRIOR", "SLOPE_PRIOR", "SPAN", "Evidence", "channels", "evidence"]

PRIOR = 0.1  # observations of value 0 that every weighted mean begins with
SPAN = 48.0  # hours; the unit of time inside, so that sums of squares stay near 1
SLOPE_PRIOR = 30.0 / SPAN**2  # keeps a few values close in time from making a steep slope
SD_FLOOR = 1e-6  # a variance; keeps the root smooth at a single value


class Evidence(NamedTuple):
    """Of S subjects at their horizons, and of every row for what is computed further.

    Attributes
    ----------
    table : (S, V, C)
        Channels of each variable: weighted mean for each time constant; log(1 + weight) for each; mean; log(1 + n);
        standard deviation; slope; max; min; first; last; seen or not; log(1 + hours since the last); log(1 + horizon).
    rows : (total, 2 V)
        After each row, with the first time constant: weighted mean, log(1 + weight).
    dt : (total,)
        Hours since the row before.
    """

    table: Tensor
    rows: Tensor
    dt: Tensor


def channels(scales: int) -> int:
    """C for that many time constants."""
    return 2 * scales + 11


def evidence(x: Tensor, seen: Tensor, time: Tensor, offsets: Tensor, horizon: Tensor, rate: Tensor) -> Evidence:
    """Running statistics of ragged observations; causal, and computable one row at a time from a state of fixed size.

    Parameters
    ----------
    x : (total, V) float32
        Standard scores, 0 where nothing was seen.
    seen : (total, V) bool
    time : (total,) float64
        Hours, rising within a subject.
    offsets : (S + 1,) int64
        Subject s is rows ``offsets[s]`` to ``offsets[s + 1]``.
    horizon : (S,) float64
        The hour at which to look; no row of the subject is later.
    rate : (K, V) float32
        Decay per hour.
    """
    scales, variables = rate.shape
    observed = seen.to(x.dtype)
    rate = rate.flatten().repeat(2)
    # Where a subject begins the state is zero, and any finite gap will do.
    dt = torch.diff(time, prepend=time[:1]).clamp_min(0).to(x.dtype)
    h, hT = decay_scan(torch.cat([x] * scales + [observed] * scales, 1).mT, dt, rate, offsets=offsets)
    end = functional.pad(time, (0, 1))[(offsets[1:] - 1).clamp_min(0)]
    gap = torch.where(offsets.diff() > 0, horizon - end, 0.0).to(x.dtype)
    total, weight = (hT * torch.exp(-rate * gap[:, None])).chunk(2, 1)

    statistics = _statistics(x, seen, time, offsets, horizon)
    table = torch.stack(
        [*(total / (weight + PRIOR)).chunk(scales, 1), *torch.log1p(weight).chunk(scales, 1), *statistics], -1
    )
    first = slice(0, variables)
    h_total, h_weight = (part[:, first] for part in h.mT.chunk(2, 1))
    return Evidence(table, torch.cat([h_total / (h_weight + PRIOR), torch.log1p(h_weight)], 1), dt)


def _statistics(x: Tensor, seen: Tensor, time: Tensor, offsets: Tensor, horizon: Tensor) -> list[Tensor]:
    # In float64: a variance and a slope are differences of sums that nearly cancel.
    z, observed, t = x.double(), seen.double(), (time / SPAN)[:, None]
    sums = segment_reduce(torch.cat([observed, observed * t, observed * t * t, z, z * z, z * t], 1), offsets, "sum")
    n, t1, t2, z1, z2, zt = sums.chunk(6, 1)
    some = n.clamp_min(1)
    mean = z1 / some
    sd = torch.sqrt((z2 / some - mean * mean).clamp_min(0) + SD_FLOOR)
    slope = (zt - t1 * mean) / ((t2 - t1 * t1 / some).clamp_min(0) + SLOPE_PRIOR)

    known = n > 0
    nothing = torch.full_like(z, -torch.inf)
    row = torch.arange(len(x), dtype=z.dtype, device=x.device)[:, None]
    extremes = torch.cat([torch.where(seen, value, nothing) for value in (z, -z, row, -row)], 1)
    high, low, newest, oldest = segment_reduce(extremes, offsets, "max").chunk(4, 1)
    # Where nothing is known, the row after the last: a row of zeros.
    newest, oldest = (torch.where(known, r, len(x)).long() for r in (newest, -oldest))
    padded = functional.pad(x, (0, 0, 0, 1))
    hours = horizon[:, None].expand_as(n)
    since = torch.where(known, hours - functional.pad(time, (0, 1))[newest], hours)
    statistics = [
        z1 / (n + PRIOR),
        torch.log1p(n),
        sd,
        slope,
        torch.where(known, high, 0.0),
        torch.where(known, -low, 0.0),
        padded.gather(0, oldest),
        padded.gather(0, newest),
        known,
        torch.log1p(since),
        torch.log1p(hours),
    ]
    return [s.to(x.dtype) for s in statistics]
