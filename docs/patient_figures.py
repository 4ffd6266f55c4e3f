"""Draws _static/phenotypes.png and _static/love_plot.png from the real stays: python docs/patient_figures.py."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np

from marey.graph import Balance
from marey.study.p12.data import locate
from marey.study.p12.dataset import DEATH
from marey.study.p12.matched import matched
from marey.study.p12.phenotypes import phenotypes

STATIC = Path(__file__).parent / "_static"


def apart(places: np.ndarray, gap: np.ndarray) -> np.ndarray:
    """Places pushed from each other until none is nearer to another than `gap`, the size of a label."""
    at = places / gap
    for _ in range(100):
        away = at[:, None] - at[None]
        length = np.linalg.norm(away, axis=2) + 1e-9
        push = np.where((length < 1)[..., None], away / length[..., None] * (1 - length)[..., None] / 2, 0)
        at = at + push.sum(axis=1)
    return at * gap


def main() -> None:
    mpl.use("Agg")
    source = locate(None, train="a", test="b", seed=0, threads=None, say=print)
    if source.kind == "synthetic":
        raise SystemExit("the pictures are of real stays: set MAREY_DATA")
    died = source.test.labels[DEATH] == 1
    found = phenotypes(source.test, died)
    figure, axes = plt.subplots(figsize=(6.4, 5.2), layout="constrained")
    colours = plt.get_cmap("tab10").colors
    for k, stays in enumerate(found.stays):
        here = found.place[found.label == k]
        lead = ", ".join(f"{n} {a:+.1f}" for n, a in zip(found.leading[k][:2], found.apart[k][:2], strict=True))
        told = f"{k + 1}: {lead}; {found.deaths[k] / stays:.0%} died"
        axes.scatter(here[:, 0], here[:, 1], s=4, color=colours[k % 10], alpha=0.5, linewidths=0, label=told)
    # The outermost stays would leave the others little room.
    low, high = np.quantile(found.place, [0.002, 0.998], axis=0)
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    axes.set(xlabel="first main component", ylabel="second main component", xticks=[], yticks=[])
    middles = np.array([np.median(found.place[found.label == k], axis=0) for k in range(len(found.stays))])
    for k, middle in enumerate(apart(middles, 0.07 * (high - low))):
        bubble = {"fc": "white", "ec": colours[k % 10], "lw": 2, "boxstyle": "circle"}
        axes.text(*middle, f"{k + 1}", weight="bold", ha="center", va="center", bbox=bubble)
    legend = figure.legend(loc="outside lower center", ncols=2, fontsize=8, markerscale=4, frameon=False)
    for handle in legend.legend_handles:
        handle.set_alpha(1)
    figure.savefig(STATIC / "phenotypes.png", dpi=110, pil_kwargs={"optimize": True})

    pairs = matched(source.test, died)
    nothing = np.full(len(pairs.names), np.nan)
    names = tuple(map(str, pairs.names))
    variances = pairs.variance_before, pairs.variance_after
    balance = Balance(names, nothing, nothing, pairs.smd_before, pairs.smd_after, *variances)
    balance.love_plot().figure.savefig(STATIC / "love_plot.png", dpi=110)
    print(found.stays, found.deaths / found.stays, pairs.pairs, pairs.difference)


if __name__ == "__main__":
    main()
