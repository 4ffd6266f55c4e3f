"""Events to ragged rows."""

from __future__ import annotations

import numpy as np
import pytest

from marey.events import Events
from marey.study.p12.dataset import steps, targets
from marey.study.p12.scale import Scale, Statics
from marey.study.p12.synthetic import synthetic_stays


def made(*rows: tuple[int, float, str, float], stays: int = 3, vocab: tuple[str, ...] = ("HR", "Temp")) -> Events:
    """Events from (stay, hour, code, value), in order."""
    stay = np.array([r[0] for r in rows])
    return Events(
        subject_id=np.arange(stays) + 10,
        offsets=np.searchsorted(stay, np.arange(stays + 1)).astype(np.int64),
        time=np.array([r[1] for r in rows], np.float64),
        code=np.array([vocab.index(r[2]) for r in rows], np.int32),
        value=np.array([r[3] for r in rows], np.float32),
        vocab=vocab,
        statics={"Age": np.full(stays, 60.0)},
        labels={"in_hospital_death": np.zeros(stays, np.int8)},
    )


def identity(*vocab: str) -> Scale:
    n = len(vocab)
    return Scale(vocab, np.zeros(n, bool), *(np.full(n, f) for f in (0.0, -np.inf, np.inf, 0.0, 1.0)))


def rows_of(events: Events, *vocab: str) -> tuple[list[float], list[list[float]], list[list[bool]], list[int]]:
    found = steps(events, identity(*(vocab or ("HR", "Temp"))), Statics.fit(events))
    return found.time.tolist(), found.x.tolist(), found.seen.tolist(), found.offsets.tolist()


def test_events_of_one_time_are_one_row() -> None:
    events = made((0, 1.0, "HR", 80), (0, 1.0, "Temp", 37), (0, 2.0, "HR", 90), (2, 1.0, "Temp", 38))
    time, x, seen, offsets = rows_of(events)
    assert time == [1, 2, 1]
    assert x == [[80, 37], [90, 0], [0, 38]]
    assert seen == [[True, True], [True, False], [False, True]]
    assert offsets == [0, 2, 2, 3]


def test_the_last_plausible_value_of_a_time_counts() -> None:
    events = made((0, 1.0, "HR", 80), (0, 1.0, "HR", 85), (0, 1.0, "HR", 0), (0, 3.0, "HR", 0))
    time, x, seen, _ = rows_of(events)
    assert time == [1, 3], "an event without a plausible value still makes its time point"
    assert x == [[85, 0], [0, 0]]
    assert seen == [[True, False], [False, False]]


def test_what_training_never_saw_and_what_is_late_is_left_out() -> None:
    events = made((0, 1.0, "HR", 80), (0, 2.0, "new", 5), (0, 48.0, "HR", 70), (0, 48.1, "HR", 60), vocab=("HR", "new"))
    time, x, _, offsets = rows_of(events, "Temp", "HR")
    assert time == [1, 48]
    assert x == [[0, 80], [0, 70]], "columns are those of the scale"
    assert offsets == [0, 2, 2, 2]


def test_no_events_at_all() -> None:
    time, x, _, offsets = rows_of(made(stays=2))
    assert (time, x, offsets) == ([], [], [0, 0, 0])


def test_every_observation_of_a_cohort_has_its_cell() -> None:
    events = synthetic_stays(40, seed=0)
    scale = Scale.fit(events.vocab, events.code, events.value)
    found = steps(events, scale, Statics.fit(events))
    z = scale(events.code, events.value)
    stay = np.repeat(np.arange(len(events)), np.diff(events.offsets))
    cells = {(s, t, c) for s, t, c, score in zip(stay, events.time, events.code, z, strict=True) if np.isfinite(score)}
    assert found.seen.sum() == len(cells)
    assert (found.x[~found.seen] == 0).all()
    for s in range(len(found)):
        assert (np.diff(found.time[found.offsets[s] : found.offsets[s + 1]]) > 0).all()


def test_targets_are_death_and_survival_within_days() -> None:
    events = made(stays=4)
    events.labels.update(in_hospital_death=np.array([1, 0, 0, 1]), survival=np.array([3, 100, -1, 40]))
    expected = [[1, 1, 1, 1, 1], [0, 0, 0, 1, 1], [0, 0, 0, 0, 0], [1, 0, 0, 1, 1]]
    assert targets(events).tolist() == expected
    del events.labels["survival"]
    assert targets(events).tolist() == [[1], [0], [0], [1]]


def test_cohort_batches_hold_rows_until_the_horizon() -> None:
    torch = pytest.importorskip("torch")
    from marey.study.p12.cohort import Cohort

    events = synthetic_stays(30, seed=5)
    found = steps(events, Scale.fit(events.vocab, events.code, events.value), Statics.fit(events))
    rng = np.random.default_rng(0)
    stays, horizon = rng.integers(0, 30, 50), rng.uniform(0, 48, 50)
    horizon[:10] = found.time[found.offsets[stays[:10]]]  # exactly at a row
    batch = Cohort(found, torch.device("cpu")).batch(torch.from_numpy(stays), torch.from_numpy(horizon))
    for i, (s, h) in enumerate(zip(stays, horizon, strict=True)):
        mine = slice(found.offsets[s], found.offsets[s + 1])
        until = found.time[mine] <= h
        got = slice(batch.offsets[i], batch.offsets[i + 1])
        np.testing.assert_array_equal(batch.time[got].numpy(), found.time[mine][until])
        np.testing.assert_array_equal(batch.x[got].numpy(), found.x[mine][until])
        np.testing.assert_array_equal(batch.seen[got].numpy(), found.seen[mine][until])
        np.testing.assert_array_equal(batch.statics[i].numpy(), found.statics[s])
