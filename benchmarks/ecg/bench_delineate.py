"""delineate beside NeuroKit2's wavelet method: ten minutes of MIT-BIH record 100."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from contenders import measure
from marey.ecg import delineate, qrs_detect
from marey.waveforms import read_wfdb

DATA = Path(os.environ.get("MAREY_DATA", Path(__file__).parents[3] / "shared" / "data"))


@pytest.mark.filterwarnings("ignore::Warning")
@pytest.mark.parametrize("contender", ["marey", "NeuroKit2 dwt"])
def test_ten_minutes(benchmark, contender):
    if not (DATA / "mitdb").is_dir():
        pytest.skip("no real recordings: set MAREY_DATA to their folder")
    x = read_wfdb(DATA / "mitdb" / "100", stop=360 * 600)["MLII"]
    beats = qrs_detect(x, 360)
    expected = delineate(x, 360, beats)

    def of_neurokit():
        nk = pytest.importorskip("neurokit2", reason="NeuroKit2 is not installed")
        return nk.ecg_delineate(x, beats, sampling_rate=360, method="dwt")[1]

    def check(answer):
        if contender != "marey":  # P peaks and QRS onsets agree; T waves are another matter (see the page)
            for name, ours in (("ECG_P_Peaks", expected.p_peak), ("ECG_R_Onsets", expected.qrs_onset)):
                theirs = np.array(answer[name], float)
                both = np.isfinite(theirs) & (ours >= 0)
                assert both.mean() > 0.95
                assert (
                    np.quantile(np.abs(theirs[both] - ours[both]), 0.9) <= 0.035 * 360
                )  # the P waves here have broad, flat tops

    function = of_neurokit if contender != "marey" else lambda: delineate(x, 360, beats)
    measure(benchmark, "delineate, 10 min at 360 Hz", contender, function, check=check, rounds=3)
