"""The sequence models of the study: GRU-D, selective SSM and S5, on made stays."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")
pytest.importorskip("jinja2")

import small_run  # noqa: E402
from small import TRAINING, cohort, numbers, prepared, stays, train, weights  # noqa: E402

from marey.study.p12 import train as training  # noqa: E402
from marey.study.p12.cohort import Cohort, logits  # noqa: E402
from marey.study.p12.compare import comparison_summary, run_models, write_comparison  # noqa: E402
from marey.study.p12.dataset import DEATH, steps, targets  # noqa: E402
from marey.study.p12.metrics import auroc  # noqa: E402
from marey.study.p12.model import Batch  # noqa: E402
from marey.study.p12.models import load  # noqa: E402
from marey.study.p12.run import Config  # noqa: E402
from marey.study.p12.sequence import SequenceConfig, SequenceModel  # noqa: E402
from marey.study.p12.stream import StreamingRisk, replay  # noqa: E402
from marey.study.p12.trained_sequence import TrainedSequence  # noqa: E402

KINDS = ("grud", "ssm", "s5")
SIZES = SequenceConfig(width=6, layers=2, states=2, hidden=4)

# Logits of size 1 to 5 from some hundred float32 products, summed in another order and through a longer recurrence.
ROUNDING = {"rtol": 0, "atol": 5e-6}


def fresh(kind: str, seed: int = 0, sizes: SequenceConfig = SIZES) -> SequenceModel:
    torch.manual_seed(seed)
    _, scale, statics = prepared()
    return SequenceModel(kind, len(scale.vocab), statics.width, targets(stays()).shape[1], sizes)


@cache
def trained(kind: str) -> tuple[SequenceModel, TrainedSequence]:
    model = fresh(kind)
    train(model, replace(TRAINING, epochs=1))
    return model, TrainedSequence.of(model, SIZES, *prepared()[1:])


def batch_risk(kind: str, horizon: float, of: Cohort | None = None) -> np.ndarray:
    whole = of or cohort()
    return torch.sigmoid(logits(trained(kind)[0], whole, torch.arange(len(whole)), horizon).double()).numpy()


@pytest.mark.parametrize("kind", KINDS)
def test_it_learns_what_was_put_into_made_stays(kind: str) -> None:
    """Of the 144 stays it learns from it tells the dead from the living; 16 held back are too few to tell."""
    sizes = SequenceConfig(width=16, layers=1, states=2, hidden=8, variable_dropout=0.0, dropout=0.0)
    model = fresh(kind, sizes=sizes)
    history = train(model, replace(TRAINING, epochs=6, rate=0.02, memory=0.8))
    assert history[-1]["train_loss"] < 0.7 * history[0]["train_loss"]
    learnt = np.flatnonzero(~training.held_back(stays().labels[DEATH] == 1, 0))
    risk = logits(model, cohort(), torch.from_numpy(learnt)).numpy()
    assert auroc(stays().labels[DEATH][learnt] == 1, risk) > 0.7


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("hour", [0, 7, 48])
def test_replay_equals_the_batch_model_cut_at_every_hour(kind: str, hour: int) -> None:
    curve = replay(trained(kind)[1], prepared()[0])[:, hour]
    begun = np.isfinite(curve)
    np.testing.assert_allclose(curve[begun], batch_risk(kind, hour)[begun], **ROUNDING)


@pytest.mark.parametrize("kind", KINDS)
def test_a_push_equals_the_batch_model_over_the_events_so_far(kind: str) -> None:
    stay = stays()[1].between(0, 12)
    stream = StreamingRisk(trained(kind)[1], {name: float(column[0]) for name, column in stay.statics.items()})
    rows = zip(stay.time, stay.code, stay.value, strict=True)
    risks = np.array([stream.push(float(t), stay.vocab[c], float(v)) for t, c, v in rows])
    last = np.flatnonzero(np.append(np.diff(stay.time) > 0, True))
    whole = Cohort(steps(stay, *prepared()[1:]), torch.device("cpu"))
    expected = [batch_risk(kind, float(stay.time[e]), whole)[0] for e in last]
    np.testing.assert_allclose(risks[last], expected, **ROUNDING)


@pytest.mark.parametrize("kind", KINDS)
def test_the_carried_state_is_everything(kind: str) -> None:
    stay, model = stays()[2], trained(kind)[1]
    events = [(float(t), stay.vocab[c], float(v)) for t, c, v in zip(stay.time, stay.code, stay.value, strict=True)]
    stream, other = StreamingRisk(model), StreamingRisk(model)
    for event in events[:20]:
        stream.push(*event)
    other.load_state_dict(stream.state_dict())
    assert [other.push(*event) for event in events[20:40]] == [stream.push(*event) for event in events[20:40]]


@pytest.mark.parametrize("kind", KINDS)
def test_stays_do_not_know_of_each_other_and_may_be_empty(kind: str) -> None:
    model, whole = trained(kind)[0], cohort()
    horizon = torch.full((5,), 20.0, dtype=torch.float64)
    together = model.logit(whole.batch(torch.arange(5), horizon))
    for i in range(5):
        alone = model.logit(whole.batch(torch.tensor([i]), horizon[:1]))
        torch.testing.assert_close(alone[0], together[i], rtol=1e-4, atol=1e-5)
    nothing = whole.batch(torch.arange(5), torch.full((5,), -1.0, dtype=torch.float64))
    empty = Batch(*nothing[:4], horizon, nothing.statics)
    assert len(empty.time) == 0
    assert model.logit(empty).isfinite().all()


@pytest.mark.parametrize("kind", KINDS)
def test_going_on_from_a_checkpoint_ends_in_the_same_bits(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = replace(TRAINING, epochs=2)
    whole = fresh(kind)
    whole_history = train(whole, short)
    step, count = training._Trainer._step, 0

    class Killed(Exception):
        pass

    def dying(self: training._Trainer, *arguments: object) -> object:
        nonlocal count
        if count == 7:
            raise Killed
        count += 1
        return step(self, *arguments)

    monkeypatch.setattr(training._Trainer, "_step", dying)
    with pytest.raises(Killed):
        train(fresh(kind), short, checkpoint=tmp_path / "checkpoint.pt")
    monkeypatch.setattr(training._Trainer, "_step", step)
    resumed = fresh(kind, seed=9)
    assert numbers(train(resumed, short, checkpoint=tmp_path / "checkpoint.pt")) == numbers(whole_history)
    np.testing.assert_array_equal(weights(resumed), weights(whole))


@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_model_is_read_again_whichever_it_is(kind: str, tmp_path: Path) -> None:
    model = trained(kind)[1]
    model.save(tmp_path / "model.npz")
    loaded = load(tmp_path / "model.npz")
    assert isinstance(loaded, TrainedSequence)
    np.testing.assert_array_equal(replay(loaded, prepared()[0]), replay(model, prepared()[0]))
    loaded.save(tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "model.npz").read_bytes()


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> None:
    from marey.study.p12 import baselines

    monkeypatch.setattr("marey.study.p12.run.locate", small_run.made_stays)
    monkeypatch.setattr(baselines, "baselines", small_run.cheap_baselines)


def test_several_models_are_run_and_compared(made: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from marey.study.p12 import baselines
    from marey.study.p12 import models as known
    from marey.study.p12.model import ModelConfig

    sizes = {"event": ModelConfig(units=2, context=2, hidden=4, members=1)}
    monkeypatch.setattr(known, "default_sizes", lambda kind: sizes.get(kind, SIZES))
    monkeypatch.setattr("marey.study.p12.run.default_sizes", lambda kind: sizes.get(kind, SIZES))
    times, count = [], small_run.cheap_baselines

    def counted(*arguments: Any, **options: Any) -> Any:
        times.append(1)
        return count(*arguments, **options)

    monkeypatch.setattr(baselines, "baselines", counted)
    config = Config(out=tmp_path, device="cpu", threads=1, training=replace(TRAINING, epochs=1))
    said: list[str] = []
    results = run_models(config, ("event", "grud", "s5"), say=said.append)
    assert results is not None
    assert len(times) == 1
    found = json.loads((tmp_path / "compare.json").read_text())
    assert list(found["models"]) == ["event model", "GRU-D", "S5"]
    for kind, result in zip(("event", "grud", "s5"), results, strict=True):
        own = json.loads((tmp_path / kind / "report.json").read_text())
        name = {"event": "event model", "grud": "GRU-D", "s5": "S5"}[kind]
        assert found["models"][name]["auroc"] == own["test"]["auroc"]
        assert own["config"]["model"] == result.config["model"] == kind
        assert found["models"][name]["stream_gap"] < 1e-5
    assert "auroc_difference" in found["models"]["GRU-D"]
    page = (tmp_path / "compare.html").read_text()
    assert 'href="grud/report.html"' in page
    assert "<script" not in page
    assert "S5" in comparison_summary(tmp_path)
    with pytest.raises(ValueError, match="different models"):
        write_comparison([results[0], results[0]], tmp_path)
    with pytest.raises(ValueError, match="other test stays"):
        write_comparison([results[0], replace(results[1], y_test=1 - results[1].y_test)], tmp_path)
