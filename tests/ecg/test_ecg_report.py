"""Beats against marks, and the report of a record on the terminal, as a picture and as a table."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marey.cli import main
from marey.ecg import beat_agreement, report
from marey.waveforms import Annotations, Record


def record_of(x, fs=250.0, beats=(), symbols="", start=0) -> Record:
    marks = None
    if symbols:
        n = len(symbols)
        zero = np.zeros(n, np.uint8)
        sample = np.asarray(beats, np.int64)
        marks = Annotations(
            sample, tuple(symbols), zero, zero.view(np.int8), zero, zero.view(np.int8), ("",) * n, "atr"
        )
    return Record("made", fs, x[None], ("ECG",), ("mV",), (1,), start=start, annotations=marks)


def beating(n_beats=120, fs=250, seed=0):
    rng = np.random.default_rng(seed)
    beats = np.cumsum(rng.integers(190, 215, n_beats))
    x = np.zeros(beats[-1] + fs)
    x[beats] = 1
    return np.convolve(x, np.hanning(21), "same") + 0.02 * rng.normal(size=len(x)), beats


def most_pairs(found, reference, tolerance) -> int:
    """The most pairs in time: the rows and columns of a table, each used once."""
    best = np.zeros((len(found) + 1, len(reference) + 1), int)
    for i, beat in enumerate(found, 1):
        for j, mark in enumerate(reference, 1):
            pair = best[i - 1, j - 1] + 1 if abs(beat - mark) <= tolerance else 0
            best[i, j] = max(best[i - 1, j], best[i, j - 1], pair)
    return int(best[-1, -1])


@settings(max_examples=200, deadline=None)
@given(
    reference=st.lists(st.integers(0, 4000), max_size=30),
    noise=st.lists(st.integers(-20, 20), min_size=30, max_size=30),
    dropped=st.sets(st.integers(0, 29)),
    extra=st.lists(st.integers(0, 4000), max_size=5),
)
def test_as_many_pairs_as_can_be(reference, noise, dropped, extra) -> None:
    # Beats lie further apart than twice the tolerance, as hearts beat: then no choice costs a pair.
    reference = [mark for k, mark in enumerate(sorted(reference)) if k == 0 or mark - sorted(reference)[k - 1] > 45]
    found = sorted([m + d for k, (m, d) in enumerate(zip(reference, noise, strict=False)) if k not in dropped] + extra)
    answer = beat_agreement(found, reference, 15)
    pairs = answer.of_found[answer.of_found >= 0]
    assert len(np.unique(pairs)) == len(pairs)
    assert (np.diff(pairs) > 0).all()
    assert (np.abs(answer.shift) <= 15).all()
    assert answer.n_matched == most_pairs(found, reference, 15)


def test_a_beat_takes_the_nearer_mark_and_a_mark_the_nearer_beat() -> None:
    assert beat_agreement([100], [92, 101], 10).of_found.tolist() == [1]
    assert beat_agreement([92, 101], [100], 10).of_found.tolist() == [-1, 0]
    nothing = beat_agreement([], [], 10)
    assert np.isnan([nothing.sensitivity, nothing.ppv]).all()
    with pytest.raises(ValueError, match="`found` must rise"):
        beat_agreement([5, 3], [4], 1)
    with pytest.raises(ValueError, match="`tolerance` is -1"):
        beat_agreement([5], [4], -1)
    with pytest.raises(ValueError, match="`reference` has shape"):
        beat_agreement([5], [4.5], 1)


def test_intervals_beside_marks_that_are_not_normal_are_left_out() -> None:
    x, beats = beating()
    symbols = ["N"] * len(beats)
    symbols[50] = "V"
    found = report(record_of(x, beats=np.delete(beats, 80), symbols="".join(np.delete(symbols, 80)), start=0))
    assert found.agreement.n_matched == len(beats) - 1
    assert found.agreement.sensitivity == 1
    assert found.agreement.ppv == pytest.approx(1 - 1 / len(beats))
    assert np.flatnonzero(~found.normal).tolist() == [49, 50, 79, 80]
    assert np.isnan(found.rr[[49, 50, 79, 80]]).all()
    assert found.hrv.n_intervals.tolist() == [len(beats) - 5]
    np.testing.assert_allclose(found.t, found.beats[1:] / 250)


def test_a_part_of_a_record_keeps_its_clock() -> None:
    x, beats = beating()
    whole = report(record_of(x, beats=beats, symbols="N" * len(beats)), window_s=20)
    part = report(record_of(x[5000:], beats=beats[beats > 5000], symbols="N" * (beats > 5000).sum(), start=5000))
    assert part.agreement.n_matched == (beats > 5000).sum()
    assert part.t[0] == whole.t[np.flatnonzero(whole.beats > 5000)[0]]
    assert "0:00:21" in str(whole)


@pytest.mark.parametrize(
    "x", [np.zeros(0), np.zeros(500), np.full(3000, np.nan), np.r_[np.zeros(400), 1, np.zeros(900)]]
)
def test_a_record_with_few_beats_or_none(x, tmp_path) -> None:
    pytest.importorskip("matplotlib")
    found = report(record_of(x))
    assert "found" in str(found)
    found.plot(tmp_path / "picture.png")
    assert (tmp_path / "picture.png").stat().st_size > 10_000


def test_the_lead_of_an_electrocardiogram_is_taken_first() -> None:
    x = np.zeros((3, 500))
    for leads, expected in ((("ABP", "RESP", "V5"), "V5"), (("PLETH", "MLII", "V1"), "MLII"), (("a", "b", "c"), "a")):
        record = Record("made", 250.0, x, leads, ("mV",) * 3, (1,) * 3)
        assert report(record).lead == expected
        assert report(record, 1).lead == leads[1]
    with pytest.raises(ValueError, match="no signals"):
        report(Record("made", 250.0, x[:0], (), (), ()))


def write_wfdb(folder, x, fs):
    samples = np.rint(x * 1000).astype("<i2")
    check = int(samples.astype(int).sum()) % 65536
    check -= 65536 * (check > 32767)
    header = f"made 1 {fs} {len(x)}\nmade.dat 16 1000/mV 16 0 {samples[0]} {check} 0 II\n# a comment\n"
    (folder / "made.hea").write_text(header)
    samples.tofile(folder / "made.dat")


def test_the_command(tmp_path, monkeypatch, capsys) -> None:
    pytest.importorskip("matplotlib")
    x, beats = beating()
    write_wfdb(tmp_path, x, 250)
    monkeypatch.chdir(tmp_path)
    assert main(["ecg", "made", "--window", "20s", "--measures", "m.csv"]) == 0
    out = capsys.readouterr().out
    assert f"beats       {len(beats)} found" in out
    assert "reference   none" in out
    assert "  a comment" in out
    assert (tmp_path / "made-ecg.png").is_file()
    with open("m.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["start_s"]) for row in rows] == pytest.approx(
        beats[0] / 250 + 20 * np.arange(len(rows)), abs=0.05
    )
    assert all(float(row["HRV_RMSSD"]) > 0 for row in rows)
    assert main(["ecg", "made", "--lead", "V9", "--no-picture"]) == 2
    assert "there is no signal 'V9'" in capsys.readouterr().err
    assert main(["ecg", "nothing", "--no-picture"]) == 2


@pytest.mark.data
def test_the_command_on_record_100(data_dir, capsys) -> None:
    assert main(["ecg", str(data_dir / "mitdb/100"), "--no-picture"]) == 0
    out = capsys.readouterr().out
    assert "2,273 beats of 'atr': 2,239 N, 33 A, 1 V" in out
    assert "within 25 ms: sensitivity 1.0000, positive predictive value 1.0000" in out
    assert "180 of 180 stretches of 10 s acceptable" in out
    assert "P, 2,2" in out
    assert max(map(len, out.splitlines())) <= 120
