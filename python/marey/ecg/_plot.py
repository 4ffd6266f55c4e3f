"""The picture of a report; matplotlib is imported when it is drawn."""

from __future__ import annotations

import os
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from marey.errors import BackendError
from marey.spectral import lomb_scargle

if TYPE_CHECKING:
    from marey.ecg.report import EcgReport

BLACK, BLUE, RED, ORANGE, GREEN, GREY = "#222222", "#1f77b4", "#c0392b", "#d95f02", "#2a8c57", "#9a9a9a"
_STRIP_S, _SEGMENT_S = 10.0, 300.0
_BANDS = (("VLF", 0.0033, 0.04, "#cfd8dc"), ("LF", 0.04, 0.15, "#b3d4ee"), ("HF", 0.15, 0.4, "#f5cba7"))


def draw(report: EcgReport, path: str | os.PathLike[str] | None, at_s: float | None) -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise BackendError("pictures need matplotlib, which is not installed: pip install matplotlib") from error
    figure = Figure(figsize=(12, 9), layout="constrained")
    grid = figure.add_gridspec(3, 3, height_ratios=(1.25, 1, 1.25))
    _strip(figure.add_subplot(grid[0, :]), report, at_s)
    _intervals(figure.add_subplot(grid[1, :]), report)
    _usual_beat(figure.add_subplot(grid[2, 0]), report)
    _successive(figure.add_subplot(grid[2, 1]), report)
    _spectrum(figure.add_subplot(grid[2, 2]), report)
    for ax in figure.axes:
        ax.spines[["top", "right"]].set_visible(False)
    if path is not None:
        figure.savefig(path, dpi=100, metadata={"Software": None} if str(path).endswith(".png") else None)
    return figure


def _strip(ax: Any, report: EcgReport, at_s: float | None) -> None:
    record, fs = report.record, report.record.fs
    first = _strip_begin(report) if at_s is None else round(at_s * fs) - record.start
    first = int(np.clip(first, 0, max(0, record.n_frames - _STRIP_S * fs)))
    last = min(record.n_frames, first + round(_STRIP_S * fs))
    t = (record.start + np.arange(first, last)) / fs
    x = report.x[first:last]
    ax.plot(t, x, color=BLACK, linewidth=0.9)
    inside = report.beats[(report.beats >= first) & (report.beats < last)]
    ax.plot((record.start + inside) / fs, report.x[inside], "v", color=BLUE, markersize=7, label="found")
    _waves(ax, report, first, last)
    finite = x[np.isfinite(x)]
    if len(finite) and np.ptp(finite) > 0:
        low, high = finite.min(), finite.max()
        ax.set_ylim(low - 0.06 * (high - low), high + 0.22 * (high - low))
        if record.annotations is not None:
            marks = record.annotations.between(record.start + first, record.start + last)
            for sample, symbol in zip(marks.sample, marks.symbol, strict=True):
                colour = GREY if symbol == "N" else RED
                ax.text(sample / fs, high + 0.13 * (high - low), symbol, ha="center", color=colour, fontsize=11)
            ax.plot([], [], linestyle="", marker="$N$", color=GREY, label="reference")
    ax.set(xlim=(t[0], t[-1]) if len(t) > 1 else None, xlabel="s")
    ax.set_ylabel(f"{report.lead} [{record.units[record.index(report.lead)]}]")
    ax.set_title(f"{record.name}, {report.lead}", loc="left")
    _legend(ax)


def _waves(ax: Any, report: EcgReport, first: int, last: int) -> None:
    """A stripe from the beginning to the end of each wave."""
    fs, waves = report.record.fs, report.waves
    kinds = (
        ("P", GREEN, waves.p_onset, waves.p_offset),
        ("QRS", BLUE, waves.qrs_onset, waves.qrs_offset),
        ("T", ORANGE, waves.t_onset, waves.t_offset),
    )
    for name, colour, onset, offset in kinds:
        shown = (onset >= first) & (offset < last)
        for begin, end in zip(onset[shown], offset[shown], strict=True):
            ax.axvspan(
                (report.record.start + begin) / fs, (report.record.start + end) / fs, color=colour, alpha=0.16, lw=0
            )
        if shown.any():
            ax.fill_between([], [], color=colour, alpha=0.3, label=name)


def _legend(ax: Any) -> None:
    """Above the axes, where no curve runs."""
    ax.legend(loc="lower right", ncols=5, frameon=False, bbox_to_anchor=(1, 0.98), borderaxespad=0)


def _strip_begin(report: EcgReport) -> float:
    marks, fs = report.record.annotations, report.record.fs
    if marks is not None:
        odd = [
            s
            for s, symbol, beat in zip(marks.sample, marks.symbol, marks.is_beat, strict=True)
            if beat and symbol != "N"
        ]
        if odd:
            return float(odd[0]) - report.record.start - _STRIP_S / 2 * fs
    return report.record.n_frames / 2 - _STRIP_S / 2 * fs


