"""A whole run of seconds on made stays, which can be told to die on the way. As a script: ``small_run.py OUT``."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np
from small import SIZES, TRAINING

from marey.study.p12 import baselines as comparison
from marey.study.p12 import checkpoint, files, report, run, train, trained
from marey.study.p12.data import DataSource
from marey.study.p12.synthetic import synthetic_stays


def small_run(out: Path, death: str = "", **options: Any) -> Any:
    """Runs in `out`. `death`: "" to live, or one of `DEATHS`."""
    run.locate = made_stays
    comparison.baselines = cheap_baselines
    if death:
        DEATHS[death]()
    config = run.Config(out=out, device="cpu", threads=1, sizes=SIZES, training=TRAINING, **options)
    return run.run(config, say=lambda line: None)


def made_stays(*_: object, **__: object) -> DataSource:
    parts = (synthetic_stays(n, seed=0, first_id=first) for n, first in ((120, 1), (60, 1001)))
    return DataSource("synthetic", *parts, "made")


def cheap_baselines(train: Any, test: Any, *, seed: int) -> dict[str, np.ndarray]:
    """Not the comparison that is meant: one that takes no time and depends on its inputs."""
    rng = np.random.default_rng(seed + int(train.offsets[-1]))
    return {"coin": np.clip(rng.random(len(test)), 0.01, 0.99)}


def die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def in_batch(n: int) -> None:
    step, count = train._Trainer._step, iter(range(n))

    def dying(self: Any, *arguments: Any) -> Any:
        if next(count, None) is None:
            die()
        return step(self, *arguments)

    train._Trainer._step = dying


def while_writing(module: Any, name: str, times: int = 1) -> None:
    write, left = files.write_whole, iter(range(times - 1))

    def dying(path: Path, content: bytes) -> None:
        if path.name == name and next(left, None) is None:
            path.with_name(f".{name}.part").write_bytes(content[: len(content) // 2])
            die()
        write(path, content)

    module.write_whole = dying


def after_half_a_report() -> None:
    write = report.write_report

    def dying(result: Any, out: Path) -> None:
        write(result, out)
        text = (out / "report.json").read_bytes()
        (out / "report.json").write_bytes(text[: len(text) // 2])
        die()

    report.write_report = dying


DEATHS = {
    "reading": lambda: setattr(run, "locate", die),
    "writing the identity": lambda: while_writing(run, "run.json"),
    "the first batch": lambda: in_batch(0),
    "mid-epoch": lambda: in_batch(3),
    "mid-epoch, having gone on": lambda: in_batch(3),
    "writing a checkpoint": lambda: while_writing(checkpoint, "checkpoint.pt", 2),
    "writing the model": lambda: while_writing(trained, "model.npz"),
    "evaluation": lambda: setattr(run, "evaluate", die),
    "writing the evaluation": lambda: while_writing(run, "evaluation.npz"),
    "the comparison": lambda: setattr(comparison, "baselines", die),
    "writing the comparison": lambda: while_writing(run, "baselines.npz"),
    "the report": after_half_a_report,
}


if __name__ == "__main__":
    small_run(Path(sys.argv[1]))
