"""A finished study that never ran: numbers of the right shapes, with a risk that is known to be honest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from marey.study.p12.result import HOURS, Epoch, Example, StudyResult
from marey.study.p12.synthetic import synthetic_stays


def made_result(stays: int = 160, *, seed: int = 0, **changes: object) -> StudyResult:
    rng = np.random.default_rng(seed)
    cohort = synthetic_stays(stays, seed=seed)
    logit = rng.normal(-1.6, 1.4, stays)
    y = (rng.random(stays) < 1 / (1 + np.exp(-logit))).astype(np.int8)
    # The risk becomes surer by the hour and ends at the truth; two stays begin late.
    hourly = 1 / (1 + np.exp(-(logit[:, None] * np.linspace(0.2, 1, HOURS + 1) - 0.8 * np.linspace(1, 0, HOURS + 1))))
    hourly[0, :5], hourly[1, :30] = np.nan, np.nan
    hour = np.minimum(cohort.time.astype(int), HOURS - 1)
    seen = np.zeros((stays, len(cohort.vocab), HOURS), bool)
    seen[cohort.subject_index, cohort.code, hour] = True
    result = StudyResult(
        source="files",
        note="Made for a test",
        seed=seed,
        config={"model": "event", "train": "a", "test": "b", "epochs": 4, "seed": seed, "device": "cpu", "width": 32},
        cohort={
            "read": {"train": 200, "test": stays},
            "excluded": {},
            "train": 170,
            "held_back": 30,
            "test": stays,
            "deaths": {"train": 24, "held_back": 5, "test": int(y.sum())},
        },
        y_test=y,
        p_test=hourly[:, -1].copy(),
        p_hourly=hourly,
        baselines={
            "logistic regression": 1 / (1 + np.exp(-(logit + rng.normal(0, 1, stays)))),
            "gradient boosting": 1 / (1 + np.exp(-(logit + rng.normal(0, 0.4, stays)))),
        },
        missing=seen.mean(axis=0),
        vocab=cohort.vocab,
        history=tuple(
            Epoch(epoch=i, train_loss=0.5 / i, val_loss=0.4 + 0.2 / i, val_auroc=0.8 - 0.2 / i, seconds=1.5)
            for i in range(1, 5)
        ),
        examples=tuple(
            Example(int(stay.subject_id[0]), stay.time, stay.code, stay.value, hourly[i], int(y[i]))
            for i, stay in enumerate(cohort[:3])
        ),
        model_bytes=412_345,
        latency_us=57.3,
        timings={"read": 1.25, "train": 80.0},
        versions={"marey": "0.0.0", "numpy": "2.0"},
    )
    return replace(result, **changes)  # type: ignore[arg-type]
