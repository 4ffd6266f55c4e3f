"""A run killed anywhere ends, resumed, with the numbers of one that was left alone."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")
pytest.importorskip("jinja2")

import small_run
from small import SIZES, TRAINING

from marey.study.p12.run import Config, run


@pytest.fixture(scope="module")
def processes() -> Any:
    """New processes without the seconds of importing torch: forked from one that has done nothing else."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["small_run"])
    return context


def in_new_process(processes: Any, *arguments: Any, **options: Any) -> int:
    process = processes.Process(target=small_run.small_run, args=arguments, kwargs=options)
    process.start()
    process.join(120)
    assert process.exitcode is not None, "the run hangs"
    return int(process.exitcode)


def outcome(out: Path) -> dict[str, Any]:
    """All numbers of a finished run but times."""
    report = json.loads((out / "report.json").read_text())
    del report["timings"], report["model"]["latency_us"]
    for line in report["training"]:
        del line["seconds"]
    found: dict[str, Any] = {"report": report, "model": (out / "model.npz").read_bytes()}
    for name in ("evaluation", "baselines"):
        with np.load(out / f"{name}.npz") as arrays:
            found |= {f"{name}.{k}": arrays[k].tobytes() for k in arrays if k not in ("seconds", "latency_us")}
    return found


@pytest.fixture(scope="module")
def undisturbed(processes: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("undisturbed")
    assert in_new_process(processes, out) == 0
    return out


def test_killed_in_every_stage_and_resumed_a_run_ends_with_the_same_numbers(
    processes: Any, undisturbed: Path, tmp_path: Path
) -> None:
    for death in small_run.DEATHS:
        assert in_new_process(processes, tmp_path, death, resume=True) == -signal.SIGKILL, death
    assert in_new_process(processes, tmp_path, resume=True) == 0
    assert outcome(tmp_path) == outcome(undisturbed)
    assert (tmp_path / "report.html").stat().st_size > 10_000


def test_without_resume_a_run_begins_anew(processes: Any, undisturbed: Path, tmp_path: Path) -> None:
    assert in_new_process(processes, tmp_path, seed=1) == 0
    other = outcome(tmp_path)
    assert in_new_process(processes, tmp_path) == 0
    assert outcome(tmp_path) == outcome(undisturbed) != other


def test_resuming_with_other_settings_is_refused_and_names_them(
    undisturbed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("marey.study.p12.run.locate", small_run.made_stays)
    before = outcome(undisturbed)
    config = Config(out=undisturbed, device="cpu", threads=1, sizes=SIZES, training=TRAINING, resume=True)
    with pytest.raises(ValueError, match=r"has another seed \(0 there, 1 here\)"):
        run(replace(config, seed=1), say=lambda line: None)
    with pytest.raises(ValueError, match=r"has another training"):
        run(replace(config, epochs=9), say=lambda line: None)
    assert outcome(undisturbed) == before


def test_two_processes_learn_what_one_learns(undisturbed: Path, tmp_path: Path) -> None:
    """The same global batches and masks: the sums of gradients differ by rounding, which some ten steps hardly grow."""
    launch = ["-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port", _port()]
    command = [sys.executable, *launch, small_run.__file__, str(tmp_path)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)
    assert done.returncode == 0, done.stderr
    curves = [
        np.array([[line[k] for k in ("train_loss", "val_loss")] for line in json.loads(text)["training"]])
        for text in ((out / "report.json").read_text() for out in (undisturbed, tmp_path))
    ]
    np.testing.assert_allclose(curves[1], curves[0], rtol=2e-5)


def _port() -> str:
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])
