"""hrv beside NeuroKit2: all measures of half an hour, MIT-BIH record 100 with its 2,273 beats; and of 1,000 windows."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

import marey
from contenders import measure
from marey.ecg import hrv
from marey.waveforms import read_wfdb

DATA = Path(os.environ.get("MAREY_DATA", Path(__file__).parents[3] / "shared" / "data"))
COMMON = ("HRV_SDNN", "HRV_RMSSD", "HRV_SD2", "HRV_DFA_alpha1", "HRV_SampEn", "HRV_FuzzyEn", "HRV_MSEn", "HRV_LZC")


def intervals() -> np.ndarray:
    if not (DATA / "mitdb").is_dir():
        pytest.skip("no real recordings: set MAREY_DATA to their folder")
    record = read_wfdb(DATA / "mitdb" / "100")
    return np.diff(record.annotations.beats) / record.fs * 1000


def of_neurokit(rr: np.ndarray) -> dict[str, float]:
    nk = pytest.importorskip("neurokit2", reason="NeuroKit2 is not installed")
    told = {"RRI": rr, "RRI_Time": np.cumsum(rr) / 1000}
    frames = (nk.hrv_time(told), nk.hrv_frequency(told), nk.hrv_nonlinear(told))
    return {name: frame[name].iloc[0] for frame in frames for name in frame}


@pytest.mark.filterwarnings("ignore::Warning")
@pytest.mark.parametrize("contender", ["marey", "NeuroKit2"])
def test_half_an_hour(benchmark, contender):
    rr = intervals()
    expected = hrv(rr)

    def check(answer):
        for name in COMMON:
            np.testing.assert_allclose(answer[name], expected[name][0], rtol=1e-8)

    marey.set_num_threads(1)
    try:
        function = {"marey": lambda: hrv(rr), "NeuroKit2": lambda: of_neurokit(rr)}[contender]
        measure(
            benchmark, "hrv, 2,272 intervals", contender, function, check=check, rounds=1 if "K" in contender else 7
        )
    finally:
        marey.set_num_threads(0)


@pytest.mark.parametrize("threads", [1, 2])
def test_windows(benchmark, threads):
    rr = np.tile(intervals(), 180)  # 90 hours
    marey.set_num_threads(threads)
    try:
        call = lambda: hrv(rr, windows=300.0)  # noqa: E731
        measure(benchmark, "hrv, 1,083 windows of 5 min", f"marey, threads: {threads}", call, threads=threads)
    finally:
        marey.set_num_threads(0)
