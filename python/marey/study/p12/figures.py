"""The figures of the report, each as inline SVG about 400 pixels wide: one column of a page, or a phone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marey.study.p12.calibration import Calibration
from marey.study.p12.metrics import Interval, precision_recall_curve, roc_curve
from marey.study.p12.result import HOURS, Epoch
from marey.study.p12.svg import COLORS, figure

__all__ = [
    "area_by_hour",
    "calibration_plot",
    "comparison",
    "missingness",
    "precision_recall",
    "risk_by_hour",
    "roc",
    "training",
]

WIDTH = 400
Floats = NDArray[np.float64]

# Told apart by dash and by colour, so that neither grey paper nor colour-blindness hides one.
_STYLES = (
    {"color": COLORS["model"], "linestyle": "-", "linewidth": 2.2},
    {"color": COLORS["second"], "linestyle": (0, (5, 1.6))},
    {"color": COLORS["third"], "linestyle": (0, (1.4, 1.4))},
    {"color": COLORS["death"], "linestyle": (0, (7, 1.4, 1.4, 1.4))},
    {"color": COLORS["alive"], "linestyle": (0, (3, 2))},
    {"color": COLORS["soft"], "linestyle": "-"},
)
_MARKERS = ("o", "s", "D", "^", "v", "P")


def _style(i: int) -> Any:
    return _STYLES[min(i, len(_STYLES) - 1)]


def comparison(scores: Mapping[str, Mapping[str, Interval]]) -> str:
    """Each model's AUROC and AUPRC with its interval, one row a model."""
    names = list(scores)
    told = "; ".join(f"{n}: AUROC {scores[n]['auroc'].value:.3f}, AUPRC {scores[n]['auprc'].value:.3f}" for n in names)
    with figure("comparison", WIDTH, 50 + 30 * len(names), f"Scores with 95 % intervals. {told}.") as canvas:
        panels = canvas.figure.subplots(1, 2, sharey=True)
        for axes, statistic in zip(panels, ("auroc", "auprc"), strict=True):
            for row, name in enumerate(names):
                score = scores[name][statistic]
                color = _style(row)["color"]
                axes.plot([score.low, score.high], [row, row], color=color, linewidth=2.2)
                axes.plot(score.value, row, marker=_MARKERS[min(row, 5)], color=color, markersize=7)
            axes.set_ylim(len(names) - 0.4, -0.6)
            axes.set_yticks(range(len(names)), names)
            axes.grid(axis="y", visible=False)
            axes.spines["left"].set_visible(False)
            axes.locator_params(axis="x", nbins=4)
            axes.set_title(statistic.upper(), loc="left", fontweight="bold")
    return canvas.svg


def missingness(missing: Floats, vocab: Sequence[str]) -> str:
    """Which variables are seen in which hour, the most often seen first."""
    order = np.argsort(-missing.mean(axis=1), kind="stable")
    shown = missing[order]
    often, rare = vocab[order[0]], vocab[order[-1]]
    alt = (
        f"Map of {len(vocab)} variables by 48 hours: share of stays with a value in that hour. "
        f"Most often {often} ({shown[0].mean():.0%} of hours), least often {rare} ({shown[-1].mean():.1%})."
    )
    with figure("missingness", WIDTH, 70 + 12.5 * len(vocab), alt) as canvas:
        axes, key = canvas.figure.subplots(2, 1, height_ratios=(len(vocab), 1))
        # A mid blue whose opacity is the share: it reads on a light page and on a dark one.
        axes.imshow(_blue(shown), aspect="auto", interpolation="none", extent=(0, HOURS, len(vocab), 0))
        axes.set_yticks(np.arange(len(vocab)) + 0.5, [vocab[i] for i in order], fontsize=9.5)
        axes.set_xticks(range(0, HOURS + 1, 6))
        axes.set_xlabel("hours since admission")
        axes.grid(visible=False)
        key.imshow(_blue(np.linspace(0, 1, 48)[None]), aspect="auto", interpolation="none", extent=(0, 100, 0, 1))
        key.set_yticks([])
        key.set_xticks(
            [0, 25, 50, 75, 100], ["0\N{NARROW NO-BREAK SPACE}%", "25", "50", "75", "100\N{NARROW NO-BREAK SPACE}%"]
        )
        key.set_xlabel("stays with a value in that hour")
        key.grid(visible=False)
    return canvas.svg


