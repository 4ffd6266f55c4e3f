"""The figures of the patient graph: its map, and the balance of a matched comparison."""

from __future__ import annotations

import numpy as np

from marey.study.p12.figures import WIDTH
from marey.study.p12.matched import Matched
from marey.study.p12.phenotypes import Phenotypes
from marey.study.p12.svg import COLORS, figure

__all__ = ["love_plot", "phenotype_map", "phenotype_outcomes"]

# Told apart on light and dark pages, and by colour-blind readers (Okabe & Ito); a colour comes back with another mark.
_COLOURS = (
    (0.0, 0.45, 0.7),
    (0.84, 0.37, 0.0),
    (0.0, 0.62, 0.45),
    (0.8, 0.47, 0.65),
    (0.34, 0.71, 0.91),
    (0.7, 0.6, 0.1),
)


def phenotype_map(found: Phenotypes) -> str:
    """Each stay on the plane of the two main components, in its phenotype's colour, the number at the middle."""
    count = len(found.stays)
    alt = f"Map of {len(found.label)} stays in {count} phenotypes, from {found.stays[0]} to {found.stays[-1]} stays."
    with figure("phenotype-map", WIDTH, 360, alt) as canvas:
        axes = canvas.figure.subplots()
        for k in range(count):
            here = found.place[found.label == k]
            colour = _COLOURS[k % len(_COLOURS)]
            marker = "o^s"[k // len(_COLOURS) % 3]
            axes.scatter(
                here[:, 0], here[:, 1], s=5, color=[(*colour, 0.55)], marker=marker, linewidths=0, rasterized=True
            )
        for k in range(count):
            middle = np.median(found.place[found.label == k], axis=0)
            axes.plot(*middle, "o", markersize=17, color=COLORS["paper"], markeredgecolor=COLORS["ink"])
            axes.annotate(f"{k + 1}", middle, ha="center", va="center", fontweight="bold", fontsize=10.5)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_xlabel("first main component")
        axes.set_ylabel("second main component")
    return canvas.svg


def phenotype_outcomes(found: Phenotypes, overall: float) -> str:
    """Share that died in each phenotype, with 95 % Wilson intervals, and the share of all."""
    n, share = found.stays, found.deaths / found.stays
    z = 1.96
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    told = "; ".join(f"{k + 1}: {value:.1%}" for k, value in enumerate(share))
    alt = f"Deaths by phenotype with 95 % intervals, {overall:.1%} of all. {told}."
    with figure("phenotype-outcomes", WIDTH, 70 + 24 * len(n), alt) as canvas:
        axes = canvas.figure.subplots()
        rows = np.arange(len(n))
        axes.hlines(rows, 100 * (centre - half), 100 * (centre + half), color=COLORS["death"], linewidth=2.2)
        axes.plot(100 * share, rows, "o", color=COLORS["death"], markersize=6)
        axes.axvline(100 * overall, color=COLORS["soft"], linewidth=1, linestyle="--")
        axes.set_yticks(rows, [f"{k + 1}" for k in rows])
        axes.set_ylim(len(n) - 0.4, -0.6)
        axes.set_xlim(left=0)
        axes.grid(axis="y", visible=False)
        axes.set_ylabel("phenotype")
        axes.set_xlabel("died in hospital, per cent (dashed: all)")
    return canvas.svg


def love_plot(found: Matched) -> str:
    """Absolute standardised differences of each covariate before and after matching."""
    before, after = np.abs(found.smd_before), np.abs(found.smd_after)
    order = np.argsort(np.nan_to_num(before), kind="stable")
    worst = [float(np.nanmax(values)) if np.isfinite(values).any() else float("nan") for values in (before, after)]
    alt = (
        f"Love plot of {len(order)} covariates. Largest standardised difference {worst[0]:.2f} before matching, "
        f"{worst[1]:.2f} after."
    )
    with figure("love", WIDTH, 80 + 19 * len(order), alt) as canvas:
        axes = canvas.figure.subplots()
        rows = np.arange(len(order))
        axes.plot(before[order], rows, "o", color=COLORS["paper"], markeredgecolor=COLORS["second"], label="before")
        axes.plot(after[order], rows, "o", color=COLORS["model"], label="after")
        axes.axvline(0.1, color=COLORS["soft"], linewidth=1, linestyle="--")
        axes.set_yticks(rows, [str(found.names[i]) for i in order])
        axes.set_ylim(-0.6, len(order) - 0.4)
        axes.set_xlim(left=0)
        axes.set_xlabel("absolute standardised mean difference (dashed: 0.1)")
        axes.legend(loc="lower right")
    return canvas.svg
