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
    for k in range(len(found.stays)):
        middle = np.median(found.place[found.label == k], axis=0)
        axes.text(
            *middle, f"{k + 1}", weight="bold", ha="center", va="center", bbox={"fc": "white", "boxstyle": "circle"}
        )
    axes.set(xlabel="first main component", ylabel="second main component", xticks=[], yticks=[])
    figure.legend(loc="outside lower center", ncols=2, fontsize=7.5, markerscale=3, frameon=False)
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