def _blue(share: Floats) -> Floats:
    return np.stack([np.full(share.shape, c) for c in (0.13, 0.47, 0.78)] + [np.clip(share, 0, 1)], axis=-1)


def training(history: Sequence[Epoch]) -> str:
    """Loss of training and of the held-back stays, and the held-back AUROC, by epoch."""
    epochs = [line["epoch"] for line in history]
    best = max(history, key=lambda line: line["val_auroc"])
    alt = (
        f"Training over {len(epochs)} epochs: loss from {history[0]['train_loss']:.3f} to "
        f"{history[-1]['train_loss']:.3f}; best held-back AUROC {best['val_auroc']:.3f} after epoch {best['epoch']}."
    )
    with figure("training", WIDTH, 300, alt) as canvas:
        loss, area = canvas.figure.subplots(2, 1, sharex=True)
        loss.plot(epochs, [line["train_loss"] for line in history], **_style(0), label="training")
        loss.plot(epochs, [line["val_loss"] for line in history], **_style(1), label="held back")
        loss.set_ylabel("loss")
        loss.legend(loc="upper right", ncols=2)
        area.plot(epochs, [line["val_auroc"] for line in history], **_style(1))
        area.plot(best["epoch"], best["val_auroc"], "o", color=COLORS["second"])
        area.annotate(
            f"{best['val_auroc']:.3f}",
            (best["epoch"], best["val_auroc"]),
            (0, -15),
            textcoords="offset points",
            ha="center",
        )
        area.set_ylabel("held-back AUROC")
        area.set_xlabel("epoch")
        area.xaxis.get_major_locator().set_params(integer=True)
    return canvas.svg


def roc(y: NDArray[Any], risks: Mapping[str, Floats], scores: Mapping[str, Mapping[str, Interval]]) -> str:
    """True against false positive rate of every model."""
    told = ", ".join(f"{name} {scores[name]['auroc'].value:.3f}" for name in risks)
    with figure("roc", WIDTH, 380, f"ROC curves. Areas: {told}.") as canvas:
        axes = canvas.figure.subplots()
        axes.plot([0, 1], [0, 1], color=COLORS["soft"], linewidth=0.8)
        for i, (name, p) in enumerate(risks.items()):
            axes.plot(*roc_curve(y, p), **_style(i), label=f"{name} {scores[name]['auroc'].value:.3f}")
        axes.set_xlabel("survivors flagged")
        axes.set_ylabel("deaths found")
        _percent(axes, "xy")
        axes.legend(loc="lower right")
    return canvas.svg


def precision_recall(y: NDArray[Any], risks: Mapping[str, Floats], scores: Mapping[str, Mapping[str, Interval]]) -> str:
    """Precision against recall of every model; the horizontal line is what chance gives."""
    told = ", ".join(f"{name} {scores[name]['auprc'].value:.3f}" for name in risks)
    rate = float(np.mean(y))
    with figure("pr", WIDTH, 380, f"Precision-recall curves. Areas: {told}; chance {rate:.3f}.") as canvas:
        axes = canvas.figure.subplots()
        axes.axhline(rate, color=COLORS["soft"], linewidth=0.8)
        axes.text(0.02, rate + 0.015, "chance", color=COLORS["soft"], fontsize=10)
        for i, (name, p) in enumerate(risks.items()):
            recall, precision = precision_recall_curve(y, p)
            axes.step(recall, precision, where="pre", **_style(i), label=f"{name} {scores[name]['auprc'].value:.3f}")
        axes.set_xlabel("deaths found")
        axes.set_ylabel("deaths among the flagged")
        _percent(axes, "xy")
        axes.legend(loc="upper right")
    return canvas.svg


