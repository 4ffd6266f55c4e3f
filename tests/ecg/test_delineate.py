"""Waves put into a made signal, the reference's on any signal, and what a heart allows on real ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import marey
from marey.ecg import delineate, qrs_detect
from marey.ecg.delineate import NAMES
from marey.reference.delineate import delineate as reference
from marey.waveforms import read_wfdb

# Height in mV, place in s from R, and width (standard deviation) in s of each wave.
WAVES = {"p": (0.15, -0.16, 0.022), "r": (1.0, 0.0, 0.010), "s": (-0.25, 0.027, 0.009), "t": (0.30, 0.27, 0.040)}


def made(fs, seconds=30.0, bpm=65.0, seed=0, noise=0.0, without=(), scale=1.0, t_height=0.30):
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * fs)) / fs
    beats = np.cumsum(60 / bpm * (1 + 0.04 * rng.normal(size=round(seconds * bpm / 60) + 5)))
    beats = np.rint(beats[(beats > 0.5) & (beats < seconds - 0.7)] * fs) / fs
    x = noise * rng.normal(size=len(t)) + 0.3 * np.sin(2 * np.pi * 0.15 * t)
    for beat in beats:
        for name, (height, at, width) in WAVES.items():
            if name not in without:
                height = t_height if name == "t" else height
                x += height * np.exp(-0.5 * ((t - beat - at) / width) ** 2)
    return scale * x, np.rint(beats * fs).astype(np.int64)


def table(waves):
    return np.stack([getattr(waves, name) for name in NAMES], axis=1)


@pytest.mark.parametrize("fs", [125.0, 250.0, 360.0, 500.0, 1000.0, 2000.0])
@pytest.mark.parametrize("scale", [1.0, -1.0, 1e-6])
@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_waves_lie_where_they_were_put(fs, scale, noise) -> None:
    x, beats = made(fs, noise=noise, scale=scale)
    waves = delineate(x, fs, beats)
    # A sample of 8 ms at 125 Hz, and slopes that noise moves.
    near = 0.010 + 0.010 * (noise > 0)
    for peak, name in ((waves.p_peak, "p"), (waves.t_peak, "t")):
        far = (peak - beats) / fs - WAVES[name][1]
        assert np.quantile(np.abs(far), 0.9) <= near
        assert np.abs(far).max() <= 4 * near
    # A Gaussian wave has left 95 % of its height behind at 2.45 standard deviations.
    for edge, expected, tolerance in (
        (waves.p_onset, -0.16 - 2.2 * 0.022, 0.020),
        (waves.p_offset, -0.16 + 1.6 * 0.022, 0.025),
        (waves.qrs_onset, -0.03, 0.014),
        (waves.qrs_offset, 0.050, 0.014),
        (waves.t_onset, 0.27 - 2.2 * 0.04, 0.035),
        (waves.t_offset, 0.27 + 2.2 * 0.04, 0.035),
    ):
        assert abs(np.median((edge - beats) / fs) - expected) <= tolerance
    assert np.median(waves.qrs_ms) == pytest.approx(80, abs=20 + 1000 / fs)  # and a sample
    assert np.median(waves.pr_ms) == pytest.approx(180, abs=30)
    rr = np.diff(beats) / fs
    np.testing.assert_allclose(waves.qtc_ms[1:], waves.qt_ms[1:] / np.cbrt(rr))
    assert np.isnan(waves.qtc_ms[0])


def test_a_flipped_t_wave_is_found_and_a_missing_wave_is_not() -> None:
    x, beats = made(360.0, t_height=-0.25)
    np.testing.assert_allclose((delineate(x, 360, beats).t_peak - beats) / 360, 0.27, atol=0.006)
    x, beats = made(360.0, without=("p",))
    waves = delineate(x, 360, beats)
    assert (waves.p_peak >= 0).mean() < 0.1
    assert (waves.t_peak >= 0).all()
    assert np.isnan(waves.pr_ms[waves.p_peak < 0]).all()


def assert_ordered(waves, n) -> None:
    rows = table(waves)
    for row, r in zip(rows, waves.r_peak, strict=True):
        present = row[row >= 0]
        assert (np.diff(present) >= 0).all()
        assert (present < n).all()
        p, t = row[:3] >= 0, row[5:] >= 0
        assert p.all() or not p.any()
        assert t.all() or not t.any()
        if row[3] >= 0:
            assert row[3] <= r <= row[4] + 1


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    fs=st.sampled_from([50.0, 125.0, 257.3, 360.0, 1000.0]),
    kind=st.sampled_from(["beats", "noise", "steps", "gap", "short", "flat"]),
    single=st.booleans(),
)
def test_the_reference_finds_the_same(seed, fs, kind, single) -> None:
    rng = np.random.default_rng(seed)
    x, beats = made(fs, seconds=8, bpm=rng.uniform(40, 180), seed=seed, noise=0.02)
    if kind == "noise":
        x, beats = rng.normal(size=len(x)), np.unique(rng.integers(0, len(x), 12))
    if kind == "steps":
        x = np.round(x * 20) / 20  # equal values side by side
    if kind == "gap":
        x[rng.integers(len(x)) :][: int(2 * fs)] = np.nan
        x[: rng.integers(20)] = np.inf
    if kind == "short":
        x = x[: rng.integers(1, 90)]
        beats = np.unique(rng.integers(0, len(x), 3))
    if kind == "flat":
        x[:] = 3.0
    x = x.astype(np.float32 if single else np.float64)
    waves = delineate(x, fs, beats)
    np.testing.assert_array_equal(table(waves), reference(x, fs, beats))
    assert_ordered(waves, len(x))


def test_a_batch_is_its_leads_on_any_number_of_threads() -> None:
    x = np.stack([made(250.0, 20, bpm, seed)[0] for seed, bpm in enumerate((50, 70, 110))])
    beats, offsets = qrs_detect(x, 250)
    alone = [table(delineate(lead, 250, qrs_detect(lead, 250))) for lead in x]
    for threads in (1, 3):
        marey.set_num_threads(threads)
        np.testing.assert_array_equal(table(delineate(x, 250, beats, offsets=offsets)), np.concatenate(alone))
    marey.set_num_threads(0)
    assert len(delineate(x[0], 250, [])) == 0
    assert table(delineate(np.zeros(900), 250, [300])).tolist() == [[-1] * 8]
    assert table(delineate(np.full(900, np.nan), 250, [300])).tolist() == [[-1] * 8]


def test_a_frame_has_a_row_a_beat() -> None:
    pytest.importorskip("pandas")
    x, beats = made(250.0)
    waves = delineate(x, 250, beats)
    frame = waves.to_frame()
    assert frame["r_peak"].tolist() == beats.tolist()
    assert list(frame.columns[-4:]) == ["pr_ms", "qrs_ms", "qt_ms", "qtc_ms"]
    assert repr(waves) == f"Waves({len(beats)} beats, {len(beats)} P, {len(beats)} T)"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.zeros(9), 49, [3]), "`fs` is 49"),
        ((np.zeros(9), 1e5, [3]), "`fs` is 1"),
        ((np.zeros((2, 9)), 250, [3]), "`x` has shape"),
        ((np.zeros(9), 250, [3, 3]), "must rise and lie"),
        ((np.zeros(9), 250, [9]), "must rise and lie"),
        ((np.zeros(9), 250, [[1]]), "`beats` has shape"),
    ],
)
def test_misuse_is_told(arguments, message) -> None:
    with pytest.raises(ValueError, match=message):
        delineate(*arguments)
    with pytest.raises(TypeError, match="`beats` has dtype float64"):
        delineate(np.zeros(9), 250, [1.5])
    with pytest.raises(ValueError, match="`offsets` must be"):
        delineate(np.zeros((2, 9)), 250, [3], offsets=np.array([0, 1]))


@pytest.mark.data
@pytest.mark.parametrize(("lead", "t_sign"), [("MLII", 1), ("V5", -1)])
def test_record_100_keeps_the_shape_of_its_beats(data_dir, lead, t_sign) -> None:
    record = read_wfdb(data_dir / "mitdb/100", stop=360 * 300)
    x = record[lead]
    beats = qrs_detect(x, 360)
    waves = delineate(x, 360, beats)
    np.testing.assert_array_equal(table(waves), reference(x, 360, beats))
    assert_ordered(waves, len(x))
    assert (waves.p_peak >= 0).mean() > 0.98
    assert (waves.t_peak >= 0).mean() > 0.98
    normal = slice(1, -1)
    for peak in (waves.p_peak, waves.t_peak):
        place = (peak - beats)[normal] / 360
        assert np.subtract(*np.quantile(place, [0.95, 0.05])) < 0.12
    # P is a hill, T a hill in MLII and a valley in V5, beside the signal 60 ms away on either side.
    present = (waves.p_peak > 30) & (waves.t_peak >= 0) & (waves.t_peak < len(x) - 30)
    for peak, sign, reach in ((waves.p_peak, 1, 22), (waves.t_peak, t_sign, 36)):
        at = peak[present]
        smooth = np.convolve(x, np.ones(9) / 9, "same")
        assert np.median(sign * (2 * smooth[at] - smooth[at - reach] - smooth[at + reach])) > 0.03
    assert 60 <= np.median(waves.qrs_ms) <= 110
