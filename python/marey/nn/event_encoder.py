"""EventEncoder: the irregular events of each subject to one vector, causally and without padding."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from marey.nn.evidence import PRIOR, SPAN, channels, evidence
from marey.nn.keyed_dropout import KeyedDropout
from marey.scan import decay_scan

__all__ = ["EventEncoder"]

CLIP = 4.0  # standard deviations
SPREAD_FLOOR = 0.05  # a channel that hardly varies in training must not explode later


class EventEncoder(nn.Module):
    r"""Ragged observations of V variables to one vector per subject.

    Layer 1 keeps running evidence of each variable: with learnt time constants the decayed sums of values and of
    observations (so that what was not measured, and how often it was, is a signal), and the extremes, moments, first
    and last value of all that came before. Each variable's evidence :math:`e_v` goes through its own few units,

    .. math:: u_v = \tanh(W_v \, \mathrm{clip}((e_v - \mu_v) / \sigma_v) + b_v).

    Layer 2 looks at all variables together at every time point, at the decayed means :math:`r_t` of layer 1, and keeps
    a gated, decaying mean of what it sees, up to the last time point :math:`T`:

    .. math:: c = \frac{\sum_t e^{-\rho (T - t)} g_t \odot \tanh(A r_t)}{\epsilon + \sum_t e^{-\rho (T - t)} g_t},
              \qquad g_t = \mathrm{sigmoid}(B r_t).

    Both sums over time are :func:`marey.scan.decay_scan`; the pooling is :func:`marey.ragged.segment_reduce`.
    Everything can be computed one event at a time from a state whose size does not grow.

    Parameters
    ----------
    variables : int
        V.
    units : int
        Of each variable.
    context : int
        Channels of layer 2; 0 leaves it out.
    time_constants : sequence of float
        Where the learnt time constants of layer 1 begin, hours. Layer 2 looks through the first.
    members : int
        M independent sets of units side by side: an ensemble in one pass. Time constants and layer 2 are shared.
    dropout : float
        Probability that a variable is hidden from a member in training.
    context_dropout : float
        Probability that a channel of layer 2 is.

    Notes
    -----
    Call `calibrate` on training data once, before training. The decayed observation counts as input follow Che et al.,
    Sci Rep 8:6085, 2018 (missingness as signal); a hidden state that decays between irregular events is theirs too.

    Examples
    --------
    Two subjects, two variables; the second subject has one observation only:

    >>> import torch
    >>> encoder = EventEncoder(2, units=3, context=4)
    >>> x = torch.tensor([[0.5, 0.0], [0.0, -1.0], [1.5, 0.0]])
    >>> time, offsets = torch.tensor([0.0, 3.0, 1.0], dtype=torch.float64), torch.tensor([0, 2, 3])
    >>> encoder(x, x != 0, time, offsets, horizon=torch.tensor([6.0, 6.0], dtype=torch.float64)).shape
    torch.Size([1, 2, 10])
    """

    def __init__(
        self,
        variables: int,
        *,
        units: int = 6,
        context: int = 8,
        time_constants: Sequence[float] = (4.0, 16.0),
        members: int = 1,
        dropout: float = 0.1,
        context_dropout: float = 0.3,
    ) -> None:
        super().__init__()
        if not time_constants or min(time_constants) <= 0:
            raise ValueError(f"`time_constants` is {tuple(time_constants)}; expected one or more, all > 0 hours")
        self.variables, self.units, self.context, self.members = variables, units, context, members
        tau = torch.tensor(time_constants, dtype=torch.float32)
        self.log_rate = nn.Parameter(-tau.log()[:, None].repeat(1, variables))
        inputs = channels(len(time_constants))
        self.register_buffer("centre", torch.zeros(variables, inputs))
        self.register_buffer("spread", torch.ones(variables, inputs))
        self.unit_weight = nn.Parameter(torch.randn(members, variables, inputs, units) / math.sqrt(inputs))
        self.unit_bias = nn.Parameter(0.3 * torch.randn(members, variables, 1, units))
        self.unit_dropout = KeyedDropout(dropout, salt=1)
        if context:
            self.register_buffer("row_centre", torch.zeros(2 * variables + 2))
            self.register_buffer("row_spread", torch.ones(2 * variables + 2))
            self.row = nn.Linear(2 * variables + 2, 2 * context)
            self.row_log_rate = nn.Parameter(-torch.linspace(math.log(3.0), math.log(48.0), context))
            self.context_dropout = KeyedDropout(context_dropout, salt=2)

    @property
    def width(self) -> int:
        """Length of the vector."""
        return self.variables * self.units + self.context

    def forward(
        self,
        x: Tensor,
        seen: Tensor,
        time: Tensor,
        offsets: Tensor,
        horizon: Tensor,
        key: Tensor | None = None,
    ) -> Tensor:
        """The vectors of S subjects at their horizons.

        Parameters
        ----------
        x : (total, V) float32
            Standard scores, 0 where nothing was seen.
        seen : (total, V) bool
        time : (total,) float64
            Hours, rising within a subject.
        offsets : (S + 1,) int64
            Subject s is rows ``offsets[s]`` to ``offsets[s + 1]``; it may have none.
        horizon : (S,) float64
            The hour at which to look, at or after the subject's last row.
        key : (S,) int64, optional
            Of each subject's dropout masks; without it nothing is dropped.

        Returns
        -------
        (M, S, width) float32
        """
        found = evidence(x, seen, time, offsets, horizon, self.log_rate.exp())
        standard = ((found.table - self.centre) / self.spread).clamp(-CLIP, CLIP)
        units = torch.einsum("svc,mvcu->mvsu", standard, self.unit_weight) + self.unit_bias
        units = self.unit_dropout(torch.tanh(units).transpose(1, 2), key, whole=1).flatten(2)
        if not self.context:
            return units
        context = self._layer2(_with_time(found.rows, time), found.dt, offsets)
        return torch.cat([units, self.context_dropout(context.expand(self.members, -1, -1), key)], -1)

    def _layer2(self, rows: Tensor, dt: Tensor, offsets: Tensor) -> Tensor:
        standard = ((rows - self.row_centre) / self.row_spread).clamp(-CLIP, CLIP)
        value, gate = self.row(standard).chunk(2, 1)
        gate = torch.sigmoid(gate)
        rate = self.row_log_rate.exp().repeat(2)
        _, hT = decay_scan(torch.cat([gate * torch.tanh(value), gate], 1).mT, dt, rate, offsets=offsets)
        total, weight = hT.chunk(2, 1)
        return total / (weight + PRIOR)

    @torch.no_grad()
    def calibrate(self, batches: Iterable[Sequence[Tensor]]) -> None:
        """Fit the standardisation of evidence on batches of (x, seen, time, offsets, horizon)."""
        table, rows = _Moments(), _Moments()
        for x, seen, time, offsets, horizon in batches:
            found = evidence(x, seen, time, offsets, horizon, self.log_rate.exp())
            table.add(found.table)
            if self.context:
                rows.add(_with_time(found.rows, time))
        table.store(self.centre, self.spread)
        if self.context:
            rows.store(self.row_centre, self.row_spread)


def _with_time(rows: Tensor, time: Tensor) -> Tensor:
    encoded = torch.stack([time / SPAN, torch.log1p(time)], 1)
    return torch.cat([rows, encoded.to(rows.dtype)], 1)


class _Moments:
    """Mean and standard deviation over the first axis, batch by batch, in float64."""

    def __init__(self) -> None:
        self.n: Any = 0
        self.sum: Any = 0.0
        self.squares: Any = 0.0

    def add(self, values: Tensor) -> None:
        values = values.double()
        self.n += len(values)
        self.sum += values.sum(0)
        self.squares += (values * values).sum(0)

    def store(self, centre: Tensor, spread: Tensor) -> None:
        mean = self.sum / self.n
        centre.copy_(mean)
        spread.copy_((self.squares / self.n - mean * mean).clamp_min(0).sqrt() + SPREAD_FLOOR)
