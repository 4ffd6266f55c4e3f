"""The PhysioNet/CinC Challenge 2012 read with the standard library: slow, plain, for well-formed files alone."""

from __future__ import annotations

import csv
import io
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["PlainStay", "archive_texts", "read_stay", "read_stays"]

GENERAL = ("Age", "Gender", "Height", "ICUType")


@dataclass
class PlainStay:
    subject_id: int = -1
    descriptors: dict[str, float] = field(default_factory=dict)
    events: list[tuple[int, str, float]] = field(default_factory=list)  # minute, variable, value
    rows: int = 0


def read_stay(text: str) -> PlainStay:
    stay = PlainStay()
    rows = csv.reader(io.StringIO(text))
    if next(rows) != ["Time", "Parameter", "Value"]:
        raise ValueError("no header")
    for time, parameter, value in rows:
        stay.rows += 1
        hours, minutes = time.split(":")
        minute = int(hours) * 60 + int(minutes)
        if parameter == "RecordID":
            stay.subject_id = int(value)
        elif parameter in GENERAL or (parameter == "Weight" and minute == 0 and "Weight" not in stay.descriptors):
            stay.descriptors[parameter] = float("nan") if float(value) == -1 else float(value)
        else:
            stay.events.append((minute, parameter, float(value)))
    stay.events.sort(key=lambda event: event[0])
    return stay


def archive_texts(path: Path) -> Iterator[str]:
    with tarfile.open(path) as archive:
        for member in archive:
            if member.isfile():
                opened = archive.extractfile(member)
                if opened is not None:
                    yield opened.read().decode()


def read_stays(texts: Iterable[str]) -> list[PlainStay]:
    return sorted((read_stay(text) for text in texts), key=lambda stay: stay.subject_id)
