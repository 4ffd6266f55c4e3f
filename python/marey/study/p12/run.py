"""The whole study in stages. Each stage leaves its result in the run's folder, so that a killed run can go on."""

from __future__ import annotations

import hashlib
import io
import json
import platform
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

import marey
from marey.errors import BackendError
from marey.events import Events
from marey.study.p12.calibration import temperature
from marey.study.p12.cohort import Cohort, logits
from marey.study.p12.data import DataSource, locate
from marey.study.p12.dataset import DEATH, steps, targets
from marey.study.p12.evaluate import Evaluation, evaluate, example
from marey.study.p12.files import write_whole
from marey.study.p12.matched import Matched, check_exposure, matched
from marey.study.p12.models import NAMES, build, default_sizes, default_training, keep
from marey.study.p12.phenotypes import Phenotypes, phenotypes
from marey.study.p12.result import Epoch, StudyResult
from marey.study.p12.scale import Scale, Statics
from marey.study.p12.train import TrainConfig, fit, held_back
from marey.study.p12.world import World, world

if TYPE_CHECKING:
    from marey.study.p12.models import Network, Trained

__all__ = ["Config", "run"]

IDENTITY, CHECKPOINT, MODEL = "run.json", "checkpoint.pt", "model.npz"
EVALUATION, BASELINES, REPORT = "evaluation.npz", "baselines.npz", "report.json"
PHENOTYPES, MATCHED, SEARCH = "phenotypes.npz", "matched.npz", "search.json"
STAGES = (
    *(IDENTITY, CHECKPOINT, MODEL, EVALUATION, BASELINES, PHENOTYPES, MATCHED, SEARCH, REPORT),
    "report.html",
)


@dataclass(frozen=True)
class Config:
    """Settings of a run; see ``python -m marey study p12 --help``.

    Attributes
    ----------
    data : str, optional
        Folder of the records, or "synthetic".
    train, test : str
        Sets of the challenge.
    out : Path
    device : str
        "auto", "cpu", "cuda" or "cuda:N".
    epochs : int, optional
        Of training at most; by default that of `TrainConfig`.
    seed : int
    threads : int, optional
        By default all cores.
    resume : bool
        Go on with what is in `out`; otherwise the run begins anew.
    model : str
        "event", "grud", "ssm" or "s5".
    sizes, training
        By default those of the model.
    baselines : Path, optional
        The comparison's risks on the same stays with the same seed, where a run has left them.
    exposure : str
        Variable of the matched comparison: stays with it in the first 24 hours beside those without.
    search : float, optional
        Seconds of a search for smaller models that need less measuring; see `search`.
    """

    data: str | None = None
    train: str = "a"
    test: str = "b"
    out: Path = Path("run")
    device: str = "auto"
    epochs: int | None = None
    seed: int = 0
    threads: int | None = None
    resume: bool = False
    model: str = "event"
    sizes: Any = None
    training: TrainConfig | None = None
    baselines: Path | None = None
    exposure: str = "MechVent"
    search: float | None = None


def run(config: Config, *, say: Callable[[str], None] | None = None) -> StudyResult | None:
    """Read, train, evaluate, compare, report.

    Parameters
    ----------
    config : Config
    say : callable, optional
        Takes lines for the user; by default they go to standard error.

    Returns
    -------
    StudyResult, or None on every process but the first under torchrun
        ``report.html``, ``report.json`` and ``model.npz`` are in ``config.out``.

    Raises
    ------
    ValueError
        If the data are refused, or ``config.out`` with ``resume`` holds a run of other data or settings.
    BackendError
        If the device is not here.
    """
    if config.model not in NAMES:
        raise ValueError(f"`model` is {config.model!r}; expected one of {', '.join(NAMES)}")
    if config.threads is not None:
        marey.set_num_threads(config.threads)
        torch.set_num_threads(config.threads)
    device = config.device
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    training = config.training or default_training(config.model)
    training = training if config.epochs is None else replace(training, epochs=config.epochs)
    sizes = config.sizes or default_sizes(config.model)
    with world(device) as here:
        tell = (say or _to_stderr) if here.first else _silent
        return _Study(replace(config, training=training, sizes=sizes, device=device), here, tell).run()


