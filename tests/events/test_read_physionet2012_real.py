"""The real sets, against a plain Python reader written apart."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from marey.events import Events, read_physionet2012
from marey.reference.physionet2012 import PlainStay, archive_texts, read_stays

pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def sets(data_dir: Path) -> Path:
    folder = data_dir / "physionet2012"
    if not folder.is_dir():
        pytest.skip(f"no sets of the challenge in {folder}")
    return folder


@pytest.fixture(scope="module", params=["a", "b"])
def letter(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def events(sets: Path, letter: str) -> Events:
    return read_physionet2012(sets / f"set-{letter}.tar.gz")


@pytest.fixture(scope="module")
def plain(sets: Path, letter: str) -> list[PlainStay]:
    return read_stays(archive_texts(sets / f"set-{letter}.tar.gz"))


def test_every_event_is_that_of_the_plain_reader(events: Events, plain: list[PlainStay]) -> None:
    assert events.subject_id.tolist() == [stay.subject_id for stay in plain]
    assert np.diff(events.offsets).tolist() == [len(stay.events) for stay in plain]
    flat = [event for stay in plain for event in stay.events]
    assert events.time.tolist() == [minute / 60 for minute, _, _ in flat]
    assert [events.vocab[c] for c in events.code] == [name for _, name, _ in flat]
    np.testing.assert_array_equal(events.value, np.array([value for _, _, value in flat], np.float32))


def test_every_descriptor_is_that_of_the_plain_reader(events: Events, plain: list[PlainStay]) -> None:
    assert list(events.statics) == ["Age", "Gender", "Height", "ICUType", "Weight"]
    for name, column in events.statics.items():
        expected = np.array([stay.descriptors[name] for stay in plain], np.float32)
        np.testing.assert_array_equal(column, expected, err_msg=name)


def test_every_label_is_that_of_the_outcomes_file(events: Events, sets: Path, letter: str) -> None:
    with open(sets / f"Outcomes-{letter}.txt", newline="") as file:
        rows = {int(row["RecordID"]): row for row in csv.DictReader(file)}
    columns = {
        "saps_i": "SAPS-I",
        "sofa": "SOFA",
        "length_of_stay": "Length_of_stay",
        "survival": "Survival",
        "in_hospital_death": "In-hospital_death",
    }
    assert set(events.labels) == set(columns)
    for name, column in columns.items():
        assert events.labels[name].tolist() == [int(rows[i][column]) for i in events.subject_id.tolist()]


def test_the_report_accounts_for_every_row(events: Events, plain: list[PlainStay]) -> None:
    report = events.report
    assert report is not None
    assert report.files == len(plain) == len(events) == 4000
    assert report.rows == sum(stay.rows for stay in plain)
    assert report.rows - report.rows_skipped == len(events.time) + 6 * len(events)
    assert (report.skipped, report.ignored, report.outcomes_unused) == ((), (), 0)


def test_threads_do_not_change_the_result(events: Events, sets: Path, letter: str) -> None:
    assert events.equals(read_physionet2012(sets / f"set-{letter}.tar.gz", threads=1))


def test_the_sets_share_one_vocabulary_of_37_variables(events: Events) -> None:
    assert len(events.vocab) == 37
    assert list(events.vocab) == sorted(events.vocab)
    assert (events.counts().sum(0) > 0).all()
