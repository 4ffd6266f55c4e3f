"""Smaller models that need less measuring: a search over channels, sizes and precision within the training set.

Four objectives: AUROC, the time of one streamed event, bytes, and laboratory draws a day. First many candidates are
judged natively by a stand-in that takes milliseconds: ridge regression on summaries and random features,
cross-validated. Then the best are trained as what they are, each fold of five in turn, until the time is over. The test
set is not touched.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from marey import moo
from marey.events import Events
from marey.study.p12.cohort import Cohort, logits
from marey.study.p12.dataset import DEATH, steps, targets
from marey.study.p12.metrics import auroc
from marey.study.p12.model import ModelConfig, RiskModel
from marey.study.p12.scale import Scale, Statics
from marey.study.p12.stream import StreamingRisk
from marey.study.p12.summaries import STATISTICS, summaries
from marey.study.p12.train import TrainConfig, fit, held_back
from marey.study.p12.trained import TrainedModel
from marey.study.p12.world import World

__all__ = ["BEDSIDE", "Candidate", "draws_per_day", "search"]

Floats = NDArray[np.float64]

BEDSIDE = frozenset(
    {
        *("GCS", "HR", "RespRate", "SaO2", "Temp", "Urine", "Weight", "FiO2", "MechVent"),
        *("SysABP", "DiasABP", "MAP", "NISysABP", "NIDiasABP", "NIMAP"),
    }
)
"""Variables that no blood is drawn for; SaO2 is read at the finger. All others come from a laboratory."""
FOLDS, DAYS, EPOCHS = 5, 2.0, 4
OBJECTIVES = ("auroc", "draws_per_day", "latency_us", "bytes")
_ORDER = ("last", "mean", "min", "max", "log_count", "std", "slope", "first")
_SHARE = 0.4  # of the time for the stand-in


@dataclass(frozen=True)
class Candidate:
    """Channels, sizes and bits a weight."""

    channels: tuple[str, ...]
    units: int
    context: int
    hidden: int
    members: int
    bits: int

    def sizes(self) -> ModelConfig:
        return ModelConfig(units=self.units, context=self.context, hidden=self.hidden, members=self.members)


def search(train: Events, seconds: float, *, seed: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Searches for `seconds`; the first training of the best is finished even so.

    Returns
    -------
    dict
        `evaluated`; `front`, the candidates that none of the stand-in's beats; `trained`, those of them that were
        trained, with AUROC over `folds` folds; `knee`, the position in `trained`. As JSON has it.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    # Small products: on a busy machine two threads wait for each other.
    with threadpool_limits(limits=1, user_api="blas"):
        return _search(train, seconds, seed, say)


def _search(train: Events, seconds: float, seed: int, say: Callable[[str], None]) -> dict[str, Any]:
    begun = time.monotonic()
    space = _space(train.vocab)
    cheap = _StandIn(train, seed)
    whole = Candidate(tuple(train.vocab), 5, 8, 32, 4, 32)
    found = moo.NSGA2(space, n_obj=4, pop=48, seed=seed, initial=[_point(whole, train.vocab)]).minimize(
        lambda point: cheap(_candidate(point)),
        each="dict",
        stop=moo.stop.Wall(_SHARE * seconds),
        progress=False,
    )
    front = [_candidate(point) for point in found.params]
    say(f"search: {found.evals} candidates judged, {len(front)} of them on the front")
    chosen = _chosen(found)
    areas: list[list[float]] = [[] for _ in chosen]
    latency: list[list[float]] = [[] for _ in chosen]
    for fold in range(FOLDS):
        for i, place in enumerate(chosen):
            if areas[0] and time.monotonic() - begun > seconds:
                break
            area, micros = _train(train, front[place], cheap.fold, fold, seed)
            areas[i].append(area)
            latency[i].append(micros)
            say(f"search: {len(front[place].channels)} channels, fold {fold + 1}: AUROC {area:.3f}")
    trained = [
        {
            **vars(front[place]),
            "auroc": float(np.mean(areas[i])),
            "folds": len(areas[i]),
            "draws_per_day": float(found.F[place, 1]),
            "latency_us": float(np.median(latency[i])),
            "bytes": int(found.F[place, 3]),
        }
        for i, place in enumerate(chosen)
        if areas[i]
    ]
    table = np.array([[-row["auroc"], *(row[name] for name in OBJECTIVES[1:])] for row in trained])
    return {
        "seconds": seconds,
        "evaluated": int(found.evals),
        "front": [
            {**vars(c), **dict(zip(OBJECTIVES, (-f[0], *map(float, f[1:])), strict=True))}
            for c, f in zip(front, found.F, strict=True)
        ],
        "trained": trained,
        "knee": _knee(table),
    }


def draws_per_day(train: Events, channels: tuple[str, ...]) -> float:
    """Times of a day at which blood is drawn for any of the channels, a mean over stays."""
    return _Draws(train)(channels)


class _Draws:
    def __init__(self, train: Events) -> None:
        self.vocab = tuple(train.vocab)
        keep = (train.time <= 24 * DAYS) & np.isfinite(train.value)
        subject, hour, code = train.subject_index[keep], train.time[keep], train.code[keep]
        moments, row = np.unique(np.stack([subject.astype(np.float64), hour], 1), axis=0, return_inverse=True)
        self.seen = np.zeros((len(moments), len(self.vocab)), bool)
        self.seen[row.reshape(-1), code] = True
        self.stays = max(len(train), 1)

    def __call__(self, channels: tuple[str, ...]) -> float:
        lab = [v for v, name in enumerate(self.vocab) if name in channels and name not in BEDSIDE]
        return float(self.seen[:, lab].any(1).sum() / self.stays / DAYS) if lab else 0.0


class _StandIn:
    """Objectives of a candidate in milliseconds."""

    def __init__(self, train: Events, seed: int) -> None:
        table, names = summaries(train)
        self.column = {name: i for i, name in enumerate(names)}
        mean, sd = np.nanmean(table, 0, where=np.isfinite(table)), np.nanstd(table, 0)
        scaled = np.clip((table - np.nan_to_num(mean)) / np.where(sd > 0, sd, 1.0), -4, 4)
        self.X = np.nan_to_num(scaled).astype(np.float32)
        self.fixed = list(range(len(train.vocab) * len(STATISTICS), len(names)))
        died = train.labels[DEATH] == 1
        self.died, self.fold = died, _folds(died, seed)
        self.aim = (died - died.mean()).astype(np.float64)
        rng = np.random.default_rng(seed)
        self.mix = rng.normal(size=(len(names), 128)).astype(np.float32)
        self.draws = _Draws(train)
        self.outputs = targets(train).shape[1]
        self.width = Statics.fit(train).width
        self.times = _latencies(train, self.outputs)

    def __call__(self, candidate: Candidate) -> tuple[float, float, float, float]:
        micros = self.times[0] + self.times[1] * _work(candidate)
        weights, rest = _parameters(len(candidate.channels), self.width, self.outputs, candidate.sizes())
        size = weights * candidate.bits / 8 + 4 * rest
        return -self.area(candidate), self.draws(candidate.channels), micros, size

    def area(self, candidate: Candidate) -> float:
        """AUROC over all folds, each predicted by the others."""
        kept = _ORDER[: candidate.units + 2]
        columns = [self.column[f"{name} {statistic}"] for statistic in kept for name in candidate.channels]
        linear = self.X[:, columns + self.fixed]
        random = candidate.context + candidate.hidden * candidate.members // 4
        mix = self.mix[columns + self.fixed, : min(random, 128)] / np.sqrt(len(columns) + len(self.fixed))
        Z = np.column_stack([linear, np.tanh(linear @ mix), np.ones(len(linear), np.float32)]).astype(np.float64)
        parts = [Z[self.fold == k] for k in range(FOLDS)]
        grams = np.stack([part.T @ part for part in parts])
        sides = np.stack([part.T @ self.aim[self.fold == k] for k, part in enumerate(parts)])
        score = np.zeros(len(Z))
        ridge = 50.0 * np.eye(Z.shape[1])
        for k, part in enumerate(parts):
            w = np.linalg.solve(grams.sum(0) - grams[k] + ridge, sides.sum(0) - sides[k])
            score[self.fold == k] = part @ _rounded(w, candidate.bits)
        return float(np.mean([auroc(self.died[self.fold == k], score[self.fold == k]) for k in range(FOLDS)]))


def _train(train: Events, candidate: Candidate, folds: NDArray[np.int64], fold: int, seed: int) -> tuple[float, float]:
    """AUROC on a fold that the model did not see, and the median microseconds of a streamed event."""
    learn, test = train[np.flatnonzero(folds != fold)], train[np.flatnonzero(folds == fold)]
    scale, statics = _some(Scale.fit(train.vocab, learn.code, learn.value), candidate.channels), Statics.fit(learn)
    aims, cpu = targets(learn), torch.device("cpu")
    torch.manual_seed(seed)
    model = RiskModel(len(scale.vocab), statics.width, aims.shape[1], candidate.sizes())
    fit(
        model,
        Cohort(steps(learn, scale, statics), cpu),
        torch.from_numpy(aims),
        held_back(learn.labels[DEATH] == 1, seed),
        TrainConfig(epochs=EPOCHS),
        seed=seed,
        world=World(0, 1, cpu),
        say=lambda line: None,
    )
    with torch.no_grad():
        for parameter in _weights(model):
            parameter.copy_(torch.from_numpy(_rounded(parameter.numpy(), candidate.bits)))
    rows = Cohort(steps(test, scale, statics), cpu)
    area = auroc(test.labels[DEATH] == 1, logits(model, rows, torch.arange(len(rows))).numpy())
    return float(area), _micros(TrainedModel.of(model, scale, statics), test)


def _rounded(weights: NDArray[Any], bits: int) -> NDArray[Any]:
    """As stored in so many bits: half precision, or whole numbers with one step a tensor."""
    if bits == 32:
        return weights
    if bits == 16:
        return weights.astype(np.float16).astype(weights.dtype)
    step = np.abs(weights).max(initial=0.0) / (2 ** (bits - 1) - 1) or 1.0
    return (np.rint(weights / step) * step).astype(weights.dtype)


def _space(vocab: tuple[str, ...]) -> moo.Space:
    return moo.Space(
        [
            *(moo.Bool(name) for name in vocab),
            moo.Int("units", 1, 6),
            moo.Int("context", 1, 12),
            moo.Int("hidden", 4, 64, log=True),
            moo.Int("members", 1, 4),
            moo.Categorical("bits", [32, 16, 8]),
        ]
    )


def _candidate(point: dict[str, Any]) -> Candidate:
    sizes = {name: point[name] for name in ("units", "context", "hidden", "members", "bits")}
    channels = tuple(name for name, value in point.items() if value is True)
    return Candidate(channels or (next(iter(point)),), **sizes)


def _point(candidate: Candidate, vocab: tuple[str, ...]) -> dict[str, Any]:
    sizes = {name: value for name, value in vars(candidate).items() if name != "channels"}
    return {**{name: name in candidate.channels for name in vocab}, **sizes}


def _folds(died: NDArray[np.bool_], seed: int) -> NDArray[np.int64]:
    """A fold for each stay, deaths and survivors spread evenly."""
    fold = np.zeros(len(died), np.int64)
    rng = np.random.default_rng(seed)
    for outcome in (False, True):
        stays = rng.permutation(np.flatnonzero(died == outcome))
        fold[stays] = np.arange(len(stays)) % FOLDS
    return fold


def _work(candidate: Candidate) -> float:
    """Products of one event, thousands."""
    c = candidate
    layer = len(c.channels) * c.units * c.members
    return (12 * layer + c.hidden * (layer + c.context * c.members) + 2 * c.context * len(c.channels)) / 1e3


@lru_cache(maxsize=4096)
def _parameters(channels: int, statics: int, outputs: int, sizes: ModelConfig) -> tuple[int, int]:
    """Numbers of the weights that are stored in fewer bits, and of the others."""
    model = RiskModel(channels, statics, outputs, sizes)
    weights = sum(p.numel() for p in _weights(model))
    return weights, sum(p.numel() for p in model.parameters()) - weights


def _weights(model: RiskModel) -> list[torch.Tensor]:
    """What is rounded: matrices; time constants and biases are few and stay as they are."""
    kept = ("log_rate", "bias", "b1", "b2")
    return [p for name, p in model.named_parameters() if not name.endswith(kept)]


def _latencies(train: Events, outputs: int) -> tuple[float, float]:
    """Microseconds of an event: a fixed part, and one for each thousand products; from three models measured."""
    statics, vocab = Statics.fit(train), tuple(train.vocab)
    scale = Scale.fit(vocab, train.code, train.value)
    work, micros = [], []
    for channels, units, hidden, members in ((6, 2, 8, 1), (len(vocab), 4, 32, 2), (len(vocab), 6, 64, 4)):
        candidate = Candidate(vocab[:channels], units, 8, hidden, members, 32)
        model = RiskModel(channels, statics.width, outputs, candidate.sizes())
        micros.append(_micros(TrainedModel.of(model, _some(scale, candidate.channels), statics), train))
        work.append(_work(candidate))
    slope, base = np.polyfit(work, micros, 1)
    return max(float(base), 0.0), max(float(slope), 1e-3)


def _micros(trained: TrainedModel, stays: Events, events: int = 150) -> float:
    spent: list[float] = []
    known = set(trained.scale.vocab)
    for stay in stays:
        stream = StreamingRisk(trained)
        for hour, code, value in zip(stay.time, stay.code, stay.value, strict=True):
            if stay.vocab[code] in known and hour <= 24 * DAYS:
                begun = time.perf_counter()
                stream.push(float(hour), stay.vocab[code], float(value))
                spent.append(time.perf_counter() - begun)
            if len(spent) >= events:
                return 1e6 * float(np.median(spent))
    return 1e6 * float(np.median(spent)) if spent else float("nan")


def _some(scale: Scale, channels: tuple[str, ...]) -> Scale:
    at = [scale.vocab.index(name) for name in channels]
    columns = {name: getattr(scale, name)[at] for name in ("log", "shift", "low", "high", "mean", "sd")}
    return replace(scale, vocab=channels, **columns)


def _chosen(found: moo.Result) -> list[int]:
    """What is trained: the knee, then candidates along the best AUROC at each burden, from the most accurate."""
    plane = np.flatnonzero(moo.pareto_rank(found.F[:, :2], k=1) == 0)
    plane = plane[np.argsort(found.F[plane, 0], kind="stable")]
    spread = plane[np.unique(np.linspace(0, len(plane) - 1, min(len(plane), 6)).round().astype(int))]
    return list(dict.fromkeys([found.knee().index, *map(int, spread)]))


def _knee(table: Floats) -> int:
    low, high = table.min(0), table.max(0)
    scaled = (table - low) / np.where(high > low, high - low, 1.0)
    return int(np.argmin(scaled.sum(1)))
