"""What a reader saw: how much was read, and each thing that was not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["ReadReport", "Skipped"]


class Skipped(NamedTuple):
    """One line, or one whole file (``line`` 0, ``text`` empty), that was not read, and why."""

    file: str
    line: int
    text: str
    reason: str

    def __str__(self) -> str:
        where = f"{self.file}, line {self.line}" if self.line else self.file
        return f"{where}: {self.reason}" + (f": {self.text!r}" if self.text else "")


@dataclass(frozen=True)
class ReadReport:
    """The account of one read.

    Attributes
    ----------
    files
        Files of stays that were found.
    rows
        Rows present in them: lines that are neither blank nor the header.
    rows_skipped
        Rows that are in no part of the result, those of skipped stays included. The other ``rows - rows_skipped``
        are events, or general descriptors of a stay.
    stays_skipped
        Files that gave no stay.
    skipped
        Each skipped line and file with its reason: of one file at most the first 100 lines, which ``rows_skipped``
        counts in full.
    ignored
        Names of the files that are not stays and were left alone.
    outcomes_unused
        Rows of the outcomes file whose stay was not read.
    """

    files: int
    rows: int
    rows_skipped: int = 0
    stays_skipped: int = 0
    skipped: tuple[Skipped, ...] = ()
    ignored: tuple[str, ...] = ()
    outcomes_unused: int = 0

    def __str__(self) -> str:
        text = f"{self.files:,} files, {self.rows:,} rows"
        if self.rows_skipped or self.skipped:
            text += f"; skipped {self.rows_skipped:,} rows and {self.stays_skipped:,} stays: {self.skipped[0]}"
            if len(self.skipped) > 1:
                text += f" (and {len(self.skipped) - 1:,} more in `skipped`)"
        return text
