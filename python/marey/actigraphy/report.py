"""report: a recording of days, examined: activity, wear and sleep, day by day."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marey.actigraphy.calibration import Calibration, calibrate
from marey.actigraphy.epochs import Epochs, epochs
from marey.actigraphy.nonwear import nonwear
from marey.actigraphy.rhythm import M10L5, interdaily_stability, intradaily_variability, m10_l5
from marey.actigraphy.sleep import sleep_window, sustained_inactivity

__all__ = ["ActivityReport", "Day", "report"]

_COUNTED = np.array([30, 40, 50, 60, 70, 80, 90, 100])
# Of the mean ENMO of an epoch at the wrist, in g: Hildebrand et al., Med Sci Sports Exerc 46:1816, 2014 (adults);
# the lowest by Hildebrand et al., Scand J Med Sci Sports 27:1814, 2017.
LIGHT, MODERATE, VIGOROUS = 0.0448, 0.1006, 0.4288
LEVELS = ("still", "light", "moderate", "vigorous")


@dataclass(frozen=True)
class Day:
    """A calendar day. Minutes of each of `LEVELS` are of worn epochs; the night is the one that ends on this day."""

    date: datetime
    worn_h: float
    enmo_mg: float
    minutes: tuple[float, float, float, float]
    counts: int | None
    m10_l5: M10L5
    onset: datetime | None
    wake: datetime | None
    asleep_h: float


@dataclass(frozen=True, eq=False)
class ActivityReport:
    """What `report` found."""

    name: str
    start: datetime
    epochs: Epochs
    calibration: Calibration
    worn: NDArray[np.bool_]  # (E,)
    asleep: NDArray[np.bool_]  # (E,) sustained inactivity within a sleep window
    nights: tuple[tuple[int, int], ...]  # epochs
    days: tuple[Day, ...]
    interdaily_stability: float
    intradaily_variability: float

    def plot(self, path: str | os.PathLike[str] | None = None) -> Any:
        """Draws each day's activity, posture, wear and sleep; returns the matplotlib Figure.

        Parameters
        ----------
        path : optional
            Where the picture is written, its format by its ending.
        """
        from marey.actigraphy._plot import draw

        return draw(self, path)

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Writes a line an epoch: its begin, ENMO, MAD, angle-z, what was observed, worn and asleep.

        Parameters
        ----------
        path
            Of the file.
        """
        e = self.epochs
        with open(path, "w", encoding="utf-8", newline="") as out:
            out.write("time,enmo_g,mad_g,angle_z_deg,observed,worn,asleep\n")
            columns = (e.enmo, e.mad, e.angle_z, e.observed, self.worn, self.asleep)
            for i, (enmo, mad, angle, observed, worn, asleep) in enumerate(zip(*columns, strict=True)):
                at = self.start + timedelta(seconds=i * e.epoch_s)
                out.write(f"{at.isoformat(timespec='milliseconds')},{enmo:.6g},{mad:.6g},{angle:.6g},")
                out.write(f"{observed:.4g},{worn:d},{asleep:d}\n")

    def __str__(self) -> str:
        e = self.epochs
        length = timedelta(seconds=round(e.n_epochs * e.epoch_s))
        hours = self.worn.sum() * e.epoch_s / 3600
        lines = [
            f"{self.name}: {length} at {e.fs:g} Hz from {self.start:%Y-%m-%d %H:%M:%S}",
            f"worn        {_long(hours)}; samples missing {1 - float(e.observed.mean()):.1%}"
            if e.n_epochs
            else "worn        no whole epoch",
            _about(self.calibration),
            "",
            f"{'day':<12}{'worn h':>7}{'ENMO mg':>9}{'still':>7}{'light':>7}{'mod.':>6}{'vig.':>6}{'counts':>10}"
            f"{'M10 mg':>8}{'L5 mg':>7}   sleep",
        ]
        for day in self.days:
            still, light, moderate, vigorous = day.minutes
            counts = "" if day.counts is None else f"{day.counts:,}"
            lines.append(
                f"{day.date:%Y-%m-%d}  {_hours(day.worn_h):>7}{_or_blank(day.enmo_mg, 9)}{still:>7.0f}{light:>7.0f}"
                f"{moderate:>6.0f}{vigorous:>6.0f}{counts:>10}{_or_blank(day.m10_l5.m10 * 1000, 8)}"
                f"{_or_blank(day.m10_l5.l5 * 1000, 7)}   {_night(day)}"
            )
        stability, variability = self.interdaily_stability, self.intradaily_variability
        if np.isfinite(stability):
            lines += ["", f"rhythm      interdaily stability {stability:.2f}, intradaily variability {variability:.2f}"]
        return "\n".join(lines)


