"""Risk models that read a stay row by row with a recurrence of `marey.nn`: GRU-D, a selective SSM, S5.

They see the same ragged rows as the event model. Where the risk is asked for, at the horizon, a last row in which
nothing was measured brings the state there.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from marey.nn import GRUD, S5, GRUDState, KeyedDropout, SelectiveSSM, SelectiveSSMState
from marey.scan import decay_scan
from marey.study.p12.model import Batch
from marey.study.p12.result import HOURS

__all__ = ["SequenceConfig", "SequenceModel"]

PRIOR = 0.1  # as in the event encoder: observations of value 0 that a mean begins with
GROUPS = 6
State = tuple[Tensor, ...]


@dataclass(frozen=True)
class SequenceConfig:
    """Sizes of a sequence model.

    Attributes
    ----------
    width : int
        Of the state of GRU-D; channels of the layers of the others.
    layers, states : int
        Of the others.
    hidden : int
        Units of the head.
    variable_dropout, dropout : float
        Probabilities that a variable is hidden in training, and that a unit before the head is.
    """

    width: int = 64
    layers: int = 2
    states: int = 8
    hidden: int = 32
    variable_dropout: float = 0.1
    dropout: float = 0.3


class SequenceModel(nn.Module):
    """Logits of the O targets, (1, S, O): a recurrence over the rows, what is known at admission, and a head."""

    def __init__(self, kind: str, variables: int, statics: int, outputs: int, config: SequenceConfig) -> None:
        super().__init__()
        self.kind, self.variables = kind, variables
        self.encoder = _GRUD(variables, config) if kind == "grud" else _Layers(kind, variables, config)
        width, hidden = config.width + statics + 2, config.hidden
        self.w1 = nn.Parameter(torch.randn(width, hidden) / math.sqrt(width))
        self.b1 = nn.Parameter(torch.zeros(hidden))
        self.w2 = nn.Parameter(0.3 * torch.randn(hidden, outputs) / math.sqrt(hidden))
        self.b2 = nn.Parameter(torch.zeros(outputs))
        self.variable_dropout = KeyedDropout(config.variable_dropout, salt=1)
        self.dropout = KeyedDropout(config.dropout, salt=2)

    def forward(self, batch: Batch, key: Tensor | None = None) -> Tensor:
        """(1, S, outputs)."""
        rows = _with_horizon(batch)
        if key is not None:
            kept = self.variable_dropout(rows.x.new_ones(1, len(key), self.variables), key)[0] > 0
            seen = rows.seen & kept.repeat_interleave(rows.offsets.diff(), 0)
            rows = rows._replace(seen=seen, x=torch.where(seen, rows.x, 0.0))
        start = self.encoder.begin(len(batch.horizon))
        dt = _gaps(rows.time, rows.offsets, torch.zeros_like(batch.horizon)).to(rows.x.dtype)
        last, _ = self.encoder(rows.x, rows.seen, rows.time, dt, rows.offsets, start)
        return self.head(last, batch.horizon, batch.statics, key)[None]

    def head(self, last: Tensor, horizon: Tensor, statics: Tensor, key: Tensor | None = None) -> Tensor:
        """(S, outputs) from the encoder's output at the horizon."""
        last = self.dropout(last[None], key)[0]
        inputs = torch.cat([last, statics, _time(horizon).to(last.dtype)], 1)
        return functional.silu(inputs @ self.w1 + self.b1) @ self.w2 + self.b2

    def logit(self, batch: Batch) -> Tensor:
        """(S,) of the first target, without dropout."""
        return self(batch)[0, :, 0]

    @torch.no_grad()
    def temper(self, temperature: float) -> None:
        """Divides the first target's logits by a temperature, for good."""
        for parameter in (self.w2, self.b2):
            parameter[..., 0] /= temperature

    def calibrate(self, batches: Iterable[Sequence[Tensor]]) -> None:
        """Nothing to fit before training."""

    def groups(self, weight_decay: float) -> Sequence[dict[str, object]]:
        """Parameters for an optimizer: matrices shrink; biases, norms, decays and steps do not."""
        free: list[Tensor] = []
        decayed: list[Tensor] = []
        for name, parameter in self.named_parameters():
            fixed = parameter.ndim < 2 or name.endswith(("decay_h", "A_log", "log_rate"))
            (free if fixed else decayed).append(parameter)
        return [{"params": decayed, "weight_decay": weight_decay}, {"params": free, "weight_decay": 0.0}]


class _GRUD(nn.Module):
    def __init__(self, variables: int, config: SequenceConfig) -> None:
        super().__init__()
        self.layer = GRUD(variables, config.width, time_constant=16.0)

    def begin(self, stays: int) -> State:
        layer, zeros = self.layer, self.layer.bias.new_zeros
        return zeros(stays, layer.hidden), layer.x_mean.repeat(stays, 1), zeros(stays, layer.variables)

    def forward(
        self, x: Tensor, seen: Tensor, time: Tensor, dt: Tensor, offsets: Tensor, state: State
    ) -> tuple[Tensor, State]:
        _, after = self.layer(x.mT, seen.mT, dt, GRUDState(*state), offsets)
        return after.h, tuple(after)


