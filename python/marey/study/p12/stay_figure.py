"""One stay of the test: what was measured, and the risk that followed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from marey.study.p12.result import HOURS, Example
from marey.study.p12.svg import COLORS, figure

__all__ = ["stay_plot"]

# Upper panel: two lines on one scale. The second of each pair stands in where a stay has no arterial line.
_UPPER = (
    (("HR",), "heart rate, /min", "model", "-"),
    (("MAP", "NIMAP"), "mean pressure, mmHg", "second", (0, (5, 1.6))),
)


def stay_plot(example: Example, vocab: Sequence[str], *, number: int, top: float) -> str:
    """Heart rate, mean pressure and coma score above the hourly risk, on a risk scale common to all examples."""
    end = example.hourly[~np.isnan(example.hourly)]
    outcome = "died in hospital" if example.outcome else "survived"
    alt = f"Stay {example.subject_id}, {outcome}: {len(example.time)} values in 48 hours; " + (
        f"risk from {end[0]:.0%} at first to {end[-1]:.0%} at last, highest {end.max():.0%}."
        if end.size
        else "no risk."
    )
    with figure(f"stay-{number}", 350, 390, alt) as canvas:
        vitals, coma, risk = canvas.figure.subplots(3, 1, sharex=True, height_ratios=(1.7, 0.8, 1.2))
        for names, label, color, dash in _UPPER:
            time, value = _series(example, vocab, names)
            vitals.plot(
                time, value, color=COLORS[color], linestyle=dash, linewidth=1.3, marker="o", markersize=1.8, label=label
            )
        vitals.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0, handlelength=1.6)
        time, value = _series(example, vocab, ("GCS",))
        coma.step(time, value, where="post", color=COLORS["third"])
        coma.plot(time, value, "o", color=COLORS["third"], markersize=2.5)
        coma.set_ylim(2, 16)
        coma.set_yticks([3, 15])
        coma.set_ylabel("GCS")
        hours = np.arange(len(example.hourly))
        known = ~np.isnan(example.hourly)
        shade = COLORS["death"] if example.outcome else COLORS["alive"]
        risk.fill_between(hours[known], example.hourly[known], color=shade, alpha=0.18, linewidth=0)
        risk.plot(hours[known], example.hourly[known], color=shade, linewidth=2.2)
        risk.set_ylim(0, top)
        risk.set_ylabel("risk")
        risk.yaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f}\N{NARROW NO-BREAK SPACE}%")
        risk.set_xlim(0, HOURS)
        risk.set_xticks(range(0, HOURS + 1, 6))
        risk.set_xlabel("hours since admission")
        canvas.figure.align_ylabels()
    return canvas.svg


def _series(example: Example, vocab: Sequence[str], names: Sequence[str]) -> tuple[Any, Any]:
    """Times and finite values of the first of `names` that the stay has."""
    for name in names:
        if name in vocab:
            found = (example.code == vocab.index(name)) & np.isfinite(example.value)
            if found.any():
                return example.time[found], example.value[found]
    return np.zeros(0), np.zeros(0)
