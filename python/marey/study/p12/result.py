"""What a finished study hands to its report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from marey.study.p12.matched import Matched
from marey.study.p12.phenotypes import Phenotypes

__all__ = ["HOURS", "Epoch", "Example", "StudyResult"]

HOURS = 48
"""Length of a stay's record in hours; hourly risks are given at 0, 1, ..., HOURS."""


class Epoch(TypedDict):
    """One line of the training history."""

    epoch: int
    train_loss: float
    val_loss: float
    val_auroc: float
    seconds: float


@dataclass(frozen=True)
class Example:
    """One stay of the test set, shown in full.

    Attributes
    ----------
    subject_id : int
    time : (E,) float64
        Hours since admission.
    code : (E,) int32
        Index into `StudyResult.vocab`.
    value : (E,) float32
    hourly : (HOURS + 1,) float64
        Risk after each hour; NaN before the first event.
    outcome : int
        1: died in hospital.
    """

    subject_id: int
    time: NDArray[np.float64]
    code: NDArray[np.int32]
    value: NDArray[np.float32]
    hourly: NDArray[np.float64]
    outcome: int


@dataclass(frozen=True)
class StudyResult:
    """Everything the report shows, and nothing that it would have to compute from the stays again.

    Attributes
    ----------
    source : str
        "files" (the given data) or "synthetic" (a made cohort: the figures say nothing about patients).
    note : str
        Where the data came from, in a sentence.
    seed : int
    config : mapping
        The run's settings, plain values only.
    cohort : mapping
        Stays read, excluded (with reasons), in training, held back and in test; deaths in each.
    y_test : (N,) int8
        In-hospital death.
    p_test : (N,) float64
        Risk at the end of the record (hour 48).
    p_hourly : (N, HOURS + 1) float64
        Risk after each hour by the streaming replay; NaN before a stay's first event.
    baselines : mapping of str to (N,) float64
        Risk by each comparison model, on the same stays.
    missing : (V, HOURS) float64
        Fraction of the test stays with at least one observation of the variable in that hour.
    vocab : tuple of str
        The V variables.
    history : tuple of Epoch
    temperature : float
        By which the model's logits were divided, fitted on the held-back stays.
    examples : tuple of Example
    model_bytes : int
        Size of the trained model's file.
    latency_us : float
        Median time of one streaming event, microseconds.
    timings : mapping of str to float
        Seconds of each stage.
    versions : mapping of str to str
    phenotypes : Phenotypes, optional
        Of the test stays.
    matched : Matched, optional
        The comparison on the chosen exposure.
    search : mapping, optional
        What `marey.study.p12.search.search` found.
    """

    source: str
    note: str
    seed: int
    config: Mapping[str, Any]
    cohort: Mapping[str, Any]
    y_test: NDArray[np.int8]
    p_test: NDArray[np.float64]
    p_hourly: NDArray[np.float64]
    baselines: Mapping[str, NDArray[np.float64]]
    missing: NDArray[np.float64]
    vocab: tuple[str, ...]
    history: tuple[Epoch, ...]
    examples: tuple[Example, ...]
    model_bytes: int
    latency_us: float
    temperature: float = 1.0
    timings: Mapping[str, float] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    phenotypes: Phenotypes | None = None
    matched: Matched | None = None
    search: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        n, v = len(self.y_test), len(self.vocab)
        expected = {"p_test": (n,), "p_hourly": (n, HOURS + 1), "missing": (v, HOURS)}
        shapes = {name: (getattr(self, name).shape, shape) for name, shape in expected.items()}
        shapes |= {f"baselines[{name!r}]": (p.shape, (n,)) for name, p in self.baselines.items()}
        for name, (found, shape) in shapes.items():
            if found != shape:
                raise ValueError(f"`{name}` has shape {found}; expected {shape}")
