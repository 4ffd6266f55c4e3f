"""beat_agreement: beats that were found against beats that were marked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["BeatAgreement", "beat_agreement"]


@dataclass(frozen=True, eq=False)
class BeatAgreement:
    """Which beats are the same.

    Attributes
    ----------
    of_found : (n,) int64
        For each beat found the number of the marked one that it is, -1 where none.
    n_reference : int
        Marked beats.
    shift : (n,) int64
        By how many samples a beat lies behind its mark; 0 where it has none.
    """

    of_found: NDArray[np.int64]
    n_reference: int
    shift: NDArray[np.int64]

    @property
    def n_matched(self) -> int:
        return int((self.of_found >= 0).sum())

    @property
    def sensitivity(self) -> float:
        """Share of the marked beats that were found; NaN where there are none."""
        return self.n_matched / self.n_reference if self.n_reference else float("nan")

    @property
    def ppv(self) -> float:
        """Positive predictive value: share of those found that are marked."""
        return self.n_matched / len(self.of_found) if len(self.of_found) else float("nan")

    def __repr__(self) -> str:
        return f"BeatAgreement(sensitivity {self.sensitivity:.4f}, ppv {self.ppv:.4f}, {self.n_reference:,} marked)"


def beat_agreement(found: Any, reference: Any, tolerance: int) -> BeatAgreement:
    """Pairs beats with marks one to one, in time, none further apart than ``tolerance``.

    Parameters
    ----------
    found, reference : (n,), (m,) integers
        Samples, rising.
    tolerance : int
        In samples; 150 ms by ANSI/AAMI EC57.

    Returns
    -------
    BeatAgreement

    Raises
    ------
    ValueError
        If samples do not rise, or ``tolerance`` is negative.

    Examples
    --------
    >>> from marey.ecg import beat_agreement
    >>> beat_agreement([100, 205, 300, 333], [101, 200, 401], tolerance=10)
    BeatAgreement(sensitivity 0.6667, ppv 0.5000, 3 marked)
    """
    found, reference = _samples("found", found), _samples("reference", reference)
    if tolerance < 0:
        raise ValueError(f"`tolerance` is {tolerance}; expected samples >= 0")
    of_found = np.full(len(found), -1)
    j = 0
    marks, beats = reference.tolist(), found.tolist()
    for i, beat in enumerate(beats):
        while j < len(marks) and marks[j] < beat - tolerance:
            j += 1
        if j == len(marks):
            break
        # The next mark fits better, and it is not the next beat's own.
        further = j + 1 < len(marks) and abs(marks[j + 1] - beat) < abs(marks[j] - beat)
        if further and (i + 1 == len(beats) or abs(beats[i + 1] - marks[j + 1]) > abs(beat - marks[j + 1])):
            j += 1
        if marks[j] <= beat + tolerance:
            nearer = i + 1 < len(beats) and abs(beats[i + 1] - marks[j]) < abs(beat - marks[j])
            if not nearer:
                of_found[i] = j
                j += 1
    shift = np.where(of_found >= 0, found - reference[of_found] if len(reference) else 0, 0)
    return BeatAgreement(of_found, len(reference), shift)


def _samples(name: str, samples: Any) -> NDArray[np.int64]:
    samples = np.asarray(samples)
    if samples.size == 0:
        return np.empty(0, np.int64)
    if samples.ndim != 1 or samples.dtype.kind not in "iu":
        raise ValueError(
            f"`{name}` has shape {samples.shape} and dtype {samples.dtype}; expected samples, (n,) integers"
        )
    if (np.diff(samples.astype(np.int64)) < 0).any():
        raise ValueError(f"`{name}` must rise")
    rising: NDArray[np.int64] = samples.astype(np.int64)
    return rising
