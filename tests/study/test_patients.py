"""Phenotypes and the matched comparison on made stays whose answer is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("marey._rust")
pytest.importorskip("torch")
from made_result import made_result

from marey.study.p12.matched import matched
from marey.study.p12.phenotypes import phenotypes
from marey.study.p12.report import write_report
from marey.study.p12.synthetic import synthetic_stays


def two_kinds(n: int = 240):
    """Every second stay has a heart rate and a temperature far above those of the others."""
    events = synthetic_stays(n, seed=3)
    odd = events.subject_index % 2 == 1
    value = events.value.copy()
    for name, step in (("HR", 90.0), ("Temp", 6.0), ("Urine", 900.0)):
        value[odd & (events.code == events.vocab.index(name))] += step
    return replace(events, value=value)


def test_what_differs_leads_the_phenotypes() -> None:
    events = two_kinds()
    died = np.arange(len(events)) % 2 == 1
    found = phenotypes(events, died)
    assert found.stays.sum() == len(events)
    assert (np.diff(found.stays) <= 0).all()
    share = found.deaths / found.stays
    assert ((share < 0.1) | (share > 0.9)).all()
    ill = share > 0.5
    assert {"HR", "Temp"} <= {str(name) for name in found.leading[ill].ravel()}
    assert (found.deaths == [died[found.label == k].sum() for k in range(len(found.stays))]).all()
    again = phenotypes(events, died)
    for name, values in found.arrays().items():
        np.testing.assert_array_equal(values, again.arrays()[name])


def test_the_matched_are_alike_and_counted_right() -> None:
    events = synthetic_stays(1500, seed=5)
    died = events.labels["in_hospital_death"] == 1
    found = matched(events, died)
    assert found.exposed + found.unexposed == 1500
    assert 0 < found.pairs <= min(found.exposed, found.unexposed)
    difference = found.died_exposed[1] - found.died_unexposed[1]
    np.testing.assert_allclose(found.difference[0], difference, atol=1e-12)
    assert found.difference[1] < found.difference[0] < found.difference[2]
    assert np.abs(found.smd_after).max() < 0.1
    assert "MechVent" not in found.names
    assert "GCS" not in found.names
    assert "MechVent" not in matched(events, died, "WBC").names


def test_exposures_that_cannot_be_compared() -> None:
    events = synthetic_stays(60, seed=5)
    died = np.zeros(60, dtype=bool)
    with pytest.raises(ValueError, match="`exposure` is 'Tea'; expected a variable"):
        matched(events, died, "Tea")
    nobody = replace(events, value=np.where(events.code == events.vocab.index("MechVent"), 0, events.value))
    with pytest.raises(ValueError, match="0 of 60 stays have `exposure` 'MechVent'"):
        matched(nobody, died)


def test_the_report_shows_both(tmp_path) -> None:
    events = synthetic_stays(600, seed=5)
    died = events.labels["in_hospital_death"] == 1
    result = made_result(phenotypes=phenotypes(events, died), matched=matched(events, died))
    html = write_report(result, tmp_path).read_text()
    for words in (
        "Who is like whom",
        'id="phenotype-map"',
        'id="love"',
        "Not the effect of MechVent.",
        'href="#patients"',
    ):
        assert words in html
    without = write_report(made_result(), tmp_path).read_text()
    assert "patients" not in [part.split('"')[0] for part in without.split('id="')]
