"""Training: one cycle of AdamW over stays seen whole and cut short; early stopping; restartable at any moment."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from marey.study.p12.checkpoint import Checkpoint
from marey.study.p12.cohort import Cohort, logits
from marey.study.p12.metrics import auroc
from marey.study.p12.progress import progress
from marey.study.p12.result import HOURS, Epoch
from marey.study.p12.world import World

if TYPE_CHECKING:
    from marey.study.p12.models import Network

__all__ = ["TrainConfig", "fit", "held_back"]

HELD_BACK, ORDER = 0, 1  # streams of random numbers


@dataclass(frozen=True)
class TrainConfig:
    """How to train. The defaults were chosen by cross-validation within set A.

    Attributes
    ----------
    epochs : int
    batch : int
        Stays in a step, over all processes.
    rate : float
        Largest learning rate.
    warm_up : float
        Part of the run in which the learning rate rises; then it follows a cosine down to 0.
    weight_decay : float
    memory : float
        Of the running average of the weights, per step. The average is what is validated and kept.
    cut_weight : float
        Weight of a stay cut short at a random hour, beside the same stay whole.
    auxiliary_weight : float
        Weight of each auxiliary target, beside death in hospital.
    patience : int
        Epochs without a lower validation loss before training ends.
    checkpoint_every : int
        Batches.
    """

    epochs: int = 22
    batch: int = 128
    rate: float = 3e-3
    warm_up: float = 0.15
    weight_decay: float = 0.05
    memory: float = 0.99
    cut_weight: float = 0.5
    auxiliary_weight: float = 0.3
    patience: int = 8
    checkpoint_every: int = 10


def held_back(died: NDArray[np.bool_], seed: int, part: float = 0.1) -> NDArray[np.bool_]:
    """A tenth of the deaths and a tenth of the survivors, drawn by the seed: (S,) bool."""
    rng = _stream(seed, HELD_BACK)
    mask = np.zeros(len(died), bool)
    for outcome in (False, True):
        stays = np.flatnonzero(died == outcome)
        mask[rng.permutation(stays)[: round(part * len(stays))]] = True
    return mask


def fit(
    model: Network,
    cohort: Cohort,
    targets: Tensor,
    validation: NDArray[np.bool_],
    config: TrainConfig,
    *,
    seed: int,
    world: World,
    checkpoint: Path | None = None,
    identity: str = "",
    say: Callable[[str], None] = print,
) -> list[Epoch]:
    """Train until the validation loss no longer falls; leaves the best average of weights in `model`.

    Every random choice is a function of the seed, the epoch and the stay: a run continued from `checkpoint` ends with
    the numbers of one never interrupted, and several processes end with those of one, up to rounding.

    Parameters
    ----------
    targets : (S, O) float32
        The first is death in hospital.
    validation : (S,) bool
        Stays kept from the gradient, to decide when to stop.
    checkpoint : Path, optional
        Where the state is kept; if the file exists, training goes on from there.
    identity : str
        Of the run; the checkpoint of another one is refused.

    Returns
    -------
    list of Epoch
    """
    trainer = _Trainer(model, cohort, targets, validation, config, seed, world)
    if checkpoint is not None and checkpoint.exists():
        trainer.resume(Checkpoint.load(checkpoint, identity))
    else:
        trainer.begin(identity)
    state = trainer.state
    while state.epoch < config.epochs and state.epoch - 1 - state.best_epoch < config.patience:
        trainer.run_epoch(checkpoint)
        line = state.history[-1]
        star = " *" if state.best_epoch == len(state.history) - 1 else ""
        say(
            f"epoch {line['epoch']:>2}/{config.epochs}  loss {line['train_loss']:.4f}  held back: "
            f"loss {line['val_loss']:.4f}  AUROC {line['val_auroc']:.3f}  {line['seconds']:.1f} s{star}"
        )
    model.load_state_dict(state.best)
    return state.history


class _Trainer:
    def __init__(
        self,
        model: Network,
        cohort: Cohort,
        targets: Tensor,
        validation: NDArray[np.bool_],
        config: TrainConfig,
        seed: int,
        world: World,
    ) -> None:
        self.model, self.average, self.cohort, self.targets = model, copy.deepcopy(model), cohort, targets
        self.config, self.seed, self.world = config, seed, world
        self.learn = torch.from_numpy(np.flatnonzero(~validation)).to(cohort.device)
        self.watch = torch.from_numpy(np.flatnonzero(validation)).to(cohort.device)
        self.batches = math.ceil(len(self.learn) / config.batch)
        self.optimizer = torch.optim.AdamW(model.groups(config.weight_decay), lr=config.rate, betas=(0.9, 0.98))
        self.weights = torch.full((targets.shape[1],), config.auxiliary_weight, device=cohort.device)
        self.weights[0] = 1.0

    def begin(self, identity: str) -> None:
        self.model.calibrate(batch[:5] for batch in self.cohort.batches(self.learn))
        self.average.load_state_dict(self.model.state_dict())
        self.state = Checkpoint(identity, {}, {}, {}, torch.get_rng_state(), self._no_losses())

    def resume(self, state: Checkpoint) -> None:
        self.state = state
        self.model.load_state_dict(state.model)
        self.average.load_state_dict(state.average)
        self.optimizer.load_state_dict(state.optimizer)
        torch.set_rng_state(state.torch_rng)
        # Rank 0 goes on with the sum over all processes.
        state.losses = state.losses.to(self.cohort.device) if self.world.first else self._no_losses()

    def run_epoch(self, checkpoint: Path | None) -> None:
        state, config = self.state, self.config
        started = time.perf_counter() - state.seconds
        order, horizon = self._draw(state.epoch)
        label, show = f"epoch {state.epoch + 1}/{config.epochs}", self.world.first
        steps = range(state.batch, self.batches)
        for batch in progress(steps, label, total=self.batches, done=state.batch, show=show):
            stays = order[batch * config.batch : (batch + 1) * config.batch]
            state.losses[batch] = self._step(stays, horizon, (state.epoch * self.batches + batch))
            state.batch, state.seconds = batch + 1, time.perf_counter() - started
            if state.batch % config.checkpoint_every == 0 and state.batch < self.batches:
                self._save(checkpoint)

        losses = self.world.sum(state.losses.clone())
        val_loss, val_auroc = self._validate()
        line = Epoch(
            epoch=state.epoch + 1,
            train_loss=float(losses.sum()) / len(self.learn),
            val_loss=val_loss,
            val_auroc=val_auroc,
            seconds=time.perf_counter() - started,
        )
        state.history.append(line)
        if val_loss <= min(before["val_loss"] for before in state.history):
            state.keep_best(self.average)
        state.epoch, state.batch, state.seconds, state.losses = state.epoch + 1, 0, 0.0, self._no_losses()
        self._save(checkpoint)

    def _step(self, stays: Tensor, horizon: Tensor, step: int) -> Tensor:
        """This process's part of the loss of a batch, summed over stays."""
        config, world = self.config, self.world
        rate = config.rate * _cycle(step / (config.epochs * self.batches), config.warm_up)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        # Each stay twice: whole, and cut at its horizon. A process takes every size-th.
        stay = stays.repeat(2)
        cut = torch.arange(len(stay), device=stay.device) >= len(stays)
        until = torch.where(cut, horizon[stay], float(HOURS))
        weight = torch.where(cut, config.cut_weight, 1.0)
        key = stay | (2 * self.state.epoch + cut.long()) << 32 | (self.seed % 2**15) << 48
        stay, until, weight, key = (a[world.rank :: world.size] for a in (stay, until, weight, key))

        logit = self.model(self.cohort.batch(stay, until), key)
        aim = self.targets[stay].expand(logit.shape)
        loss = functional.binary_cross_entropy_with_logits(logit, aim, reduction="none")
        # Members learn apart: the loss is their sum, not that of their mean.
        loss = ((loss @ self.weights) * weight).sum()
        self.optimizer.zero_grad(set_to_none=True)
        (loss / len(stays)).backward()
        world.sum_gradients(self.model.parameters())
        self.optimizer.step()
        self._average(step)
        return loss.detach()

    @torch.no_grad()
    def _average(self, step: int) -> None:
        memory = min(self.config.memory, (1 + step) / (10 + step))  # the random first weights are soon forgotten
        pairs = zip(self.average.parameters(), self.model.parameters(), strict=True)
        averages, weights = map(list, zip(*pairs, strict=True))
        torch._foreach_lerp_(averages, weights, 1 - memory)

    def _draw(self, epoch: int) -> tuple[Tensor, Tensor]:
        """The order of the stays, and each stay's hour to be cut at."""
        rng = _stream(self.seed, ORDER, epoch)
        order = torch.from_numpy(rng.permutation(len(self.learn))).to(self.cohort.device)
        horizon = torch.from_numpy(rng.uniform(1.0, HOURS, len(self.cohort))).to(self.cohort.device)
        return self.learn[order], horizon

    def _validate(self) -> tuple[float, float]:
        logit, died = logits(self.average, self.cohort, self.watch), self.targets[self.watch, 0]
        both = torch.stack([functional.binary_cross_entropy_with_logits(logit, died), torch.zeros_like(logit[0])])
        if self.world.first:
            both[1] = auroc(died.cpu().numpy(), logit.cpu().numpy())
        else:
            both.zero_()
        loss, area = self.world.sum(both).tolist()  # all processes stop at the same epoch: rank 0 decides
        return loss, area

    def _save(self, checkpoint: Path | None) -> None:
        if checkpoint is None:
            return
        state, mine = self.state, self.state.losses
        state.losses = self.world.sum(mine.clone())
        if self.world.first:
            state.model, state.average = self.model.state_dict(), self.average.state_dict()
            state.optimizer = self.optimizer.state_dict()
            state.torch_rng = torch.get_rng_state()
            state.save(checkpoint)
        state.losses = mine

    def _no_losses(self) -> Tensor:
        return torch.zeros(self.batches, dtype=torch.float64, device=self.cohort.device)


def _cycle(done: float, warm_up: float) -> float:
    """Learning rate as a part of its largest: a linear rise, then a cosine down to 0 (Smith, arXiv 1708.07120)."""
    if done < warm_up:
        return max(done / warm_up, 0.04)
    return 0.5 * (1 + math.cos(math.pi * (done - warm_up) / (1 - warm_up)))


def _stream(seed: int, *purpose: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(np.random.SeedSequence((seed, *purpose))))
