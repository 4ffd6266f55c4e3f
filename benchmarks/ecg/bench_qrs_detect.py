"""qrs_detect beside sleepecg (C) and wfdb's XQRS: half an hour at 360 Hz, one lead and 16, one thread each."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

import marey
from contenders import measure
from marey.ecg import beat_agreement, qrs_detect
from marey.waveforms import read_wfdb

DATA = Path(os.environ.get("MAREY_DATA", Path(__file__).parents[3] / "shared" / "data"))


def of_sleepecg(leads: np.ndarray) -> list[np.ndarray]:
    sleepecg = pytest.importorskip("sleepecg", reason="sleepecg is not installed")
    return [sleepecg.detect_heartbeats(lead, 360) for lead in leads]


def of_xqrs(leads: np.ndarray) -> list[np.ndarray]:
    processing = pytest.importorskip("wfdb.processing", reason="wfdb is not installed")
    return [processing.xqrs_detect(lead, fs=360, verbose=False) for lead in leads]


def of_marey(leads: np.ndarray) -> list[np.ndarray]:
    indices, offsets = qrs_detect(leads, 360)
    return np.split(indices, offsets[1:-1])


@pytest.mark.filterwarnings("ignore::Warning")
@pytest.mark.parametrize("n_leads", [1, 16])
@pytest.mark.parametrize("contender", ["marey float64", "marey float32", "sleepecg", "wfdb xqrs"])
def test_half_an_hour(benchmark, n_leads, contender):
    if n_leads > 1 and contender == "wfdb xqrs":
        pytest.skip("a Python loop a lead: sixteen times the row of one")
    if not (DATA / "mitdb").is_dir():
        pytest.skip("no real recordings: set MAREY_DATA to their folder")
    record = read_wfdb(DATA / "mitdb" / "100")
    rng = np.random.default_rng(0)
    # Leads of different noise and height; the first is the record's own.
    leads = np.stack([(1 - 0.04 * k) * record["MLII"] + 0.004 * k * rng.normal(size=650_000) for k in range(n_leads)])
    single = leads.astype("float32")
    functions = {
        "marey float64": lambda: of_marey(leads),
        "marey float32": lambda: of_marey(single),
        "sleepecg": lambda: of_sleepecg(leads),
        "wfdb xqrs": lambda: of_xqrs(leads),
    }

    def check(answer):
        assert len(answer) == n_leads
        for found in answer:
            agreement = beat_agreement(np.asarray(found, np.int64), record.annotations.beats, 54)
            assert agreement.sensitivity > 0.99
            assert agreement.ppv > 0.99

    marey.set_num_threads(1)
    try:
        name = f"qrs_detect, {n_leads} x 30 min at 360 Hz"
        rounds = 1 if contender == "wfdb xqrs" else 7
        measure(benchmark, name, contender, functions[contender], check=check, rounds=rounds)
    finally:
        marey.set_num_threads(0)
