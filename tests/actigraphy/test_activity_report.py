"""The report of a made recording of days, and `marey activity` from a file to a picture."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from marey import actigraphy, cli

REAL = Path(os.environ.get("MAREY_DATA", "")) / "axivity" / "ax3_testfile.cwa"
FS = 30


def three_days() -> SimpleNamespace:
    """From noon on: active from 8 to 23, asleep with a turn every 20 minutes from 23 to 8, off on the last evening."""
    rng = np.random.default_rng(0)
    seconds = np.arange(int(2.5 * 86400))
    hour = (12 + seconds / 3600) % 24
    day = (hour >= 8) & (hour < 23)
    turn = np.cumsum(np.where(day, rng.random(len(seconds)) < 0.3, seconds % 1200 == 0))
    of = rng.normal(size=(3, turn[-1] + 1))
    posture = (of / np.linalg.norm(of, axis=0))[:, turn]
    acc = np.repeat(posture, FS, axis=1)
    t = np.arange(acc.shape[1]) / FS
    vigour = np.repeat(np.where(day, 0.15, 0.0), FS)
    acc = acc * (1 + vigour * np.sin(2 * np.pi * 1.5 * t)) / 1.02 + rng.normal(0, 0.003, acc.shape)
    off = slice(int(2.3 * 86400) * FS, None)
    acc[:, off] = np.array([[0], [0], [1 / 1.02]]) + rng.normal(0, 0.001, acc[:, off].shape)
    acc[:, 3000 * FS : 3600 * FS] = np.nan
    return SimpleNamespace(uniform=lambda fs: acc, fs=FS, start=datetime(2024, 3, 1, 12), device=7)


def test_a_report_of_days(tmp_path) -> None:
    pytest.importorskip("matplotlib")
    found = actigraphy.report(three_days(), name="made")
    assert found.calibration.reason == ""
    np.testing.assert_allclose(found.calibration.scale, 1.02, atol=2e-3)
    assert [f"{d.date:%d}" for d in found.days] == ["01", "02", "03"]
    for day in found.days[1:]:
        assert abs((day.onset - day.date).total_seconds() + 3600) < 900
        assert abs((day.wake - day.date).total_seconds() - 8 * 3600) < 900
        assert 7.5 < day.asleep_h <= 9.2
    assert found.days[0].onset is None
    assert found.days[1].worn_h == pytest.approx(24, abs=0.3)
    assert found.days[2].worn_h == pytest.approx(19.2, abs=0.6)
    full = found.days[1]
    assert full.m10_l5.m10 > 5 * full.m10_l5.l5
    assert sum(full.minutes) == pytest.approx(60 * full.worn_h, abs=1)
    assert full.minutes[0] > 500
    assert full.counts > 1000
    assert found.epochs.observed.mean() == pytest.approx(1 - 600 / (2.5 * 86400))
    text = str(found)
    assert "2024-03-02" in text
    assert "asleep" in text
    assert "interdaily stability" in text
    found.plot(tmp_path / "days.png")
    assert (tmp_path / "days.png").stat().st_size > 20_000
    found.to_csv(tmp_path / "epochs.csv")
    lines = (tmp_path / "epochs.csv").read_text().splitlines()
    assert len(lines) == found.epochs.n_epochs + 1
    assert lines[1].startswith("2024-03-01T12:00:00.000,")


@pytest.mark.data
@pytest.mark.skipif(not REAL.is_file(), reason="the recording of an AX3 is not in $MAREY_DATA")
def test_the_command_on_a_real_recording(tmp_path, capsys) -> None:
    pytest.importorskip("matplotlib")
    picture = tmp_path / "day.png"
    assert cli.main(["activity", str(REAL), "--picture", str(picture), "--epochs", str(tmp_path / "e.csv")]) == 0
    told = capsys.readouterr().out
    assert "at 100 Hz from 2019-02-26 10:55:06" in told
    assert "at least 10 are needed" in told
    assert "worn        2.9 min; samples missing 0.0%" in told
    assert "2019-02-26     0.05" in told
    assert picture.stat().st_size > 10_000


def test_the_command_tells_what_is_wrong(tmp_path, capsys) -> None:
    (tmp_path / "x.cwa").write_bytes(b"MD")
    assert cli.main(["activity", str(tmp_path / "x.cwa"), "--no-picture"]) == 2
    assert "the file ends within the header (byte 2)" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_told_by_its_name(tmp_path, capsys) -> None:
    assert cli.main(["activity", str(tmp_path / "none.cwa"), "--no-picture"]) == 2
    assert capsys.readouterr().err == f"marey: {tmp_path / 'none.cwa'}: No such file or directory\n"
