"""A record in memory: what the readers give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Annotations", "Record"]

# Codes of the MIT format (WFDB's ecgcodes.h) and the letters that its tools print for them.
SYMBOLS = dict(enumerate(' NLRaVFJASEj/Q~ | sT*D"=pB^t+u?![]en@xf()r'))
del SYMBOLS[0], SYMBOLS[15], SYMBOLS[17]
_BEATS = frozenset("NLRBAaJSVrFejnE/fQ?")


@dataclass(frozen=True, eq=False)
class Annotations:
    """Marks on a record, in order of the file.

    Attributes
    ----------
    sample : (n,) int64
        Sample of the mark, counted from the record's beginning.
    symbol : tuple of str
        The letter of its kind: ``N`` normal beat, ``V`` ventricular, ``+`` change of rhythm, ...
    code, subtype, channel, number : (n,) integers
        As the file holds them.
    aux : tuple of str
        Text beside the mark, such as the rhythm ``(AFIB``; mostly empty.
    name : str
        The annotator, which is the file's extension.
    """

    sample: NDArray[np.int64]
    symbol: tuple[str, ...]
    code: NDArray[np.uint8]
    subtype: NDArray[np.int8]
    channel: NDArray[np.uint8]
    number: NDArray[np.int8]
    aux: tuple[str, ...]
    name: str

    @property
    def is_beat(self) -> NDArray[np.bool_]:
        """(n,): whether the mark is a heart beat of any kind."""
        return np.array([symbol in _BEATS for symbol in self.symbol], bool)

    @property
    def beats(self) -> NDArray[np.int64]:
        """Samples of the heart beats."""
        return self.sample[self.is_beat]

    def between(self, start: int, stop: int) -> Annotations:
        """Those in ``[start, stop)``; their samples keep counting from the record's beginning."""
        at = np.flatnonzero((self.sample >= start) & (self.sample < stop))
        return Annotations(
            self.sample[at],
            tuple(self.symbol[i] for i in at),
            self.code[at],
            self.subtype[at],
            self.channel[at],
            self.number[at],
            tuple(self.aux[i] for i in at),
            self.name,
        )

    def __len__(self) -> int:
        return len(self.sample)

    def __repr__(self) -> str:
        return f"Annotations({self.name!r}, {len(self):,} marks, {len(self.beats):,} beats)"


@dataclass(frozen=True, eq=False)
class Record:
    """Signals of one recording.

    Attributes
    ----------
    name : str
    fs : float
        Frames a second, in Hz.
    signals : (n_signals, T) array, or a tuple of (T * rate,) arrays
        In ``units``; NaN where the recorder marked a sample as missing. The tuple is what ``smooth=False`` gives.
    leads, units : tuple of str
        What each signal is called and measured in.
    rates : tuple of int
        Samples that each signal has in a frame of the file.
    start : int
        Frame of the file that ``signals`` begins with.
    annotations : Annotations or None
    comments : tuple of str
    started : str
        Time and date of the beginning, as the header writes them.
    """

    name: str
    fs: float
    signals: Any
    leads: tuple[str, ...]
    units: tuple[str, ...]
    rates: tuple[int, ...]
    start: int = 0
    annotations: Annotations | None = None
    comments: tuple[str, ...] = ()
    started: str = ""

    @property
    def n_frames(self) -> int:
        if isinstance(self.signals, tuple):
            return len(self.signals[0]) // self.rates[0] if self.signals else 0
        return int(self.signals.shape[1])

    @property
    def duration_s(self) -> float:
        return self.n_frames / self.fs

    def __getitem__(self, lead: str | int) -> NDArray[Any]:
        """One signal, by name or number."""
        signal: NDArray[Any] = self.signals[self.index(lead)]
        return signal

    def index(self, lead: str | int) -> int:
        """The number of a signal told by name or number."""
        return lead_index(self.leads, lead)

    def __repr__(self) -> str:
        seconds = self.duration_s
        long = f"{seconds / 60:.1f} min" if seconds >= 120 else f"{seconds:.2f} s"
        marks = f", {self.annotations!r}" if self.annotations is not None else ""
        named = ", ".join(f"{lead} [{unit}]" for lead, unit in zip(self.leads, self.units, strict=True))
        return f"Record({self.name!r}, {long} at {self.fs:g} Hz: {named}{marks})"


def lead_index(leads: Sequence[str], lead: str | int) -> int:
    if isinstance(lead, str):
        if lead not in leads:
            raise ValueError(f"there is no signal {lead!r}; the record has {', '.join(map(repr, leads)) or 'none'}")
        return leads.index(lead)
    if not -len(leads) <= lead < len(leads):
        raise ValueError(f"there is no signal {lead}; the record has {len(leads)}")
    return lead % len(leads)
