"""delineate: onset, peak and end of the P wave, the QRS complex and the T wave of each beat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marey._runtime import native
from marey._runtime.checks import check_dtype
from marey.ecg.qrs_detect import _as_signal

__all__ = ["Waves", "delineate"]

NAMES = ("p_onset", "p_peak", "p_offset", "qrs_onset", "qrs_offset", "t_onset", "t_peak", "t_offset")


@dataclass(frozen=True, eq=False)
class Waves:
    """Boundaries and peaks beat by beat, in samples; -1 where there is no such wave.

    Attributes
    ----------
    fs : float
    r_peak : (n,) int64
        The beats, as they were given.
    p_onset, p_peak, p_offset, qrs_onset, qrs_offset, t_onset, t_peak, t_offset : (n,) int64
    """

    fs: float
    r_peak: NDArray[np.int64]
    p_onset: NDArray[np.int64]
    p_peak: NDArray[np.int64]
    p_offset: NDArray[np.int64]
    qrs_onset: NDArray[np.int64]
    qrs_offset: NDArray[np.int64]
    t_onset: NDArray[np.int64]
    t_peak: NDArray[np.int64]
    t_offset: NDArray[np.int64]

    def _ms(self, begin: NDArray[np.int64], end: NDArray[np.int64]) -> NDArray[np.float64]:
        both = (begin >= 0) & (end >= 0)
        out: NDArray[np.float64] = np.where(both, (end - begin) / self.fs * 1000, np.nan)
        return out

    @property
    def pr_ms(self) -> NDArray[np.float64]:
        """(n,): from the onset of P to that of QRS; NaN where one is missing."""
        return self._ms(self.p_onset, self.qrs_onset)

    @property
    def qrs_ms(self) -> NDArray[np.float64]:
        """(n,): duration of QRS."""
        return self._ms(self.qrs_onset, self.qrs_offset)

    @property
    def qt_ms(self) -> NDArray[np.float64]:
        """(n,): from the onset of QRS to the end of T."""
        return self._ms(self.qrs_onset, self.t_offset)

    @property
    def qtc_ms(self) -> NDArray[np.float64]:
        """(n,): QT at 60 beats a minute by Fridericia (QT over the cube root of the interval before, in s)."""
        rr = np.concatenate([[np.nan], np.diff(self.r_peak) / self.fs])[: len(self)]
        out: NDArray[np.float64] = self.qt_ms / np.cbrt(rr)
        return out

    def to_frame(self) -> Any:
        """A pandas data frame, a row a beat, with the durations."""
        import pandas as pd

        columns = ("r_peak", *NAMES, "pr_ms", "qrs_ms", "qt_ms", "qtc_ms")
        return pd.DataFrame({name: getattr(self, name) for name in columns})

    def __len__(self) -> int:
        return len(self.r_peak)

    def __repr__(self) -> str:
        p, t = int((self.p_peak >= 0).sum()), int((self.t_peak >= 0).sum())
        return f"Waves({len(self):,} beats, {p:,} P, {t:,} T)"


def delineate(x: Any, fs: float, beats: Any, *, offsets: Any = None) -> Waves:
    """Where the waves of each beat begin, peak and end.

    Parameters
    ----------
    x : (T,), or (B, T) with ``offsets``
        One lead, or many, in any unit and of either polarity; float32 or float64, integers are taken as float64. NaN
        and infinity are taken as the value before them.
    fs : float
        Sampling frequency in Hz, from 50 to 20,000.
    beats : (n,) int64
        Samples of the R peaks, rising, as `qrs_detect` gives them.
    offsets : (B + 1,) int64, optional
        As `qrs_detect` gives them for a batch: the beats of lead ``b`` are ``beats[offsets[b]:offsets[b + 1]]``.

    Returns
    -------
    Waves
        A row a beat.

    Raises
    ------
    ValueError, TypeError
        If an argument does not fit.

    Notes
    -----
    The method is that of Martinez et al. (IEEE Trans Biomed Eng 51:570, 2004): a wave is a pair of opposite slopes of
    the signal smoothed by a quadratic spline, its ends where the outer slopes have fallen. Where a wave has two parts
    of opposite sign, the part of the sign that it had in the beats before is taken. Linear time; threads take whole
    leads. A P wave is looked for before every beat: in atrial fibrillation what is told there is a wave of the atria.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.ecg import delineate
    >>> t = np.arange(5000) / 500
    >>> x = sum(a * np.exp(-(((t + s) % 1 - 0.5) ** 2) / (2 * w**2)) for a, s, w in
    ...         [(0.15, 0.16, 0.02), (1.0, 0.0, 0.01), (0.3, -0.28, 0.04)])
    >>> waves = delineate(x, fs=500, beats=np.arange(250, 5000, 500))
    >>> waves
    Waves(10 beats, 10 P, 10 T)
    >>> int(waves.p_peak[1]) - 750, int(waves.t_peak[1]) - 750  # -0.16 s, 0.28 s
    (-80, 140)
    """
    if not 50 <= fs <= 20_000:
        raise ValueError(f"`fs` is {fs}; expected 50 to 20,000 Hz")
    x = _as_signal(x)
    beats = np.asarray(beats)
    if beats.size == 0:
        beats = beats.astype(np.int64)
    check_dtype("beats", beats, ("int64",))
    if beats.ndim != 1:
        raise ValueError(f"`beats` has shape {beats.shape}; expected (n,)")
    if x.ndim != (1 if offsets is None else 2):
        expected = "(T,)" if offsets is None else "(B, T)"
        raise ValueError(f"`x` has shape {x.shape}; expected {expected} (a batch goes with `offsets`)")
    offsets = np.array([0, len(beats)]) if offsets is None else np.asarray(offsets)
    check_dtype("offsets", offsets, ("int64",))
    rows = native.core().delineate(x[None] if x.ndim == 1 else x, float(fs), np.ascontiguousarray(beats), offsets)
    return Waves(float(fs), beats, *np.ascontiguousarray(rows.T))
