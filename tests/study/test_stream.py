"""The stream gives the risk of the batch model, from a state that does not grow."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from small import cohort, fresh_model, prepared, stays, trained  # noqa: E402

from marey.events import Events  # noqa: E402
from marey.nn import evidence  # noqa: E402
from marey.study.p12 import state as streamed  # noqa: E402
from marey.study.p12.cohort import Cohort, logits  # noqa: E402
from marey.study.p12.dataset import steps  # noqa: E402
from marey.study.p12.stream import StreamingRisk, replay  # noqa: E402
from marey.study.p12.trained import TrainedModel  # noqa: E402

# Logits of size 1 to 5 from some hundred float32 products, summed in another order: a few units of 6e-8 each.
ROUNDING = {"rtol": 0, "atol": 2e-6}


def batch_risk(horizon: float, of: Cohort | None = None) -> np.ndarray:
    whole = of or cohort()
    return torch.sigmoid(logits(trained()[0], whole, torch.arange(len(whole)), horizon).double()).numpy()


def stream_of(stay: Events) -> StreamingRisk:
    return StreamingRisk(trained()[1], {name: float(column[0]) for name, column in stay.statics.items()})


def push_all(stream: StreamingRisk, stay: Events) -> list[float]:
    rows = zip(stay.time, stay.code, stay.value, strict=True)
    return [stream.push(float(t), stay.vocab[c], float(v)) for t, c, v in rows]


def test_the_constants_of_the_two_passes_are_equal() -> None:
    for name in ("PRIOR", "SPAN", "SD_FLOOR", "SLOPE_PRIOR"):
        assert getattr(streamed, name) == getattr(evidence, name)


@pytest.mark.parametrize("hour", [0, 1, 7, 24, 48])
def test_replay_equals_the_batch_model_cut_at_every_hour(hour: int) -> None:
    curve = replay(trained()[1], prepared()[0])[:, hour]
    begun = np.isfinite(curve)
    np.testing.assert_allclose(curve[begun], batch_risk(hour)[begun], **ROUNDING)
    first = np.array([stay.time[0] if len(stay.time) else np.inf for stay in stays()])
    np.testing.assert_array_equal(begun, first <= hour)


def test_pushed_events_give_the_replayed_curve() -> None:
    curves = replay(trained()[1], prepared()[0])
    for i in range(4):
        stay, stream, before = stays()[i], stream_of(stays()[i]), 0
        for hour in range(49):
            until = int(np.searchsorted(stay.time, hour, side="right"))
            for e in range(before, until):
                stream.push(float(stay.time[e]), stay.vocab[stay.code[e]], float(stay.value[e]))
            before = until
            if until:
                np.testing.assert_allclose(stream.risk_at(hour), curves[i, hour], **ROUNDING)


def test_after_each_time_point_a_push_equals_the_batch_model_over_the_events_so_far() -> None:
    stay = stays()[1]
    risks = np.array(push_all(stream_of(stay), stay))
    last = np.flatnonzero(np.append(np.diff(stay.time) > 0, True))
    whole = Cohort(steps(stay, *prepared()[1:]), torch.device("cpu"))
    expected = [batch_risk(float(stay.time[e]), whole)[0] for e in last]
    np.testing.assert_allclose(risks[last], expected, **ROUNDING)


def test_a_temperature_divides_the_logits_of_batch_and_stream_alike() -> None:
    """Both read the same weights; ranks stay."""
    model, scale, statics = fresh_model(), *prepared()[1:]
    everyone = torch.arange(len(cohort()))
    before = logits(model, cohort(), everyone)
    model.temper(1.6)
    after = logits(model, cohort(), everyone)
    torch.testing.assert_close(after, before / 1.6, rtol=0, atol=1e-6)
    curve = replay(TrainedModel.of(model, scale, statics), prepared()[0])[:, 48]
    begun = np.isfinite(curve)
    np.testing.assert_allclose(curve[begun], torch.sigmoid(after.double()).numpy()[begun], **ROUNDING)


def test_the_future_does_not_change_the_past() -> None:
    """Everything after hour 20 replaced: the risks until then stay the same bits."""
    events = stays()
    late = events.time > 20
    rng = np.random.default_rng(1)
    other = replace(
        events,
        value=np.where(late, rng.permutation(events.value), events.value),
        code=np.where(late, rng.permutation(events.code), events.code),
    )
    changed = steps(other, *prepared()[1:])
    before, after = replay(trained()[1], prepared()[0]), replay(trained()[1], changed)
    np.testing.assert_array_equal(after[:, :21], before[:, :21])
    assert not np.array_equal(after[:, 21:], before[:, 21:], equal_nan=True)
    np.testing.assert_array_equal(batch_risk(20.0, Cohort(changed, torch.device("cpu"))), batch_risk(20.0))


def test_stays_do_not_know_of_each_other() -> None:
    order = np.random.default_rng(0).permutation(len(stays()))
    shuffled = replay(trained()[1], steps(stays()[order], *prepared()[1:]))
    # BLAS may sum other rows of a matrix in another order.
    np.testing.assert_allclose(shuffled, replay(trained()[1], prepared()[0])[order], **ROUNDING)


def test_state_is_of_fixed_size_and_carries_everything() -> None:
    stay = max(stays()[:20], key=lambda s: len(s.time))
    stream = stream_of(stay)
    sizes = {name: a.nbytes for name, a in stream.state_dict().items()}
    half = float(stay.time[len(stay.time) // 2])
    push_all(stream, stay.between(0, half))
    carried = stream.state_dict()
    assert {name: a.nbytes for name, a in carried.items()} == sizes

    other = StreamingRisk(trained()[1])
    other.load_state_dict(carried)
    rest = stay.between(half, 49)
    assert push_all(other, rest) == push_all(stream, rest)


def test_a_later_look_without_events_moves_the_risk_and_not_the_state() -> None:
    stream = stream_of(stays()[2])
    push_all(stream, stays()[2].between(0, 10))
    now, later = stream.risk_at(10), stream.risk_at(40)
    assert now != later
    assert stream.risk_at(10) == now


def test_misuse_is_refused_and_leaves_the_state() -> None:
    stream = StreamingRisk(trained()[1], {"Age": 70.0})
    stream.push(2.0, "HR", 88.0)
    risk = stream.risk_at(3.0)
    for arguments, message in (
        ((1.0, "HR", 80.0), r"`time_h` is 1.0; expected hours from 2"),
        ((49.0, "HR", 80.0), r"`time_h` is 49.0"),
        ((float("nan"), "HR", 80.0), r"`time_h` is nan"),
        ((3.0, "pulse", 80.0), r"`code` is 'pulse'; expected one of ALP"),
    ):
        with pytest.raises(ValueError, match=message):
            stream.push(*arguments)
    with pytest.raises(ValueError, match="`time_h` is 1"):
        stream.risk_at(1)
    with pytest.raises(ValueError, match=r"`statics` names 'age'"):
        StreamingRisk(trained()[1], {"age": 70.0})
    with pytest.raises(ValueError, match=r"`arrays` has"):
        stream.load_state_dict({})
    assert stream.risk_at(3.0) == risk


def test_a_saved_model_is_small_and_gives_the_same_bits(tmp_path: Path) -> None:
    model = trained()[1]
    model.save(tmp_path / "model.npz")
    loaded = TrainedModel.load(tmp_path / "model.npz")
    np.testing.assert_array_equal(replay(loaded, prepared()[0]), replay(model, prepared()[0]))
    model.save(tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "model.npz").read_bytes()
    assert [p.name for p in tmp_path.iterdir() if p.name.endswith(".part")] == []
