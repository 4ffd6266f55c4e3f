"""The picture of an activity report: a row a day, activity above posture, wear and sleep behind."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from marey.actigraphy.report import ActivityReport

__all__ = ["draw"]

_ACTIVE, _POSTURE, _NIGHT, _AWAY = "#1f4e79", "#c8701a", "#d9d2e9", "#e3e3e3"


def draw(report: ActivityReport, path: str | os.PathLike[str] | None) -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    e, days = report.epochs, report.days
    rows = max(1, len(days))
    figure = Figure(figsize=(10, 1.0 + 1.5 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, 1, squeeze=False)[:, 0]
    seconds = np.arange(e.n_epochs) * e.epoch_s
    # A short recording fills the row that it is on; days are drawn from midnight to midnight.
    short = len(days) == 1 and e.n_epochs * e.epoch_s < 6 * 3600
    top = max(0.1, float(np.nanpercentile(e.enmo, 99.5)) * 1.1 if np.isfinite(e.enmo).any() else 0.1)
    for row, day in zip(axes, days, strict=False):
        since = seconds + (report.start - day.date).total_seconds()
        of = (since >= 0) & (since < 86400)
        unit = 60.0 if short else 3600.0
        t = (since[of] - (since[of][0] if short and of.any() else 0)) / unit
        posture = row.twinx()
        row.set_zorder(2)  # activity in front of posture
        row.patch.set_visible(False)
        size = 1 if short else max(1, round(60 / e.epoch_s))
        style = "steps-post" if short else "default"  # a few epochs are seen one by one
        row.plot(_means(t, size), _means(e.enmo[of] * 1000, size), color=_ACTIVE, lw=0.9, drawstyle=style)
        posture.plot(_means(t, size), _means(e.angle_z[of], size), color=_POSTURE, lw=0.7, alpha=0.7, drawstyle=style)
        row.set_ylim(0, top * 1000)
        row.set_ylabel("ENMO / mg", color=_ACTIVE)
        _shade(posture, t, _within(report.nights, of), _NIGHT, e.epoch_s / unit)
        _shade(posture, t, ~report.worn[of], _AWAY, e.epoch_s / unit)
        posture.set_ylim(-90, 90)
        posture.set_yticks([-90, 0, 90])
        posture.set_ylabel("angle z / °", color=_POSTURE)
        row.set_title(f"{day.date:%a %Y-%m-%d}", loc="left", fontsize=9)
        if short:
            row.set_xlim(0, max(e.n_epochs * e.epoch_s / unit, e.epoch_s / unit))
        else:
            row.set_xlim(0, 24)
            row.set_xticks(range(0, 25, 3))
        for side in (row, posture):
            side.spines["top"].set_visible(False)
    began = report.start if short else None
    axes[-1].set_xlabel(f"minutes from {began:%H:%M:%S}" if began is not None else "hour of the day")
    shades = "shaded: night (violet), not worn (grey)" if report.nights else "shaded grey: not worn"
    end = report.start + timedelta(seconds=e.n_epochs * e.epoch_s)
    note = shades if report.nights or not report.worn.all() else ""
    figure.suptitle(f"{report.name}, {report.start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}   {note}", fontsize=10)
    if path is not None:
        figure.savefig(path, dpi=110)
    return figure


def _means(x: Any, size: int) -> Any:
    """Of so many successive values; a last few that make no whole mean are left out."""
    return x[: len(x) // size * size].reshape(-1, size).mean(1)


def _within(nights: tuple[tuple[int, int], ...], of: Any) -> Any:
    inside = np.zeros(len(of), bool)
    for begin, end in nights:
        inside[begin:end] = True
    return inside[of]


def _shade(row: Any, t: Any, flags: Any, color: str, width: float) -> None:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    for begin, end in edges.reshape(-1, 2):
        row.axvspan(t[begin], t[end - 1] + width, color=color, lw=0)