def report(recording: Any, *, name: str = "", epoch: float = 5) -> ActivityReport:
    """Examines a recording: calibration, wear, activity, sleep and rhythm, by calendar day.

    Parameters
    ----------
    recording : CwaRecording
        From `marey.waveforms.read_cwa`.
    name : str
        What to call it.
    epoch : float
        Length of an epoch in seconds, a divisor of a minute.

    Returns
    -------
    ActivityReport

    Notes
    -----
    Counts are those at the next of 30, 40, ..., 100 Hz, to which the samples are brought linearly. A night is looked
    for from noon to noon, where at least 12 hours of that were worn. Levels of ENMO are cut at 44.8, 100.6 and 428.8 mg
    (Hildebrand et al. 2014, wrist, adults; the lowest by Hildebrand et al. 2017).
    """
    fs = float(_COUNTED[np.abs(_COUNTED - recording.fs).argmin()])
    if 60 / epoch != round(60 / epoch):
        raise ValueError(f"`epoch` is {epoch:g} s; expected a divisor of a minute")
    acc = recording.uniform(fs)
    calibration = calibrate(acc, fs)
    e = epochs(acc, fs, epoch, calibration=calibration)
    worn = ~nonwear(e)
    start, n = recording.start, e.n_epochs
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    since = (start - midnight).total_seconds()

    def epoch_at(seconds: float) -> int:
        return int(np.clip(np.ceil((seconds - since) / epoch), 0, n))

    still = sustained_inactivity(e.angle_z, epoch)
    nights, asleep = {}, np.zeros(n, bool)
    n_days = int(np.ceil((since + n * epoch) / 86400)) if n else 0
    for day in range(n_days + 1):
        of = slice(epoch_at((day - 0.5) * 86400), epoch_at((day + 0.5) * 86400))
        if worn[of].sum() * epoch < 12 * 3600:
            continue
        found = sleep_window(e.angle_z[of], epoch, worn=worn[of])
        if found is not None:
            begin, end = found[0] + of.start, found[1] + of.start
            nights[day] = (begin, end)
            asleep[begin:end] = still[begin:end]
    active = np.where(worn, e.enmo, np.nan)
    days = []
    for day in range(n_days):
        of = slice(epoch_at(day * 86400), epoch_at((day + 1) * 86400))
        begin, end = nights.get(day, (0, 0))
        per_minute = np.histogram(active[of][np.isfinite(active[of])], [-1, LIGHT, MODERATE, VIGOROUS, np.inf])[0]
        days.append(
            Day(
                date=midnight + timedelta(days=day),
                worn_h=float(worn[of].sum() * epoch / 3600),
                enmo_mg=float(np.nanmean(active[of]) * 1000) if np.isfinite(active[of]).any() else float("nan"),
                minutes=tuple((per_minute * epoch / 60).tolist()),
                counts=_counts_of(e, of),
                m10_l5=m10_l5(active[of], epoch),
                onset=start + timedelta(seconds=begin * epoch) if end else None,
                wake=start + timedelta(seconds=end * epoch) if end else None,
                asleep_h=float(asleep[begin:end].sum() * epoch / 3600),
            )
        )
    return ActivityReport(
        name=name or f"device {recording.device}",
        start=start,
        epochs=e,
        calibration=calibration,
        worn=worn,
        asleep=asleep,
        nights=tuple(nights.values()),
        days=tuple(days),
        interdaily_stability=interdaily_stability(active, epoch),
        intradaily_variability=intradaily_variability(active, epoch),
    )


def _counts_of(e: Epochs, of: slice) -> int | None:
    """Of all axes, of the whole minutes that begin among these epochs; None without one."""
    assert e.counts is not None
    ratio = e.counts_s / e.epoch_s
    minutes = e.counts[:, int(np.ceil(of.start / ratio)) : int(np.ceil(of.stop / ratio))]
    seen = (minutes >= 0).all(0)
    return int(minutes[:, seen].sum()) if seen.any() else None


def _long(hours: float) -> str:
    return f"{hours:.1f} h" if hours >= 1 else f"{hours * 60:.1f} min"


def _hours(hours: float) -> str:
    """With a second digit where one would hide what was worn."""
    return f"{hours:.2f}" if 0 < hours < 0.95 else f"{hours:.1f}"


def _or_blank(value: float, width: int) -> str:
    return f"{value:>{width}.1f}" if np.isfinite(value) else " " * (width - 1) + "-"


def _night(day: Day) -> str:
    if day.onset is None or day.wake is None:
        return "-"
    hours = (day.wake - day.onset).total_seconds() / 3600
    return f"{day.onset:%H:%M} to {day.wake:%H:%M}, {day.asleep_h:.1f} of {hours:.1f} h asleep"


def _about(c: Calibration) -> str:
    if c.reason:
        return f"calibration none: {c.reason}"
    scale, offset = (" ".join(f"{v:.4f}" for v in values) for values in (c.scale, c.offset))
    return (
        f"calibration error {c.error_before * 1000:.1f} mg, now {c.error_after * 1000:.1f} mg "
        f"(scale {scale}, offset {offset} g, {c.n_windows:,} still windows)"
    )
