"""Set A of the PhysioNet/CinC Challenge 2012 (4,000 texts in one .tar.gz) to flat arrays, wall time."""

from __future__ import annotations

import csv
import io
import os
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contenders import measure
from marey import get_num_threads
from marey.events import read_physionet2012

DATA = Path(os.environ.get("MAREY_DATA", Path(__file__).parents[3] / "shared" / "data")) / "physionet2012"
ARCHIVE = DATA / "set-a.tar.gz"
DESCRIPTORS = ("Age", "Gender", "Height", "ICUType", "Weight")
CORES = get_num_threads()

Columns = dict[str, Any]  # subject_id, offsets, minute, name, value, statics


def marey(threads: int) -> Callable[[], Columns]:
    def read() -> Any:
        return read_physionet2012(ARCHIVE, outcomes=False, threads=threads)

    return read


def texts() -> Iterator[bytes]:
    with tarfile.open(ARCHIVE) as archive:
        for member in archive:
            if member.isfile():
                yield archive.extractfile(member).read()


def csv_module() -> Columns:
    """A loop over csv.reader that appends to flat lists."""
    subject_id, sizes, minutes, names, values = [], [], [], [], []
    statics: dict[str, list[float]] = {name: [] for name in DESCRIPTORS}
    for text in texts():
        rows = csv.reader(io.StringIO(text.decode()))
        next(rows)
        before = len(values)
        of_stay = dict.fromkeys(DESCRIPTORS, -1.0)
        weight_seen = False
        for time, name, value in rows:
            minute = int(time[:2]) * 60 + int(time[3:])
            if name == "RecordID":
                subject_id.append(int(value))
            elif name in of_stay and (name != "Weight" or (minute == 0 and not weight_seen)):
                of_stay[name] = float(value)
                weight_seen = weight_seen or name == "Weight"
            else:
                minutes.append(minute)
                names.append(name)
                values.append(float(value))
        sizes.append(len(values) - before)
        for name, value in of_stay.items():
            statics[name].append(value)
    return columns(subject_id, sizes, minutes, names, values, statics)


def pandas_per_file() -> Columns:
    """pandas.read_csv of every file, then one concat and whole-column work."""
    pandas = pytest.importorskip("pandas")
    frames = [pandas.read_csv(io.BytesIO(text)) for text in texts()]
    frame = pandas.concat(frames, keys=range(len(frames)), names=["stay"]).reset_index("stay")
    return from_columns(
        frame["stay"].to_numpy(), frame["Time"].to_numpy(), frame["Parameter"].to_numpy(), frame["Value"].to_numpy()
    )


def polars_joined() -> Columns:
    """All files joined into one text for a single polars.read_csv: what a hurried expert would do."""
    polars = pytest.importorskip("polars")
    joined = b"Time,Parameter,Value\n" + b"".join(text.partition(b"\n")[2] for text in texts())
    frame = polars.read_csv(joined).with_columns(
        stay=(polars.col("Parameter") == "RecordID").cum_sum() - 1,
        minute=polars.col("Time").str.slice(0, 2).cast(polars.Int32) * 60
        + polars.col("Time").str.slice(3).cast(polars.Int32),
        Parameter=polars.col("Parameter").cast(polars.Categorical),
    )
    general = polars.col("Parameter").is_in(["RecordID", *DESCRIPTORS[:4]])
    weight = (polars.col("Parameter") == "Weight") & (polars.col("minute") == 0)
    first = weight & (weight.cast(polars.Int32).cum_sum().over("stay") == 1)
    described = frame.filter(general | first).pivot("Parameter", index="stay", values="Value")
    events = frame.filter(~(general | first))
    sizes = np.bincount(events["stay"].to_numpy(), minlength=len(described))
    statics = {name: described[name].fill_null(-1).to_numpy() for name in DESCRIPTORS}
    return columns(
        described["RecordID"].to_numpy(),
        sizes,
        events["minute"].to_numpy(),
        events["Parameter"],
        events["Value"].to_numpy(),
        statics,
    )


def from_columns(stay: Any, time: Any, name: Any, value: Any) -> Columns:
    from pandas import factorize

    at, uniques = factorize(time)
    minute = np.array([int(text[:2]) * 60 + int(text[3:]) for text in uniques])[at]
    weight = np.flatnonzero((name == "Weight") & (minute == 0))
    weight = weight[np.unique(stay[weight], return_index=True)[1]]
    described = np.isin(name, np.array(["RecordID", *DESCRIPTORS[:4]], object))
    described[weight] = True
    n = stay[-1] + 1
    statics = {key: np.full(n, -1.0) for key in ("RecordID", *DESCRIPTORS)}
    for key, column in statics.items():
        rows = described & (name == key)
        column[stay[rows]] = value[rows]
    sizes = np.bincount(stay[~described], minlength=n)
    return columns(
        statics.pop("RecordID").astype(np.int64),
        sizes,
        minute[~described],
        name[~described],
        value[~described],
        statics,
    )


def columns(subject_id: Any, sizes: Any, minutes: Any, names: Any, values: Any, statics: Any) -> Columns:
    return {
        "subject_id": np.asarray(subject_id, np.int64),
        "offsets": np.concatenate([[0], np.cumsum(sizes)]),
        "time": np.asarray(minutes) / 60,
        "name": names,
        "value": np.asarray(values, np.float32),
        "statics": {key: np.asarray(column, np.float32) for key, column in statics.items()},
    }


def check(answer: Any) -> None:
    expected = read_physionet2012(ARCHIVE, outcomes=False)
    if not isinstance(answer, dict):
        assert answer.equals(expected)
        return
    np.testing.assert_array_equal(answer["subject_id"], expected.subject_id)
    np.testing.assert_array_equal(answer["offsets"], expected.offsets)
    np.testing.assert_array_equal(answer["time"], expected.time)
    np.testing.assert_array_equal(np.asarray(answer["name"], str), np.array(expected.vocab)[expected.code])
    np.testing.assert_array_equal(answer["value"], expected.value)
    for key, column in expected.statics.items():
        np.testing.assert_array_equal(answer["statics"][key], np.where(np.isnan(column), -1, column))


@pytest.mark.skipif(not ARCHIVE.is_file(), reason=f"needs {ARCHIVE}")
@pytest.mark.parametrize(
    ("name", "read", "threads", "rounds"),
    [
        ("marey", marey(1), 1, 7),
        (f"marey, {CORES} threads", marey(CORES), CORES, 7),
        ("csv module", csv_module, 1, 2),
        ("pandas, file by file", pandas_per_file, 1, 2),
        ("polars, files joined", polars_joined, CORES, 3),
    ],
    ids=["marey", "marey-threads", "csv", "pandas", "polars"],
)
def test_read_physionet2012(benchmark: Any, name: str, read: Callable[[], Any], threads: int, rounds: int) -> None:
    measure(benchmark, "read_physionet2012 set-a.tar.gz", name, read, check=check, threads=threads, rounds=rounds)
