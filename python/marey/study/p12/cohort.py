"""A cohort as tensors on one device, and its batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from marey.study.p12.dataset import Steps
from marey.study.p12.model import Batch
from marey.study.p12.result import HOURS

if TYPE_CHECKING:
    from marey.study.p12.models import Network

__all__ = ["Cohort", "logits"]


class Cohort:
    """The rows of every stay on one device. Batches are cut out there; nothing is copied between devices."""

    def __init__(self, steps: Steps, device: torch.device) -> None:
        def put(array: np.ndarray) -> Tensor:
            return torch.from_numpy(array).to(device)

        self.x, self.seen, self.time, self.statics = put(steps.x), put(steps.seen), put(steps.time), put(steps.statics)
        self.begin = put(steps.offsets[:-1].copy())
        # Rising within a stay, and shifted apart by more than their span rising as a whole: one search finds all ends.
        stay = np.repeat(np.arange(len(steps)), np.diff(steps.offsets))
        self.key = put(steps.time + 2 * HOURS * stay)
        self.device = device

    def __len__(self) -> int:
        return len(self.begin)

    def batch(self, stay: Tensor, horizon: Tensor) -> Batch:
        """Stays (S,) int64, each with its rows up to and including its horizon (S,) float64, hours."""
        begin = self.begin[stay]
        end = torch.searchsorted(self.key, horizon + 2 * HOURS * stay, right=True)
        size = end - begin
        offsets = torch.cat([size.new_zeros(1), size.cumsum(0)])
        rows = torch.repeat_interleave(begin - offsets[:-1], size)
        rows = rows + torch.arange(len(rows), device=self.device)
        return Batch(self.x[rows], self.seen[rows], self.time[rows], offsets, horizon, self.statics[stay])

    def batches(self, stays: Tensor, horizon: float = HOURS, size: int = 500) -> Iterator[Batch]:
        for some in stays.split(size):
            yield self.batch(some, torch.full((len(some),), horizon, dtype=torch.float64, device=self.device))


@torch.no_grad()
def logits(model: Network, cohort: Cohort, stays: Tensor, horizon: float = HOURS) -> Tensor:
    """(S,) of in-hospital death as known at the horizon, hours."""
    return torch.cat([model.logit(batch) for batch in cohort.batches(stays, horizon)])
