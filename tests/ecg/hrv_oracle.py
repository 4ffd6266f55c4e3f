"""Writes hrv_oracle.json: NeuroKit2's measures of made intervals, and of MIT-BIH record 100 (its folder is $1).

python tests/ecg/hrv_oracle.py ../shared/data/mitdb
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import neurokit2
import numpy as np
import pandas as pd

from marey.waveforms import read_wfdb


def measures(rr: np.ndarray, t: np.ndarray) -> dict[str, float]:
    told = {"RRI": rr.copy(), "RRI_Time": t.copy()}
    frames = [neurokit2.hrv_time(told), neurokit2.hrv_nonlinear(told)]
    return {name: float(value) for name, value in pd.concat(frames, axis=1).iloc[0].items()}


def main() -> None:
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(0)
    n = np.arange(320)
    breathing = np.round(820 + 45 * np.sin(2 * np.pi * 0.23 * n) + 20 * np.sin(0.02 * n) + 18 * rng.normal(size=320), 1)
    wandering = np.round(700 + np.cumsum(rng.normal(scale=6, size=240)), 1)
    t = np.cumsum(breathing) / 1000
    gaps = (n % 50 != 7) & ~((n > 100) & (n < 112))
    beats = read_wfdb(Path(sys.argv[1]) / "100").annotations.beats
    real = np.diff(beats) / 360 * 1000
    series = {
        "breathing": (breathing, t),
        "wandering": (wandering, np.cumsum(wandering) / 1000),
        "gaps": (breathing[gaps], t[gaps]),
        "short": (breathing[:30], t[:30]),
    }
    kept = {
        name: {"rr": rr.tolist(), "t": time.tolist(), "measures": measures(rr, time)}
        for name, (rr, time) in series.items()
    }
    kept["mitdb 100"] = {"measures": measures(real, np.cumsum(real) / 1000)}
    about = {"neurokit2": neurokit2.__version__, "numpy": np.__version__}
    path = Path(__file__).with_suffix(".json")
    path.write_text(json.dumps({"versions": about, "series": kept}, indent=1) + "\n")


if __name__ == "__main__":
    main()
