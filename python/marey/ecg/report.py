"""report: one lead of a recording, examined: its beats, how they agree with the marks, and their variability."""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marey.ecg.beat_agreement import BeatAgreement, beat_agreement
from marey.ecg.delineate import Waves, delineate
from marey.ecg.hrv import HRV, hrv
from marey.ecg.qrs_detect import qrs_detect
from marey.ecg.rr_clean import rr_clean
from marey.ecg.signal_quality import Quality, signal_quality
from marey.waveforms.record import Record

__all__ = ["EcgReport", "report"]

_LEAD = re.compile(r"(M?C?L?|MOD\.?|ECG)?\s*(I{1,3}|aV[RLF]|M?V\d|MCL\d?|ML[I]*|ECG\d?)$", re.IGNORECASE)
_SHOWN = {
    "time": (("MeanNN", "ms"), ("SDNN", "ms"), ("RMSSD", "ms"), ("pNN50", "%"), ("HTI", ""), ("TINN", "ms")),
    "frequency": (("ULF", "ms²"), ("VLF", "ms²"), ("LF", "ms²"), ("HF", "ms²"), ("TP", "ms²"), ("LFHF", "")),
    "non-linear": (("SD1", "ms"), ("SD2", "ms"), ("DFA_alpha1", ""), ("DFA_alpha2", ""), ("SampEn", ""), ("CD", "")),
}
_BY_WINDOW = ("SDNN", "RMSSD", "LF", "HF", "LFHF", "SD1", "SampEn", "DFA_alpha1")


@dataclass(frozen=True, eq=False)
class EcgReport:
    """What `report` found.

    Attributes
    ----------
    record : Record
    lead : str
    x : (T,) float64
        The lead.
    beats : (n,) int64
        Samples of its R peaks.
    waves : Waves
        Where the waves of each beat begin, peak and end.
    quality : Quality
        Of each ten seconds.
    agreement : BeatAgreement or None
        With the marked beats, within 150 ms.
    normal : (n - 1,) bool
        Intervals whose beats are both marked as normal; all where there are no marks.
    rr : (n - 1,) float64
        Intervals in ms, NaN where left out.
    hrv : HRV
        One window: the whole.
    windows : HRV
        Window by window.
    """

    record: Record
    lead: str
    x: NDArray[np.float64]
    beats: NDArray[np.int64]
    waves: Waves
    quality: Quality
    agreement: BeatAgreement | None
    normal: NDArray[np.bool_]
    rr: NDArray[np.float64]
    hrv: HRV
    windows: HRV

    @property
    def intervals(self) -> NDArray[np.float64]:
        """(n - 1,): all intervals in ms."""
        return np.diff(self.beats) / self.record.fs * 1000

    @property
    def t(self) -> NDArray[np.float64]:
        """(n - 1,): when each interval ends, in s of the record."""
        return (self.record.start + self.beats[1:]) / self.record.fs

    def plot(self, path: str | os.PathLike[str] | None = None, *, at_s: float | None = None) -> Any:
        """Draws ten seconds with their beats, the intervals, the usual beat, successive intervals and the spectrum.

        Parameters
        ----------
        path : optional
            Where the picture is written, its format by its ending.
        at_s : float, optional
            What second of the record the ten begin with. By default they lie around the first beat that is not marked
            as normal, else in the middle.

        Returns
        -------
        matplotlib Figure
        """
        from marey.ecg._plot import draw

        return draw(self, path, at_s)

    def __str__(self) -> str:
        record = self.record
        others = f" (of {', '.join(record.leads)})" if len(record.leads) > 1 else ""
        unit = record.units[record.index(self.lead)]
        lines = [f"{record.name}: {_long(record.duration_s)} at {record.fs:g} Hz, {self.lead} [{unit}]{others}"]
        lines += [f"  {comment}" for comment in record.comments]
        lines += ["", *self._about_beats(), *self._about_waves(), "", *self._about_hrv()]
        return "\n".join(lines)

    def _about_beats(self) -> list[str]:
        n = len(self.beats)
        if n < 2:
            return [f"beats       {n} found"]
        rates = 60_000 / self.intervals
        low, middle, high = np.percentile(rates, [5, 50, 95])
        lines = [f"beats       {n:,} found, {middle:.0f} a minute (90 % of them {low:.0f} to {high:.0f})"]
        marks = self.record.annotations
        if marks is None or self.agreement is None:
            return [*lines, "reference   none"]
        kinds = Counter(symbol for symbol, is_beat in zip(marks.symbol, marks.is_beat, strict=True) if is_beat)
        told = ", ".join(f"{count:,} {symbol}" for symbol, count in kinds.most_common())
        lines.append(f"reference   {self.agreement.n_reference:,} beats of '{marks.name}': {told}")
        for tolerance in (150, 25):
            within = beat_agreement(
                self.beats + self.record.start, marks.beats, round(tolerance / 1000 * self.record.fs)
            )
            lines.append(
                f"{'agreement' if tolerance == 150 else '':<12}within {tolerance} ms: "
                f"sensitivity {within.sensitivity:.4f}, positive predictive value {within.ppv:.4f}"
            )
        matched = self.agreement.of_found >= 0
        if matched.any():
            shift = np.percentile(self.agreement.shift[matched], [5, 50, 95]) / self.record.fs * 1000
            lines.append(f"{'':<12}{shift[1]:+.0f} ms from the mark (90 % of them {shift[0]:+.0f} to {shift[2]:+.0f})")
        return lines

    def _about_waves(self) -> list[str]:
        lines = []
        if len(self.quality):
            good = int(self.quality.acceptable.sum())
            lines.append(f"quality     {good:,} of {len(self.quality):,} stretches of 10 s acceptable")
        durations = {"PR": self.waves.pr_ms, "QRS": self.waves.qrs_ms, "QT": self.waves.qt_ms, "QTc": self.waves.qtc_ms}
        told = [f"{name} {np.nanmedian(ms):.0f} ms" for name, ms in durations.items() if np.isfinite(ms).any()]
        if told:
            p, t = (int((peak >= 0).sum()) for peak in (self.waves.p_peak, self.waves.t_peak))
            lines += [f"waves       {p:,} P, {t:,} T; medians: {', '.join(told)}"]
        return lines

    def _about_hrv(self) -> list[str]:
        known, left_out = int(np.isfinite(self.rr).sum()), int(np.isnan(self.rr).sum())
        lines = [f"heart-rate variability of {known:,} normal intervals ({left_out:,} left out)"]
        for family, shown in _SHOWN.items():
            cells = [f"{name} {_number(self.hrv[f'HRV_{name}'][0])} {unit}".strip() for name, unit in shown]
            lines.append(f"  {family:<12}" + "".join(f"{cell:<19}" for cell in cells).rstrip())
        if len(self.windows) > 1:
            lines += ["", f"  {'from':>8} {'rate':>6}" + "".join(f"{name:>11}" for name in _BY_WINDOW)]
            for k, start in enumerate(self.windows.start_s):
                rate = 60_000 / self.windows["HRV_MeanNN"][k]
                cells = [_number(self.windows[f"HRV_{name}"][k]) for name in _BY_WINDOW]
                lines.append(f"  {_clock(start):>8} {_number(rate):>6}" + "".join(f"{cell:>11}" for cell in cells))
        return lines

    def __repr__(self) -> str:
        return f"EcgReport({self.record.name!r}, {self.lead!r}, {len(self.beats):,} beats)"


