"""The state of a training run, as it is written to the disk and read again."""

from __future__ import annotations

import copy
import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from marey.study.p12.files import write_whole
from marey.study.p12.result import Epoch

__all__ = ["Checkpoint"]


@dataclass
class Checkpoint:
    """Where training stands.

    There is no state of a random generator in it: every random choice of the training is a function of the seed, the
    epoch and the stay. (`torch_rng` is that of the process, for whoever adds one that is not.)

    Attributes
    ----------
    identity : str
        Of the run that wrote it.
    model, average, optimizer : dict
    epoch, batch : int
        The next batch: position of the sampler.
    losses : Tensor
        Training loss of each batch of this epoch so far.
    seconds : float
        Spent in this epoch.
    best_epoch : int
    best : dict
        The average with the lowest validation loss.
    """

    identity: str
    model: dict[str, Tensor]
    average: dict[str, Tensor]
    optimizer: dict[str, Any]
    torch_rng: Tensor
    losses: Tensor
    epoch: int = 0
    batch: int = 0
    seconds: float = 0.0
    history: list[Epoch] = field(default_factory=list)
    best_epoch: int = -1
    best: dict[str, Tensor] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        buffer = io.BytesIO()
        torch.save(vars(self), buffer)
        write_whole(path, buffer.getvalue())

    @classmethod
    def load(cls, path: Path, identity: str) -> Checkpoint:
        """On the CPU. Raises ValueError if another run wrote it."""
        state = cls(**torch.load(path, map_location="cpu", weights_only=True))
        if state.identity != identity:
            raise ValueError(
                f"`checkpoint` {path} belongs to another run (other data, settings or seed); "
                "remove it or use another folder"
            )
        return state

    def keep_best(self, model: torch.nn.Module) -> None:
        self.best_epoch = len(self.history) - 1
        self.best = copy.deepcopy(model.state_dict())
