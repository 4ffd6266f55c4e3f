"""Training: deterministic, restartable, the same in one process and in two."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from small import TRAINING, cohort, fresh_model, numbers, stays, train, weights  # noqa: E402

from marey.study.p12 import train as training  # noqa: E402
from marey.study.p12.dataset import DEATH  # noqa: E402
from marey.study.p12.train import held_back  # noqa: E402


def test_it_learns_what_was_put_into_made_stays() -> None:
    history = train(fresh_model(), replace(TRAINING, epochs=8))
    assert history[-1]["train_loss"] < 0.8 * history[0]["train_loss"]
    assert max(line["val_auroc"] for line in history) > 0.6


def test_one_seed_gives_the_same_bits_and_another_seed_others() -> None:
    models = [fresh_model(s) for s in (0, 0, 1)]
    histories = [numbers(train(model, seed=s)) for model, s in zip(models, (0, 0, 1), strict=True)]
    assert histories[0] == histories[1]
    np.testing.assert_array_equal(weights(models[0]), weights(models[1]))
    assert histories[0] != histories[2]


@pytest.mark.parametrize("steps_done", [1, 2, 3, 5, 8, 14])
def test_going_on_from_any_batch_ends_in_the_same_bits(
    steps_done: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = fresh_model()
    whole_history = train(whole)
    step, count = training._Trainer._step, 0

    class Killed(Exception):
        pass

    def dying(self: training._Trainer, *arguments: object) -> object:
        nonlocal count
        if count == steps_done:
            raise Killed
        count += 1
        return step(self, *arguments)

    path = tmp_path / "checkpoint.pt"
    monkeypatch.setattr(training._Trainer, "_step", dying)
    with pytest.raises(Killed):
        train(fresh_model(), checkpoint=path)
    monkeypatch.setattr(training._Trainer, "_step", step)
    torch.manual_seed(12345)  # nothing hangs on the process's generator
    resumed = fresh_model(seed=99)
    if not path.exists():  # killed before the first checkpoint: it begins anew
        resumed = fresh_model()
    history = train(resumed, checkpoint=path)
    assert numbers(history) == numbers(whole_history)
    np.testing.assert_array_equal(weights(resumed), weights(whole))


def test_a_finished_training_is_not_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, path = fresh_model(), tmp_path / "checkpoint.pt"
    history = train(model, checkpoint=path)
    monkeypatch.setattr(training._Trainer, "_step", None)
    again = fresh_model(seed=5)
    assert train(again, checkpoint=path) == history
    np.testing.assert_array_equal(weights(again), weights(model))


def test_the_checkpoint_of_another_run_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    train(fresh_model(), replace(TRAINING, epochs=1), checkpoint=path, identity="one")
    with pytest.raises(ValueError, match="belongs to another run"):
        train(fresh_model(), checkpoint=path, identity="another")


def test_it_stops_when_the_held_back_stays_gain_nothing() -> None:
    """A learning rate that ruins the model: the first epochs stay the best."""
    lines: list[str] = []
    history = train(fresh_model(), replace(TRAINING, epochs=40, rate=3.0, patience=3), say=lines.append)
    best = int(np.argmin([line["val_loss"] for line in history]))
    assert len(history) == best + 1 + 3 < 40
    assert len(lines) == len(history)
    assert "held back" in lines[0]


def test_the_best_average_is_what_is_left_in_the_model() -> None:
    model = fresh_model()
    history = train(model, replace(TRAINING, epochs=6, rate=0.05))
    died = torch.from_numpy(stays().labels[DEATH]).float()
    watch = torch.from_numpy(np.flatnonzero(held_back(stays().labels[DEATH] == 1, 0)))
    logit = training.logits(model, cohort(), watch)
    loss = torch.nn.functional.binary_cross_entropy_with_logits(logit, died[watch])
    assert float(loss) == min(line["val_loss"] for line in history)


def test_a_tenth_of_each_outcome_is_held_back() -> None:
    died = np.arange(1000) % 7 == 0
    mask = held_back(died, seed=3)
    assert (mask & died).sum() == round(died.sum() / 10)
    assert (mask & ~died).sum() == round((~died).sum() / 10)
    np.testing.assert_array_equal(mask, held_back(died, seed=3))
    assert not np.array_equal(mask, held_back(died, seed=4))
