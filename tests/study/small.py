"""A model of seconds on made stays, for tests; no figure of it means anything."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import torch

from marey.events import Events
from marey.study.p12.cohort import Cohort
from marey.study.p12.dataset import DEATH, Steps, steps, targets
from marey.study.p12.model import ModelConfig, RiskModel
from marey.study.p12.result import Epoch
from marey.study.p12.scale import Scale, Statics
from marey.study.p12.synthetic import synthetic_stays
from marey.study.p12.train import TrainConfig, fit, held_back
from marey.study.p12.trained import TrainedModel
from marey.study.p12.world import World

SIZES = ModelConfig(units=3, context=4, hidden=8, members=2)
TRAINING = TrainConfig(epochs=3, batch=32, checkpoint_every=2)
ALONE = World(0, 1, torch.device("cpu"))


@cache
def stays(n: int = 160, seed: int = 0) -> Events:
    return synthetic_stays(n, seed=seed)


@cache
def prepared() -> tuple[Steps, Scale, Statics]:
    events = stays()
    scale, statics = Scale.fit(events.vocab, events.code, events.value), Statics.fit(events)
    return steps(events, scale, statics), scale, statics


def fresh_model(seed: int = 0, sizes: ModelConfig = SIZES) -> RiskModel:
    torch.manual_seed(seed)
    _, scale, statics = prepared()
    return RiskModel(len(scale.vocab), statics.width, targets(stays()).shape[1], sizes)


def train(model: RiskModel, config: TrainConfig = TRAINING, seed: int = 0, **options: Any) -> list[Epoch]:
    aims = targets(stays())
    options = {"world": ALONE, "say": lambda line: None, **options}
    validation = held_back(stays().labels[DEATH] == 1, seed)
    return fit(model, cohort(), torch.from_numpy(aims), validation, config, seed=seed, **options)


def cohort() -> Cohort:
    return Cohort(prepared()[0], torch.device("cpu"))


@cache
def trained() -> tuple[RiskModel, TrainedModel]:
    model = fresh_model()
    train(model)
    return model, TrainedModel.of(model, *prepared()[1:])


def numbers(history: list[Epoch]) -> list[tuple[float, ...]]:
    """All but the seconds."""
    return [(line["train_loss"], line["val_loss"], line["val_auroc"]) for line in history]


def weights(model: RiskModel) -> np.ndarray:
    return torch.cat([p.detach().flatten() for p in model.state_dict().values()]).numpy()