class _Study:
    def __init__(self, config: Config, here: World, say: Callable[[str], None]) -> None:
        self.config, self.world, self.say, self.out = config, here, say, Path(config.out)
        self.timings: dict[str, float] = {}

    def run(self) -> StudyResult | None:
        started = time.perf_counter()
        source = self._read()
        check_exposure(source.test, self.config.exposure)
        identity = self._identify(source)
        train, test = source.train, source.test
        scale, statics = Scale.fit(train.vocab, train.code, train.value), Statics.fit(train)
        validation = held_back(train.labels[DEATH] == 1, self.config.seed)
        self.timings["read"] = time.perf_counter() - started

        model, history, softened = self._train(train, scale, statics, validation, identity)
        if not self.world.first:
            return None
        trained = keep(model, self.config.sizes, scale, statics)
        evaluation = self._evaluate(model, trained, test)
        baselines = self._baselines(train, test)
        config = self.config
        result = StudyResult(
            source=source.kind,
            note=source.note,
            seed=config.seed,
            config=_shown(config, self.world),
            cohort=_cohort(train, test, validation),
            y_test=(test.labels[DEATH] == 1).astype(np.int8),
            p_test=evaluation.p_test,
            p_hourly=evaluation.p_hourly,
            baselines=baselines,
            missing=evaluation.missing,
            vocab=scale.vocab,
            history=tuple(history),
            temperature=softened,
            examples=tuple(example(test[int(i)], evaluation.p_hourly[i]) for i in evaluation.examples),
            model_bytes=(self.out / MODEL).stat().st_size,
            latency_us=float(evaluation.latency_us),
            timings=self.timings,
            versions=_versions(),
            **self._patients(test),
            search=self._search(train),
        )
        from marey.study.p12.report import write_report

        self.say(f"report: {write_report(result, self.out)}")
        return result

    def _read(self) -> DataSource:
        """Rank 0 first: where the records have to be downloaded it does, and the others find them."""
        config = self.config
        for turn in (True, False):
            if self.world.first == turn:
                source = locate(
                    config.data,
                    train=config.train,
                    test=config.test,
                    seed=config.seed,
                    threads=config.threads,
                    say=self.say,
                )
            self.world.wait()
        return source

    def _identify(self, source: DataSource) -> str:
        """What must be equal for a run to go on; a new run clears the folder of the old one."""
        config = self.config
        parts: dict[str, Any] = {
            "train": _digest(source.train),
            "test": _digest(source.test),
            "model": config.model,
            "seed": config.seed,
            "exposure": config.exposure,
            "device": config.device,
            "threads": torch.get_num_threads(),
            "processes": self.world.size,
            "sizes": vars(config.sizes),
            "training": vars(config.training),
        }
        identity = json.dumps(parts, sort_keys=True)
        path = self.out / IDENTITY
        if config.resume and path.exists():
            before = json.loads(path.read_text())
            parts = json.loads(identity)
            changed = [f"{k} ({before.get(k)} there, {parts[k]} here)" for k in parts if before.get(k) != parts[k]]
            if changed:
                raise ValueError(
                    f"`resume`: the run in {self.out} has another {', '.join(changed)}; "
                    "run it as before, or without --resume to begin anew"
                )
        self.world.wait()
        if self.world.first and not (config.resume and path.exists()):
            for name in STAGES:
                with suppress(FileNotFoundError):
                    (self.out / name).unlink()
            write_whole(path, identity.encode())
        self.world.wait()
        return identity

    def _train(
        self, train: Events, scale: Scale, statics: Statics, validation: NDArray[np.bool_], identity: str
    ) -> tuple[Network, list[Epoch], float]:
        """The model at its best epoch, its logits over a temperature fitted where it did not learn."""
        config, device = self.config, self.world.device
        aims = targets(train)
        torch.manual_seed(config.seed)
        model = build(config.model, len(scale.vocab), statics.width, aims.shape[1], config.sizes).to(device)
        started = time.perf_counter()
        cohort = Cohort(steps(train, scale, statics), device)
        history = fit(
            model,
            cohort,
            torch.from_numpy(aims).to(device),
            validation,
            config.training or default_training(config.model),
            seed=config.seed,
            world=self.world,
            checkpoint=self.out / CHECKPOINT,
            identity=identity,
            say=self.say,
        )
        watch = torch.from_numpy(np.flatnonzero(validation)).to(device)
        softened = temperature(aims[validation, 0], logits(model, cohort, watch).double().cpu().numpy())
        model.temper(softened)
        if self.world.first:
            keep(model, config.sizes, scale, statics).save(self.out / MODEL)
        self.timings["training"] = max(time.perf_counter() - started, sum(line["seconds"] for line in history))
        return model, history, softened

    def _evaluate(self, model: Network, trained: Trained, test: Events) -> Evaluation:
        def compute() -> dict[str, NDArray[np.generic]]:
            rows = steps(test, trained.scale, trained.statics)
            return evaluate(model, trained, test, rows, self.world.device).arrays()

        return Evaluation(**self._stage("evaluation", EVALUATION, compute))

    def _baselines(self, train: Events, test: Events) -> dict[str, NDArray[np.float64]]:
        from marey.study.p12.baselines import baselines

        shared, own = self.config.baselines, self.out / BASELINES
        if shared is not None and shared.exists() and not own.exists():
            write_whole(own, shared.read_bytes())
        return self._stage("baselines", BASELINES, lambda: baselines(train, test, seed=self.config.seed))

    def _search(self, train: Events) -> dict[str, Any] | None:
        """What a search of so many seconds found in the training set, or in an earlier run of this folder."""
        if self.config.search is None:
            return None
        path = self.out / SEARCH
        if not path.exists():
            from marey.study.p12.search import search

            started = time.perf_counter()
            found = search(train, self.config.search, seed=self.config.seed, say=self.say)
            write_whole(path, json.dumps(found | {"took": time.perf_counter() - started}).encode())
        kept: dict[str, Any] = json.loads(path.read_text())
        self.timings["search"] = kept["took"]
        return kept

    def _patients(self, test: Events) -> dict[str, Any]:
        """Phenotypes and the matched comparison; what these stays or this build do not allow is left out, and said."""
        died, seed, exposure = test.labels[DEATH] == 1, self.config.seed, self.config.exposure
        found: dict[str, Any] = {}
        try:
            stored = self._stage("phenotypes", PHENOTYPES, lambda: phenotypes(test, died, seed=seed).arrays())
            found["phenotypes"] = Phenotypes(**stored)
            stored = self._stage("matching", MATCHED, lambda: matched(test, died, exposure).arrays())
            found["matched"] = Matched(**stored)
        except (BackendError, ValueError) as error:
            self.say(f"left out: {error}")
        return found

    def _stage(self, name: str, file: str, compute: Callable[[], Mapping[str, NDArray[Any]]]) -> dict[str, Any]:
        """The arrays in `file`, or, where it is not there yet, those computed and put there."""
        path = self.out / file
        if not path.exists():
            self.say(f"{name} ...")
            started = time.perf_counter()
            arrays: dict[str, Any] = dict(compute())
            buffer = io.BytesIO()
            arrays["seconds"] = np.array(time.perf_counter() - started)
            np.savez(buffer, allow_pickle=False, **arrays)
            write_whole(path, buffer.getvalue())
        with np.load(path, allow_pickle=False) as found:
            stored = dict(found)
        self.timings[name] = float(stored.pop("seconds"))
        return stored


