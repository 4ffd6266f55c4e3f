"""The trained model on stays that it never saw: the whole stay at once, hour by hour, event by event."""

from __future__ import annotations

import time
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from marey.events import Events
from marey.study.p12.cohort import Cohort, logits
from marey.study.p12.dataset import DEATH, Steps
from marey.study.p12.result import HOURS, Example
from marey.study.p12.stream import StreamingRisk, replay

if TYPE_CHECKING:
    from marey.study.p12.models import Network, Trained

__all__ = ["Evaluation", "evaluate", "examples", "missing"]


@dataclass(frozen=True)
class Evaluation:
    """Arrays of `StudyResult` of the same names; `examples` are positions of test stays; `latency_us` is ()."""

    p_test: NDArray[np.float64]
    p_hourly: NDArray[np.float64]
    missing: NDArray[np.float64]
    examples: NDArray[np.int64]
    latency_us: NDArray[np.float64]

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        return {f.name: getattr(self, f.name) for f in fields(self)}


def evaluate(model: Network, trained: Trained, test: Events, steps: Steps, device: torch.device) -> Evaluation:
    """Risk of every test stay by the batch model, and by the streaming model from its saved weights."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    stays = torch.arange(len(steps), device=device)
    p_test = torch.sigmoid(logits(model, Cohort(steps, device), stays).double()).cpu().numpy()
    # One thread: small matrix products are all barriers, and on a busy machine two threads took five times as long.
    with threadpool_limits(limits=1, user_api="blas"):
        p_hourly = replay(trained, steps)
    shown = examples(test.labels[DEATH], p_hourly)
    return Evaluation(
        p_test=p_test,
        p_hourly=p_hourly,
        missing=missing(steps),
        examples=shown,
        latency_us=np.array(_latency(trained, test[shown]) * 1e6),
    )


def missing(steps: Steps) -> NDArray[np.float64]:
    """(V, 48): the fraction of stays with at least one observation of the variable in the hour."""
    variables = steps.x.shape[1]
    stay = np.repeat(np.arange(len(steps)), np.diff(steps.offsets))
    hour = np.minimum(steps.time.astype(np.int64), HOURS - 1)
    row, variable = np.nonzero(steps.seen)
    cell = (variable * HOURS + hour[row]) * len(steps) + stay[row]
    cells = np.bincount(np.unique(cell) // max(len(steps), 1), minlength=variables * HOURS)
    return cells.reshape(variables, HOURS) / max(len(steps), 1)


def examples(died: NDArray[np.generic], p_hourly: NDArray[np.float64]) -> NDArray[np.int64]:
    """Three stays by rule, not by taste: of the dead the largest rise in risk from hour 6 to 48, of the survivors the
    largest fall, and the death with the lowest risk at the end, the model's worst miss."""
    rise, end = p_hourly[:, HOURS] - p_hourly[:, 6], p_hourly[:, HOURS]
    lost, lived = (np.flatnonzero((died == outcome) & np.isfinite(rise)) for outcome in (1, 0))
    chosen = [lost[np.argmax(rise[lost])]] if lost.size else []
    chosen += [lived[np.argmin(rise[lived])]] if lived.size else []
    chosen += [lost[np.argmin(end[lost])]] if lost.size else []
    return np.array(list(dict.fromkeys(chosen)), np.int64)


def example(events: Events, hourly: NDArray[np.float64]) -> Example:
    """Of one stay."""
    return Example(
        subject_id=int(events.subject_id[0]),
        time=events.time,
        code=events.code,
        value=events.value,
        hourly=hourly,
        outcome=int(events.labels[DEATH][0]),
    )


def _latency(trained: Trained, stays: Events) -> float:
    """Median seconds from an event to the risk after it."""
    seconds = []
    for stay in stays:
        stream = StreamingRisk(trained, {name: float(column[0]) for name, column in stay.statics.items()})
        for hour, code, value in zip(stay.time, stay.code, stay.value, strict=True):
            started = time.perf_counter()
            stream.push(float(hour), stay.vocab[code], float(value))
            seconds.append(time.perf_counter() - started)
    return float(np.median(seconds)) if seconds else float("nan")
