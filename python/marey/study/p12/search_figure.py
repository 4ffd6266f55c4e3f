"""AUROC against what it costs the patient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marey.study.p12.svg import COLORS, figure

__all__ = ["burden"]


def burden(found: Mapping[str, Any]) -> str:
    """Candidates of the search: all of the front by the stand-in, those trained, the knee."""
    trained, knee = found["trained"], found["trained"][found["knee"]]
    told = "; ".join(f"{row['draws_per_day']:.1f} draws a day: AUROC {row['auroc']:.3f}" for row in trained)
    with figure("burden", 620, 300, f"AUROC against laboratory draws a day. Trained: {told}.") as canvas:
        axes = canvas.figure.subplots()
        front = found["front"]
        draws, area = [r["draws_per_day"] for r in front], [r["auroc"] for r in front]
        axes.scatter(draws, area, s=9, color=COLORS["soft"], alpha=0.5, linewidths=0, label="stand-in")
        rows = sorted(trained, key=lambda row: row["draws_per_day"])
        axes.plot(
            [r["draws_per_day"] for r in rows], [r["auroc"] for r in rows], "o", color=COLORS["model"], label="trained"
        )
        axes.plot(
            knee["draws_per_day"],
            knee["auroc"],
            "o",
            markersize=14,
            markerfacecolor="none",
            markeredgecolor=COLORS["second"],
            markeredgewidth=1.8,
            linestyle="none",
            label="knee",
        )
        axes.set_xlabel("Laboratory draws a day")
        axes.set_ylabel("AUROC, cross-validated")
        axes.legend(loc="lower right")
    return canvas.svg