def calibration_plot(y: NDArray[Any], p: Floats, curve: Calibration) -> str:
    """Observed against predicted risk by tenths, above how often each risk was given."""
    top = min(1.0, 1.08 * float(max(curve.predicted.max(), curve.high.max())))
    pairs = ", ".join(
        f"{a:.0%} predicted {b:.0%} observed" for a, b in zip(curve.predicted, curve.observed, strict=True)
    )
    with figure("calibration", WIDTH, 400, f"Calibration in {len(curve.count)} groups: {pairs}.") as canvas:
        axes, below = canvas.figure.subplots(2, 1, height_ratios=(4, 1), sharex=True)
        axes.plot([0, top], [0, top], color=COLORS["soft"], linewidth=0.8)
        reach = (curve.observed - curve.low, curve.high - curve.observed)
        axes.errorbar(
            curve.predicted, curve.observed, reach, fmt="o", color=COLORS["model"], markersize=6, linewidth=1.4
        )
        axes.set_ylabel("died")
        axes.set_ylim(0, top)
        _percent(axes, "xy", limits=False)
        bins = np.linspace(0, 1, 61)
        for died, color, label in ((0, "alive", "survived"), (1, "death", "died")):
            share = np.histogram(p[np.asarray(y) == died], bins)[0] / np.sum(np.asarray(y) == died)
            below.stairs(share, bins, color=COLORS[color], linewidth=1.5, label=label)
        below.set_yticks([])
        below.grid(visible=False)
        below.spines["left"].set_visible(False)
        below.set_xlim(0, top)
        below.set_xlabel("predicted risk")
        below.legend(loc="upper right", ncols=2)
    return canvas.svg


def risk_by_hour(y: NDArray[Any], p_hourly: Floats, area: Floats, final: Mapping[str, float]) -> str:
    """Median and middle half of the risk of the dying and of the survivors, and AUROC, hour by hour."""
    hours = np.arange(p_hourly.shape[1])
    known = np.flatnonzero(~np.isnan(area))
    told = ", ".join(f"{area[h]:.3f} at {h} h" for h in (6, 12, 24, 48) if h in known)
    with figure("by-hour", WIDTH, 430, f"Risk and AUROC by hour. AUROC {told or 'unknown'}.") as canvas:
        axes, below = canvas.figure.subplots(2, 1, sharex=True, height_ratios=(1.25, 1))
        for died, color, label in ((1, "death", "died"), (0, "alive", "survived")):
            group = p_hourly[np.asarray(y) == died]
            seen = ~np.isnan(group).all(axis=0)
            if not seen.any():
                continue
            low, middle, high = np.nanquantile(group[:, seen], (0.25, 0.5, 0.75), axis=0)
            axes.fill_between(hours[seen], low, high, color=COLORS[color], alpha=0.18, linewidth=0)
            dash = "-" if died else (0, (5, 1.6))
            axes.plot(hours[seen], middle, color=COLORS[color], linestyle=dash, linewidth=2.2, label=label)
        axes.set_ylabel("risk")
        axes.set_ylim(0)
        if axes.lines:
            axes.legend(loc="upper left", ncols=2)
        _percent(axes, "y", limits=False)
        below.plot(hours, area, **_style(0))
        for i, (name, value) in enumerate(final.items(), 1):
            below.plot(
                HOURS, value, _MARKERS[min(i, 2)], color=_style(i)["color"], clip_on=False, label=f"{name}, 48 h"
            )
        below.set_ylabel("AUROC so far")
        below.set_xlabel("hours since admission")
        below.set_xlim(0, HOURS)
        below.set_xticks(range(0, HOURS + 1, 6))
        if final:
            below.legend(loc="lower right")
    return canvas.svg


def area_by_hour(areas: Mapping[str, Floats]) -> str:
    """AUROC of every model with what was known by each hour."""
    told = "; ".join(f"{name}: {area[24]:.3f} at 24 h, {area[HOURS]:.3f} at {HOURS} h" for name, area in areas.items())
    with figure("hours", WIDTH, 320, f"AUROC by hour. {told}.") as canvas:
        axes = canvas.figure.subplots()
        for i, (name, area) in enumerate(areas.items()):
            axes.plot(np.arange(len(area)), area, **_style(i), label=name)
        axes.set_ylabel("AUROC so far")
        axes.set_xlabel("hours since admission")
        axes.set_xlim(0, HOURS)
        axes.set_xticks(range(0, HOURS + 1, 6))
        axes.legend(loc="lower right")
    return canvas.svg


def _percent(axes: Any, which: str, *, limits: bool = True) -> None:
    from matplotlib.ticker import PercentFormatter

    for direction in which:
        axis = axes.xaxis if direction == "x" else axes.yaxis
        axis.set_major_formatter(PercentFormatter(1, decimals=0, symbol="\N{NARROW NO-BREAK SPACE}%"))
        if limits:
            getattr(axes, f"set_{direction}lim")(0, 1)