class _Layers(nn.Module):
    """Decayed means and counts of each variable so far, then residual layers of a state space model."""

    def __init__(self, kind: str, variables: int, config: SequenceConfig) -> None:
        super().__init__()
        self.kind, self.width = kind, config.width
        self.log_rate = nn.Parameter(torch.full((variables,), -math.log(8.0)))
        self.into = nn.Linear(4 * variables + 2, config.width)
        self.norms = nn.ModuleList(nn.LayerNorm(config.width) for _ in range(config.layers + 1))
        # Time scales of hours to days: steps are per hour.
        self.layers = nn.ModuleList(
            S5(config.width, states=4 * config.states, steps=(0.02, 0.5))
            if kind == "s5"
            else SelectiveSSM(config.width, states=config.states, expand=1, steps=(0.02, 0.5))
            for _ in range(config.layers)
        )

    def begin(self, stays: int) -> State:
        zeros = self.log_rate.new_zeros
        state: State = (zeros(stays, 2 * len(self.log_rate)),)
        for layer in self.layers:
            if isinstance(layer, S5):
                state += (zeros(stays, layer.states, dtype=torch.complex64),)
            elif isinstance(layer, SelectiveSSM):
                inner = layer.inner
                state += (zeros(stays, inner, layer.states), zeros(stays, inner, layer.taps - 1))
        return state

    def forward(
        self, x: Tensor, seen: Tensor, time: Tensor, dt: Tensor, offsets: Tensor, state: State
    ) -> tuple[Tensor, State]:
        observed = seen.to(x.dtype)
        rate = self.log_rate.exp().repeat(2)
        h, decayed = decay_scan(torch.cat([x, observed], 1).mT, dt, rate, h0=state[0], offsets=offsets)
        total, weight = h.mT.chunk(2, 1)
        rows = torch.cat([total / (weight + PRIOR), torch.log1p(weight), x, observed, _time(time).to(x.dtype)], 1)
        z, lengths = self.into(rows), offsets.diff()
        # Stays of about one length are padded together: of all at once three quarters would be padding.
        order = torch.argsort(lengths, stable=True)
        groups = order.tensor_split(max(1, min(GROUPS, len(z) // 500)))
        parts = [self._group(z, dt, offsets, some, tuple(a[some] for a in state[1:])) for some in groups]
        back = torch.argsort(order)
        out, *carried = (torch.cat(arrays)[back] for arrays in zip(*parts, strict=True))
        return out, (decayed, *carried)

    def _group(self, rows: Tensor, dt: Tensor, offsets: Tensor, stays: Tensor, state: State) -> State:
        """The output at the last row of some stays, and what they carry on."""
        z, gaps, lengths = _padded(rows, dt, offsets, stays)
        after: State = ()
        for norm, layer in zip(self.norms, self.layers, strict=False):
            if self.kind == "s5":
                y, moved = layer(norm(z).mT, gaps, state[0], lengths)
                after, state = (*after, moved), state[1:]
            else:
                y, moved = layer(norm(z).mT, gaps, SelectiveSSMState(*state[:2]), lengths)
                after, state = (*after, *moved), state[2:]
            z = z + y.mT
        last = z[torch.arange(len(z), device=z.device), (lengths - 1).clamp_min(0)]
        return (self.norms[-1](last), *after)


def _with_horizon(batch: Batch) -> Batch:
    """Each stay with one more row, at its horizon, in which nothing was measured."""
    stays = len(batch.horizon)
    sizes = batch.offsets.diff()
    offsets = batch.offsets + torch.arange(stays + 1, device=sizes.device)
    at = torch.ones(len(batch.time) + stays, dtype=torch.bool, device=sizes.device)
    at[offsets[1:] - 1] = False

    def spread(rows: Tensor, last: Tensor | None = None) -> Tensor:
        out = rows.new_zeros((len(at), *rows.shape[1:]))
        out[at] = rows
        if last is not None:
            out[~at] = last
        return out

    return batch._replace(
        x=spread(batch.x), seen=spread(batch.seen), time=spread(batch.time, batch.horizon), offsets=offsets
    )


def _gaps(time: Tensor, offsets: Tensor, since: Tensor) -> Tensor:
    """Hours since the row before; a stay's first row since the hour `since` (S,)."""
    before = torch.cat([time.new_zeros(1), time[:-1]]) if len(time) else time.clone()
    filled = offsets.diff() > 0
    before[offsets[:-1][filled]] = since[filled].to(time.dtype)
    return time - before


def _padded(rows: Tensor, dt: Tensor, offsets: Tensor, stays: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Ragged rows (total, C) and gaps of some stays as (S, L, C) and (S, L), and the number of rows of each stay."""
    begin, lengths = offsets[:-1][stays], offsets.diff()[stays]
    longest = max(int(lengths.max()) if len(lengths) else 0, 1)
    step = torch.arange(longest, device=rows.device)
    inside = step < lengths[:, None]
    if not len(rows):
        return rows.new_zeros((len(stays), longest, rows.shape[1])), dt.new_zeros(inside.shape), lengths
    at = torch.where(inside, begin[:, None] + step, 0)
    return torch.where(inside[..., None], rows[at], 0.0), torch.where(inside, dt[at], 0.0), lengths


def _time(hours: Tensor) -> Tensor:
    return torch.stack([hours / HOURS, torch.log1p(hours)], 1)
