"""Beats: those that were put in, those of the reference, those that cardiologists marked; whole and in pieces."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import marey
from marey.ecg import QrsDetector, qrs_detect
from marey.reference.qrs_detect import qrs_detect as reference
from marey.waveforms import read_wfdb


def made(rng: np.random.Generator, fs: float, seconds: float, bpm: float, noise: float = 0.02):
    """A signal of Gaussian P, QRS and T waves, and its R samples."""
    t = np.arange(int(seconds * fs)) / fs
    beats = np.cumsum(60 / bpm * (1 + 0.05 * rng.normal(size=int(seconds * bpm / 60) + 5)))
    beats = beats[beats < seconds - 0.5]
    x = noise * rng.normal(size=len(t)) + 0.2 * np.sin(2 * np.pi * 0.2 * t)
    for beat in beats:
        for height, at, width in ((0.12, -0.17, 0.025), (1.0, 0.0, 0.011), (-0.2, 0.03, 0.01), (0.3, 0.28, 0.05)):
            x += height * np.exp(-0.5 * ((t - beat - at * min(1, 60 / bpm)) / width) ** 2)
    return x, np.rint(beats * fs).astype(np.int64)


def matched(found, beats, tolerance):
    far = np.abs(found[:, None] - beats[None])
    return int((far.min(0) <= tolerance).sum()), int((far.min(1) <= tolerance).sum())


@pytest.mark.parametrize("fs", [50.0, 125.0, 128.0, 250.0, 360.0, 500.0, 1000.0])
@pytest.mark.parametrize("bpm", [40, 70, 130])
@pytest.mark.parametrize("sign", [1, -1])
def test_every_made_beat_is_found_and_no_other(fs, bpm, sign) -> None:
    x, beats = made(np.random.default_rng(0), fs, 60, bpm)
    found = qrs_detect(sign * x, fs)
    assert matched(found, beats, 0.03 * fs) == (len(beats), len(found)) == (len(beats), len(beats))


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    fs=st.sampled_from([60.0, 200.0, 257.3, 360.0, 977.0]),
    noise=st.sampled_from([0.0, 0.05, 0.5]),
    kind=st.sampled_from(["beats", "noise", "gap", "short"]),
    single=st.booleans(),
)
def test_pieces_of_any_size_give_the_beats_of_the_whole(seed, fs, noise, kind, single) -> None:
    rng = np.random.default_rng(seed)
    x, _ = made(rng, fs, 25, rng.uniform(40, 150), noise)
    if kind == "noise":
        x = rng.normal(size=len(x))
    if kind == "gap":
        x[rng.integers(len(x)) :][: int(6 * fs)] = np.nan
        x[: rng.integers(20)] = np.inf
    if kind == "short":
        x = x[: rng.integers(0, 60)]
    x = x.astype(np.float32 if single else np.float64)
    whole = qrs_detect(x, fs)
    assert (np.diff(whole) > 0).all()
    detector = QrsDetector(fs)
    found = []
    cuts = np.sort(rng.integers(0, len(x) + 1, rng.integers(0, 12)))
    for piece in np.split(x, cuts):
        found.append(detector.push(piece))
    found.append(detector.copy().finish())
    np.testing.assert_array_equal(detector.finish(), found[-1])
    np.testing.assert_array_equal(np.concatenate(found), whole)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), fs=st.sampled_from([50.0, 100.0, 250.0, 360.0, 700.0]))
def test_the_reference_finds_the_same(seed, fs) -> None:
    rng = np.random.default_rng(seed)
    x, _ = made(rng, fs, 20, rng.uniform(40, 150), rng.uniform(0, 0.1))
    x[rng.integers(len(x)) :][:3] = np.nan
    np.testing.assert_array_equal(qrs_detect(x, fs), reference(x, fs))


def test_a_batch_is_its_leads_on_any_number_of_threads() -> None:
    rng = np.random.default_rng(1)
    x = np.stack([made(rng, 250, 120, bpm)[0] for bpm in (45, 60, 75, 90, 180)])
    alone = [qrs_detect(lead, 250) for lead in x]
    for threads in (1, 3):
        marey.set_num_threads(threads)
        indices, offsets = qrs_detect(x, 250)
        for b, lead in enumerate(alone):
            np.testing.assert_array_equal(indices[offsets[b] : offsets[b + 1]], lead)
    marey.set_num_threads(0)
    indices, offsets = qrs_detect(x[:0], 250)
    assert (indices.tolist(), offsets.tolist()) == ([], [0])
    detector = QrsDetector(250, n_leads=5)
    pushed = [a.tolist() + b.tolist() for a, b in zip(detector.push(x), detector.finish(), strict=True)]
    assert pushed == [lead.tolist() for lead in alone]
    assert repr(detector) == "QrsDetector(250 Hz, 5 leads, 120.0 s seen)"


@pytest.mark.parametrize("x", [np.zeros(0), np.zeros(1), np.zeros(5000), np.full(5000, np.nan), np.full(5000, 7.0)])
def test_silence_has_no_beats(x) -> None:
    assert qrs_detect(x, 250).tolist() == []


def test_a_beat_after_a_fall_of_the_gain_is_found_again() -> None:
    x, beats = made(np.random.default_rng(2), 250, 120, 70)
    x[250 * 60 :] /= 20
    found = qrs_detect(x, 250)
    late = beats[beats > 250 * 80]
    assert matched(found[found > 250 * 80 - 10], late, 5)[0] == len(late)


def adverse(kind: str, n: int) -> np.ndarray:
    rng = np.random.default_rng(3)
    saturated = np.clip(8 * made(rng, 250, 60, 80)[0], -0.3, 0.5)  # an amplifier at its ends
    return {
        "noise": lambda: rng.normal(size=n),
        "tone": lambda: np.sin(np.arange(n) / 7.0),
        "alternating": lambda: np.tile([0.0, 1.0], n // 2),
        "flat": lambda: np.full(n, 3.0),
        "saturated": lambda: np.resize(saturated, n),
        "rail to rail": lambda: np.sign(rng.normal(size=n)) * 1e30,
        "missing": lambda: np.where(rng.uniform(size=n) < 0.5, np.nan, rng.normal(size=n)),
        "rising": lambda: np.exp(np.linspace(0, 80, n)),  # each top is higher than all before
    }[kind]()


@pytest.mark.parametrize(
    "kind", ["noise", "tone", "alternating", "flat", "saturated", "rail to rail", "missing", "rising"]
)
def test_time_is_linear_in_the_length_of_any_signal(kind) -> None:
    x = adverse(kind, 400_000)
    spent = []
    for n in (100_000, 400_000):
        best = np.inf
        for _ in range(5):
            begin = time.process_time()
            found = qrs_detect(x[:n], 250)
            best = min(best, time.process_time() - begin)
        spent.append(best)
    assert spent[1] < 12 * spent[0]  # four times the samples; a square would be sixteen
    assert spent[1] < 0.2  # half an hour
    assert (np.diff(found) > 0).all()
    detector = QrsDetector(250)
    pieces = [detector.push(piece) for piece in np.split(x[:60_000], [1, 7777, 30_000])]
    np.testing.assert_array_equal(np.concatenate([*pieces, detector.finish()]), qrs_detect(x[:60_000], 250))


def test_beats_of_a_saturated_signal_are_found() -> None:
    x, beats = made(np.random.default_rng(5), 250, 120, 75)
    found = qrs_detect(np.clip(x, -0.3, 0.6), 250)  # the wander alone reaches 0.2
    assert matched(found, beats, 10) == (len(beats), len(found))


def test_integers_and_torch() -> None:
    torch = pytest.importorskip("torch")
    x, beats = made(np.random.default_rng(4), 250, 30, 70)
    found = qrs_detect((x * 1000).astype(np.int16), 250)
    assert matched(found, beats, 4)[0] == len(beats)
    told = qrs_detect(torch.from_numpy(x), 250)
    assert isinstance(told, torch.Tensor)
    assert told.tolist() == qrs_detect(x, 250).tolist()


@pytest.mark.parametrize(
    ("x", "fs", "error"),
    [
        (np.zeros((1, 2, 3)), 250, ValueError),
        (np.zeros(9), 49, ValueError),
        (np.zeros(9), float("nan"), ValueError),
        (np.zeros(9, complex), 250, TypeError),
    ],
)
def test_misuse_is_told(x, fs, error) -> None:
    with pytest.raises(error, match=r"`x`|`fs`"):
        qrs_detect(x, fs)
    detector = QrsDetector(250)
    detector.finish()
    with pytest.raises(ValueError, match="finished"):
        detector.push(np.zeros(3))


@pytest.mark.data
def test_record_100(data_dir) -> None:
    record = read_wfdb(data_dir / "mitdb/100")
    beats, x = record.annotations.beats, record["MLII"]
    found = qrs_detect(x, record.fs)
    np.testing.assert_array_equal(found, reference(x, record.fs))
    assert len(found) == len(beats) == 2273
    for tolerance_s in (0.150, 0.025):  # sensitivity and positive predictive value of 1.000 at either
        assert matched(found, beats, round(tolerance_s * record.fs)) == (2273, 2273)
    sleepecg = pytest.importorskip("sleepecg")
    theirs = matched(sleepecg.detect_heartbeats(x.copy(), record.fs), beats, 9)
    assert matched(found, beats, 9) >= theirs
    assert len(qrs_detect(x.astype(np.float32), record.fs)) == 2273