def report(record: Record, lead: str | int | None = None, *, window_s: float = 300.0) -> EcgReport:
    """Examines one lead of a recording.

    Parameters
    ----------
    record : Record
        As `marey.waveforms.read_wfdb` gives it. Its annotations are compared with the beats found; intervals with a
        beat that they do not call normal are left out of the variability.
    lead : str or int, optional
        By default the first signal that is called like a lead of an electrocardiogram.
    window_s : float
        Length of the windows in seconds.

    Returns
    -------
    EcgReport
        ``print`` shows it; ``plot`` draws it.

    Raises
    ------
    ValueError
        If there is no such lead.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.ecg import report
    >>> from marey.waveforms import Record
    >>> x = np.zeros(36_000)
    >>> x[300::300] = 1.0
    >>> x = np.convolve(x, np.hanning(31), "same")
    >>> report(Record("made", 360.0, x[None], ("II",), ("mV",), (1,)))
    EcgReport('made', 'II', 119 beats)
    """
    lead = record.leads[_usual_lead(record) if lead is None else record.index(lead)]
    x = np.ascontiguousarray(record[lead], np.float64)
    beats = qrs_detect(x, record.fs)
    agreement, normal = None, np.ones(max(0, len(beats) - 1), bool)
    marks = record.annotations
    if marks is not None and len(marks.beats):
        agreement = beat_agreement(beats + record.start, marks.beats, round(0.150 * record.fs))
        kinds = np.array([s for s, is_beat in zip(marks.symbol, marks.is_beat, strict=True) if is_beat])
        is_normal = (agreement.of_found >= 0) & np.isin(kinds[agreement.of_found], ["N", "L", "R", "B"])
        normal = is_normal[1:] & is_normal[:-1]
        # No mark between them was missed.
        normal &= np.diff(agreement.of_found) == 1
    rr = rr_clean(np.diff(beats) / record.fs * 1000, normal=normal)
    t = (record.start + beats[1:]) / record.fs
    return EcgReport(
        record=record,
        lead=lead,
        x=x,
        beats=beats,
        waves=delineate(x, record.fs, beats),
        quality=signal_quality(x, record.fs, beats),
        agreement=agreement,
        normal=normal,
        rr=rr,
        hrv=hrv(rr, t=t),
        windows=hrv(rr, t=t, windows=window_s),
    )


def _usual_lead(record: Record) -> int:
    if not record.leads:
        raise ValueError(f"record {record.name!r} has no signals")
    return next((i for i, name in enumerate(record.leads) if _LEAD.match(name.strip())), 0)


def _number(value: float) -> str:
    if not np.isfinite(value):
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _long(seconds: float) -> str:
    return (
        f"{seconds:.1f} s"
        if seconds < 120
        else f"{seconds / 60:.1f} min"
        if seconds < 7200
        else f"{seconds / 3600:.1f} h"
    )


def _clock(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
