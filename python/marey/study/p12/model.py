"""The risk model: an event encoder, what is known at admission, and a small head; an ensemble in one pass."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from marey.nn import EventEncoder, KeyedDropout

__all__ = ["Batch", "ModelConfig", "RiskModel"]


@dataclass(frozen=True)
class ModelConfig:
    """Sizes of the model. The defaults were chosen by cross-validation within set A."""

    units: int = 5
    context: int = 8
    hidden: int = 32
    members: int = 4
    time_constants: tuple[float, ...] = (4.0, 16.0)
    dropout: float = 0.1
    context_dropout: float = 0.3
    hidden_dropout: float = 0.3


class Batch(NamedTuple):
    """Ragged rows of S stays, each until its horizon; the shapes are those of `marey.nn.EventEncoder`."""

    x: Tensor
    seen: Tensor
    time: Tensor
    offsets: Tensor
    horizon: Tensor
    statics: Tensor


class RiskModel(nn.Module):
    """Logits of the O targets by each of M members.

    ``logits = W2 silu(W1 [encoder, statics] + b1) + b2``; the risk of the first target is the sigmoid of the members'
    mean logit.
    """

    def __init__(self, variables: int, statics: int, outputs: int, config: ModelConfig) -> None:
        super().__init__()
        self.encoder = EventEncoder(
            variables,
            units=config.units,
            context=config.context,
            time_constants=config.time_constants,
            members=config.members,
            dropout=config.dropout,
            context_dropout=config.context_dropout,
        )
        width = self.encoder.width + statics
        members, hidden = config.members, config.hidden
        self.w1 = nn.Parameter(torch.randn(members, width, hidden) / math.sqrt(width))
        self.b1 = nn.Parameter(torch.zeros(members, 1, hidden))
        self.w2 = nn.Parameter(0.3 * torch.randn(members, hidden, outputs) / math.sqrt(hidden))
        self.b2 = nn.Parameter(torch.zeros(members, 1, outputs))
        self.hidden_dropout = KeyedDropout(config.hidden_dropout, salt=3)

    def forward(self, batch: Batch, key: Tensor | None = None) -> Tensor:
        """(M, S, outputs)."""
        *events, statics = batch
        encoded = self.encoder(*events, key)
        inputs = torch.cat([encoded, statics.expand(len(encoded), -1, -1)], -1)
        hidden = self.hidden_dropout(functional.silu(torch.baddbmm(self.b1, inputs, self.w1)), key)
        return torch.baddbmm(self.b2, hidden, self.w2)

    def logit(self, batch: Batch) -> Tensor:
        """(S,) of the first target, without dropout: the members' mean."""
        return self(batch)[..., 0].mean(0)

    def calibrate(self, batches: Iterable[Sequence[Tensor]]) -> None:
        """Fits the encoder's standardisation on training stays, before training."""
        self.encoder.calibrate(batches)

    @torch.no_grad()
    def temper(self, temperature: float) -> None:
        """Divides the first target's logits by a temperature, for good."""
        for parameter in (self.w2, self.b2):
            parameter[..., 0] /= temperature

    def groups(self, weight_decay: float) -> Sequence[dict[str, object]]:
        """Parameters for an optimizer: weights shrink, time constants and biases do not."""
        free: list[Tensor] = []
        decayed: list[Tensor] = []
        for name, parameter in self.named_parameters():
            (free if name.endswith(("log_rate", "bias", "b1", "b2")) else decayed).append(parameter)
        return [{"params": decayed, "weight_decay": weight_decay}, {"params": free, "weight_decay": 0.0}]
