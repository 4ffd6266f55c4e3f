"""The models of the study by name: how each is made, trained, kept and read again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from marey.study.p12.scale import Scale, Statics
from marey.study.p12.trained import TrainedModel

if TYPE_CHECKING:
    from marey.study.p12.model import ModelConfig, RiskModel
    from marey.study.p12.sequence import SequenceConfig, SequenceModel
    from marey.study.p12.train import TrainConfig
    from marey.study.p12.trained_sequence import TrainedSequence

    Network: TypeAlias = RiskModel | SequenceModel
    Sizes: TypeAlias = ModelConfig | SequenceConfig
    Trained: TypeAlias = TrainedModel | TrainedSequence

__all__ = ["NAMES", "build", "default_sizes", "default_training", "keep", "load"]

NAMES = {"event": "event model", "grud": "GRU-D", "ssm": "selective SSM", "s5": "S5"}
"""What ``--model`` takes, and how the report calls it."""


def default_sizes(kind: str) -> Sizes:
    from marey.study.p12.model import ModelConfig
    from marey.study.p12.sequence import SequenceConfig

    return ModelConfig() if kind == "event" else SequenceConfig()


def default_training(kind: str) -> TrainConfig:
    """The loop is one; its length and rate are a model's own, chosen on the held-back stays of set A."""
    from marey.study.p12.train import TrainConfig

    return TrainConfig() if kind == "event" else TrainConfig(epochs=14, rate=3e-3, patience=5)


def build(kind: str, variables: int, statics: int, outputs: int, sizes: Any) -> Network:
    """A network with fresh weights."""
    from marey.study.p12.model import RiskModel
    from marey.study.p12.sequence import SequenceModel

    if kind == "event":
        return RiskModel(variables, statics, outputs, sizes)
    return SequenceModel(kind, variables, statics, outputs, sizes)


def keep(network: Any, sizes: Any, scale: Scale, statics: Statics) -> Trained:
    """The network as it is saved and streamed."""
    from marey.study.p12.sequence import SequenceModel
    from marey.study.p12.trained_sequence import TrainedSequence

    if isinstance(network, SequenceModel):
        return TrainedSequence.of(network, sizes, scale, statics)
    return TrainedModel.of(network, scale, statics)


def load(path: Path) -> Trained:
    """The model in a ``model.npz``, whichever it is. The event model needs NumPy alone, the others torch."""
    with np.load(path, allow_pickle=False) as file:
        inputs = json.loads(file["inputs"].tobytes())
    if "model" not in inputs:
        return TrainedModel.load(path)
    from marey.study.p12.trained_sequence import TrainedSequence

    return TrainedSequence.load(path)
