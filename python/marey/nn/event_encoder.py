"""EventEncoder: the irregular events of each subject to one vector, causally and without padding."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from marey.nn.keyed_dropout import KeyedDropout
from marey.ragged import segment_reduce
from marey.scan import decay_scan

__all__ = ["EventEncoder"]

PRIOR = 0.1  # observations of value 0 that every weighted mean begins with
SLOPE_PRIOR = 30.0  # squared hours that damp the slope of a few close values


class EventEncoder(nn.Module):
    def __init__(
        self,
        variables: int,
        *,
        units: int = 6,
        context: int = 8,
        time_constants: Sequence[float] = (4.0, 16.0),
        members: int = 1,
        dropout: float = 0.1,
        cdrop: float = .3, peak=False,
    ) -> None:
        super().__init__()
        self.variables, self.units, self.context, self.members, self.scales = (
            variables,
            units,
            context,
            members,
            len(time_constants),
        )
        log_tau = torch.tensor(time_constants, dtype=torch.float32).log()
        self.log_rate = nn.Parameter(-log_tau.repeat_interleave(variables))
        channels = 2 * self.scales + 11
        self.register_buffer("centre", torch.zeros(variables, channels))
        self.register_buffer("spread", torch.ones(variables, channels))
        self.unit_weight = nn.Parameter(torch.randn(members, variables, channels, units) / math.sqrt(channels))
        self.unit_bias = nn.Parameter(0.3 * torch.randn(members, variables, 1, units))
        self.unit_dropout = KeyedDropout(dropout, salt=1)
        if context:
            self.inner = nn.Linear(2 * variables + 2, 2 * context)
            self.register_buffer("icentre", torch.zeros(2 * variables + 2)); self.register_buffer("ispread", torch.ones(2 * variables + 2))
            self.inner_log_rate = nn.Parameter(-torch.linspace(math.log(3.0), math.log(48.0), context))
            self.cd = KeyedDropout(cdrop, salt=3); self.peak = peak

    @property
    def width(self) -> int:
        return self.variables * self.units + (2 if self.context and self.peak else 1) * self.context

    def evidence(self, x, seen, time, offsets, horizon):
        V, K = self.variables, self.scales
        observed = seen.to(x.dtype)
        dt = torch.diff(time, prepend=time[:1]).clamp_min(0).to(x.dtype)
        rate = self.log_rate.exp().repeat(2)
        h, hT = decay_scan(torch.cat([x] * K + [observed] * K, 1).mT, dt, rate, offsets=offsets)
        some = offsets.diff() > 0
        ends = functional.pad(time, (0, 1))[(offsets[1:] - 1) % (len(time) + 1)]
        gap = torch.where(some, horizon - ends, 0.0).to(x.dtype)
        S, N = (hT * torch.exp(-rate * gap[:, None])).chunk(2, 1)
        t = (time.to(x.dtype) / 48)[:, None]
        n, t1, t2, s, q, ts = segment_reduce(
            torch.cat([observed, observed * t, observed * (t * t), x, x * x, x * t], 1), offsets, "sum"
        ).chunk(6, 1)
        row = torch.arange(len(x), dtype=torch.float64, device=x.device)[:, None]
        inf = float("inf")
        high, low = segment_reduce(
            torch.cat([torch.where(seen, x, -inf), torch.where(seen, -x, -inf)], 1), offsets, "max"
        ).chunk(2, 1)
        newest, oldest = segment_reduce(
            torch.cat([torch.where(seen, row, -inf), torch.where(seen, -row, -inf)], 1), offsets, "max"
        ).chunk(2, 1)
        known = n > 0
        newest, oldest = (torch.where(known, r, len(x)).long() for r in (newest, -oldest))
        padded = functional.pad(x, (0, 0, 0, 1))
        last, first = padded.gather(0, newest), padded.gather(0, oldest)
        high, low = torch.where(known, high, 0.0), torch.where(known, -low, 0.0)
        hz = horizon[:, None].to(x.dtype).expand_as(n)
        since = torch.where(known, horizon[:, None] - functional.pad(time, (0, 1))[newest], horizon[:, None]).to(x.dtype)
        m = n.clamp_min(1)
        mean = s / m
        sd = (q / m - mean * mean).clamp_min(0)
        sd = torch.sqrt(sd + 1e-6)
        slope = (ts - t1 * mean) / ((t2 - t1 * t1 / m).clamp_min(0) + SLOPE_PRIOR / 48**2)
        E = torch.stack(
            [*(S / (N + PRIOR)).chunk(K, 1), *torch.log1p(N).chunk(K, 1), s / (n + PRIOR), torch.log1p(n), sd, slope, high, low, first, last, known.to(x.dtype), torch.log1p(since), torch.log1p(hz)], -1)
        return E, h, dt

    def inputs2(self, h, time):
        V, K = self.variables, self.scales
        h = h.mT
        S, N = h[:, :V], h[:, K * V : K * V + V]
        t = time.to(h.dtype)[:, None]
        return torch.cat([S / (N + PRIOR), torch.log1p(N), t / 48, torch.log1p(t)], 1)

    def layer2(self, h, time, dt, offsets):
        z = ((self.inputs2(h, time) - self.icentre) / self.ispread).clamp(-4, 4)
        value, gate = self.inner(z).chunk(2, -1)
        gate, value = torch.sigmoid(gate), torch.tanh(value)
        rate = self.inner_log_rate.exp().repeat(2)
        _, hT = decay_scan(torch.cat([gate * value, gate], 1).mT, dt, rate, offsets=offsets)
        num, den = hT.chunk(2, -1)
        out = num / (den + PRIOR)
        if self.peak:
            p = segment_reduce(gate * value, offsets, "max")
            out = torch.cat([out, torch.where(torch.isfinite(p), p, 0.0)], 1)
        return out

    @torch.no_grad()
    def calibrate(self, batches):
        E = []; Z = []
        for b in batches:
            e, h, dt = self.evidence(*b); E.append(e)
            if self.context: Z.append(self.inputs2(h, b[2]))
        E = torch.cat(E); self.centre.copy_(E.mean(0)); self.spread.copy_(E.std(0) + 0.05)
        if Z: Z = torch.cat(Z); self.icentre.copy_(Z.mean(0)); self.ispread.copy_(Z.std(0) + .05)

    def forward(self, x, seen, time, offsets, horizon, key=None):
        E, h, dt = self.evidence(x, seen, time, offsets, horizon)
        E = ((E - self.centre) / self.spread).clamp(-4, 4)
        u = torch.tanh(torch.einsum("svc,mvcu->mvsu", E, self.unit_weight) + self.unit_bias).permute(0, 2, 1, 3)
        u = self.unit_dropout(u, key, whole=1).flatten(2)
        if self.context:
            c = self.layer2(h, time, dt, offsets).expand(self.members, -1, -1)
            u = torch.cat([u, self.cd(c, key)], -1)
        return u