def _intervals(ax: Any, report: EcgReport) -> None:
    minutes = report.t / 60
    left_out = np.isnan(report.rr)
    ax.plot(minutes, report.rr, color=BLUE, linewidth=0.8)
    ax.plot(
        minutes[left_out],
        report.intervals[left_out],
        ".",
        color=RED,
        markersize=4,
        label=f"left out: {left_out.sum():,}",
    )
    if len(minutes):
        ax.set_xlim(minutes[0], minutes[-1])
        usual = np.median(report.intervals)
        near = report.intervals[(report.intervals > 0.3 * usual) & (report.intervals < 2.2 * usual)]
        pad = 0.1 * np.ptp(near) + 10
        ax.set_ylim(near.min() - pad, near.max() + pad)
    ax.set(xlabel="min", ylabel="interval [ms]")
    if left_out.any():
        _legend(ax)


def _usual_beat(ax: Any, report: EcgReport) -> None:
    fs = report.record.fs
    usual = np.median(report.intervals) / 1000 if len(report.beats) > 1 else 1.0
    before, after = round(min(0.3, 0.4 * usual) * fs), round(min(0.5, 0.6 * usual) * fs)
    whole = (report.beats >= before) & (report.beats + after < len(report.x))
    ax.set(xlabel="s from R", ylabel=report.record.units[report.record.index(report.lead)])
    ax.set_title("usual beat: median, 5 % to 95 %", loc="left", fontsize=10)
    if not whole.any():
        return
    chosen = report.beats[whole]
    chosen = chosen[:: max(1, len(chosen) // 2000)]
    t = np.arange(-before, after) / fs
    low, middle, high = np.nanpercentile(report.x[chosen[:, None] + np.arange(-before, after)], [5, 50, 95], axis=0)
    ax.fill_between(t, low, high, color=GREY, alpha=0.3, linewidth=0)
    ax.plot(t, middle, color=BLACK, linewidth=1.3)
    waves = report.waves
    for colour, edges in (
        (GREEN, (waves.p_onset, waves.p_offset)),
        (BLUE, (waves.qrs_onset, waves.qrs_offset)),
        (ORANGE, (waves.t_onset, waves.t_offset)),
    ):
        usual_edges = [np.median((edge - report.beats)[edge >= 0]) / fs for edge in edges if (edge >= 0).any()]
        if len(usual_edges) == 2:
            ax.axvspan(*usual_edges, color=colour, alpha=0.16, lw=0)


def _successive(ax: Any, report: EcgReport) -> None:
    ax.set(xlabel="interval [ms]", ylabel="next interval [ms]")
    ax.plot(report.rr[:-1], report.rr[1:], ".", color=BLUE, markersize=3, alpha=0.35)
    known = report.rr[np.isfinite(report.rr)]
    if len(known) < 2:
        return
    from matplotlib.patches import Ellipse

    sd1, sd2, mean = (report.hrv[f"HRV_{name}"][0] for name in ("SD1", "SD2", "MeanNN"))
    ax.add_patch(Ellipse((mean, mean), 4 * sd2, 4 * sd1, angle=45, fill=False, color=ORANGE, linewidth=1.5))
    low, high = np.percentile(known, [0.2, 99.8])
    pad = 0.15 * (high - low) + 10
    ax.set(xlim=(low - pad, high + pad), ylim=(low - pad, high + pad), aspect="equal")
    ax.set_title(f"SD1 {sd1:.0f} ms, SD2 {sd2:.0f} ms (ellipse: 2 SD)", loc="left", fontsize=10)


def _spectrum(ax: Any, report: EcgReport) -> None:
    ax.set(xlabel="Hz", ylabel="ms²/Hz", xlim=(0, 0.5))
    known = np.isfinite(report.rr)
    t, rr = report.t[known], report.rr[known]
    if len(rr) < 16 or not rr.std() > 0:
        return
    # Segments are averaged: the whole's periodogram would be a line for each wave. A rest shorter than one is left out.
    length = min(_SEGMENT_S, t[-1] - t[0])
    offsets = np.searchsorted(t, t[0] + length * np.arange(int((t[-1] - t[0]) / length + 1e-9) + 1))
    parts = [(a, b) for a, b in pairwise(offsets) if b - a >= length / 2]
    if not parts:
        return
    frequency = np.arange(1, 0.5 * length + 1) / length
    density = [lomb_scargle(t[a:b], rr[a:b], frequency) * rr[a:b].var() * length for a, b in parts]
    mean = np.nanmean(density, axis=0)
    for name, low, high, colour in _BANDS:
        band = (frequency >= low) & (frequency <= high)
        ax.fill_between(frequency[band], mean[band], color=colour, linewidth=0, label=name)
    ax.plot(frequency, mean, color=BLACK, linewidth=1)
    ax.set_ylim(0)
    ax.legend(frameon=False)
    ax.set_title("Lomb-Scargle, segments of 5 min", loc="left", fontsize=10)
