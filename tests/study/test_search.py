"""The search for models that need less measuring."""

import json
from dataclasses import replace

import numpy as np
import pytest

from marey.study.p12 import search as module
from marey.study.p12.report import write_report
from marey.study.p12.search import BEDSIDE, Candidate, draws_per_day, search
from marey.study.p12.synthetic import synthetic_stays

from study_result import FOUND  # isort: skip


@pytest.fixture(scope="module")
def stays():
    return synthetic_stays(120, seed=3)


def test_draws_are_counted_once_a_moment_and_only_for_the_laboratory(stays):
    lab = tuple(name for name in stays.vocab if name not in BEDSIDE)
    assert draws_per_day(stays, ("HR", "Temp", "GCS")) == 0
    one, both, every = (draws_per_day(stays, names) for names in (("BUN",), ("BUN", "Creatinine"), lab))
    assert 0 < one <= both <= every
    # Counted by hand for the first channel.
    subject = stays.subject_index
    moments = {
        (int(s), float(t))
        for s, t, c, v in zip(subject, stays.time, stays.code, stays.value, strict=True)
        if stays.vocab[c] == "BUN" and np.isfinite(v) and t <= 48
    }
    assert one == pytest.approx(len(moments) / len(stays) / 2)


def test_the_stand_in_sees_only_its_channels_and_more_cost_more(stays):
    stand_in = module._StandIn(stays, seed=0)
    few, many = Candidate(("HR", "BUN"), 2, 0, 8, 1, 8), Candidate(tuple(stays.vocab), 5, 8, 32, 4, 32)
    cheap, dear = stand_in(few), stand_in(many)
    assert all(a < b for a, b in zip(cheap[1:], dear[1:], strict=True))
    before = stand_in.area(few)
    stand_in.X[:, stand_in.column["Lactate last"]] = 0
    assert stand_in.area(few) == before


def test_weights_are_rounded_to_the_bits():
    w = np.linspace(-1, 1, 1001)
    assert len(np.unique(module._rounded(w, 8))) == 255
    assert np.abs(module._rounded(w, 8) - w).max() <= 0.5 / 127 + 1e-12
    assert np.abs(module._rounded(w, 16) - w).max() < 1e-3


@pytest.mark.slow
def test_a_search_trains_what_it_shows(stays, monkeypatch):
    monkeypatch.setattr(module, "EPOCHS", 1)
    found = search(stays, 2.0, seed=0, say=lambda line: None)
    assert json.loads(json.dumps(found))["evaluated"] == found["evaluated"]
    assert found["evaluated"] >= 48
    knee = found["trained"][found["knee"]]
    assert 0 <= knee["auroc"] <= 1
    assert knee["folds"] >= 1
    for row in found["front"]:
        # The front: none is beaten on all four.
        worse = [[-r["auroc"], r["draws_per_day"], r["latency_us"], r["bytes"]] for r in found["front"]]
        mine = [-row["auroc"], row["draws_per_day"], row["latency_us"], row["bytes"]]
        assert not any(all(a < b for a, b in zip(other, mine, strict=True)) for other in worse)


def test_the_report_shows_the_search(tmp_path):
    from made_result import made_result

    text = write_report(replace(made_result(), search=FOUND), tmp_path).read_text()
    assert "With less measuring" in text
    assert "(the knee)" in text
    assert json.loads((tmp_path / "report.json").read_text())["search"]["knee"] == 1
    assert "With less measuring" not in write_report(made_result(), tmp_path).read_text()
