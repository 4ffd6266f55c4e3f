"""The outcomes files of the PhysioNet/CinC Challenge 2012: one row a stay."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from marey.events.events import Array
from marey.events.report import Skipped

__all__ = ["Outcomes", "find_outcomes", "read_outcomes"]

_HEADER = "RecordID,SAPS-I,SOFA,Length_of_stay,Survival,In-hospital_death"
_LABELS = ("saps_i", "sofa", "length_of_stay", "survival", "in_hospital_death")
_ROW = re.compile(r"[0-9]{1,18}(,-?[0-9]{1,9}){4},[01]")


@dataclass(frozen=True)
class Outcomes:
    name: str
    rows: NDArray[np.int64]  # (M, 6), the columns of the header, by ascending RecordID
    skipped: list[Skipped]

    def join(self, subject_id: NDArray[np.int64]) -> tuple[dict[str, Array], NDArray[np.bool_], int]:
        """Labels of each subject (0 where it has none), whether it has them, and how many rows went unused."""
        at = np.searchsorted(self.rows[:, 0], subject_id)
        found = np.zeros(len(subject_id), bool)
        inside = at < len(self.rows)
        found[inside] = self.rows[at[inside], 0] == subject_id[inside]
        values = np.zeros((len(subject_id), len(_LABELS)), np.int32)
        values[found] = self.rows[at[found], 1:]
        labels: dict[str, Array] = {"in_hospital_death": values[:, -1].astype(np.int8)}
        labels |= {name: values[:, i].copy() for i, name in enumerate(_LABELS[:-1])}
        return labels, found, len(self.rows) - int(found.sum())


def find_outcomes(path: Path) -> Path:
    path = path.absolute()
    folders = [path, path.parent] if path.is_dir() else [path.parent]
    named = re.search(r"set-([a-z])", path.name)
    pattern = f"Outcomes-{named[1]}.txt" if named else "Outcomes-*.txt"
    found = [file for folder in folders for file in sorted(folder.glob(pattern))]
    if not found:
        raise FileNotFoundError(
            f"no {pattern} in or beside {path}; pass `outcomes`, the file's path, or outcomes=False to read no labels"
        )
    if len(found) > 1 and not named:
        raise ValueError(f"{', '.join(f.name for f in found)} stand beside {path}; pass the right one as `outcomes`")
    return found[0]


def read_outcomes(path: Path) -> Outcomes:
    text = path.read_text(encoding="utf-8-sig", errors="backslashreplace")
    lines = [line.rstrip("\r") for line in text.split("\n")]
    skipped = []
    if not lines or lines[0] != _HEADER:
        skipped.append(Skipped(path.name, 1, lines[0][:120] if lines else "", f"the first line is not `{_HEADER}`"))
    rows: dict[int, tuple[int, ...]] = {}
    for number, line in enumerate(lines[1:], 2):
        if not line:
            continue
        if not _ROW.fullmatch(line):
            skipped.append(Skipped(path.name, number, line[:120], "a row has six whole numbers, the last 0 or 1"))
            continue
        row = tuple(map(int, line.split(",")))
        if row[0] in rows:
            skipped.append(Skipped(path.name, number, line, "another row holds the same stay"))
        else:
            rows[row[0]] = row
    table = np.array(sorted(rows.values()), np.int64).reshape(-1, len(_LABELS) + 1)
    return Outcomes(path.name, table, skipped)