def _digest(events: Events) -> str:
    digest = hashlib.sha256("\0".join(events.vocab).encode())
    columns = {**events.statics, **events.labels}
    arrays = [events.subject_id, events.offsets, events.time, events.code, events.value]
    for array in arrays + [columns[name] for name in sorted(columns)]:
        digest.update(np.ascontiguousarray(array))
    return digest.hexdigest()[:16]


def _cohort(train: Events, test: Events, validation: NDArray[np.bool_]) -> dict[str, Any]:
    died = train.labels[DEATH] == 1
    return {
        "read": {"train": len(train), "test": len(test)},
        "train": int((~validation).sum()),
        "held_back": int(validation.sum()),
        "test": len(test),
        "deaths": {
            "train": int(died[~validation].sum()),
            "held_back": int(died[validation].sum()),
            "test": int((test.labels[DEATH] == 1).sum()),
        },
        "events": len(train.time) + len(test.time),
        "without_events": int((np.diff(train.offsets) == 0).sum() + (np.diff(test.offsets) == 0).sum()),
    }


def _shown(config: Config, here: World) -> dict[str, Any]:
    names = ("model", "train", "test", "seed", "device", "exposure")
    shown = {name: getattr(config, name) for name in names}
    shown |= {"threads": torch.get_num_threads(), "processes": here.size}
    settings: dict[str, Any] = {**shown, **vars(config.training), **vars(config.sizes)}
    return settings


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "marey": marey.__version__, "numpy": np.__version__}
    found["torch"] = str(torch.__version__)
    if "sklearn" in sys.modules:
        found["scikit-learn"] = sys.modules["sklearn"].__version__
    return found


def _to_stderr(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _silent(line: str) -> None:
    pass
