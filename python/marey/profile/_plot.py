"""The picture of a profile; matplotlib is imported when it is drawn."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from marey.errors import BackendError
from marey.profile._series import as_series

if TYPE_CHECKING:
    from marey.profile.matrix_profile import MatrixProfile

INK, GREY, RED = "#222222", "#9a9a9a", "#c0392b"
MOTIFS = ("#1f77b4", "#2a8c57", "#7b5ea7", "#d95f02")


def draw(profile: MatrixProfile, t: Any, path: str | os.PathLike[str] | None, fs: float, n: int) -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise BackendError("pictures need matplotlib, which is not installed: pip install matplotlib") from error
    t, (distance, index) = as_series("t", t, (1,)), profile._nearest()
    if len(t) != len(distance) + profile.m - 1:
        raise ValueError(f"`t` has {len(t)} values; expected {len(distance) + profile.m - 1}, those of the profile")
    if not fs > 0:
        raise ValueError(f"`fs` is {fs}; expected a positive number of Hz")
    join = profile.left_index is None
    figure = Figure(figsize=(10, 4.2 if join else 6.2), layout="constrained")
    grid = figure.add_gridspec(2 if join else 3, 2)
    top = figure.add_subplot(grid[0, :])
    below = figure.add_subplot(grid[1, :], sharex=top)
    at = np.arange(len(t)) / fs
    unit = "samples" if fs == 1 else "s"
    top.plot(at, t, color=INK, linewidth=0.6)
    top.tick_params(labelbottom=False)
    below.plot(at[: len(distance)], np.where(np.isfinite(distance), distance, np.nan), color=INK, linewidth=0.6)
    motifs, discords = profile.motifs(n), profile.discords(n)
    for number, (i, j, apart) in enumerate(motifs):
        colour = MOTIFS[number % len(MOTIFS)]
        both = (i,) if join else (i, j)
        for begin in both:
            top.axvspan(at[begin], at[begin + profile.m - 1], color=colour, alpha=0.25, linewidth=0)
        below.plot(at[list(both)], distance[list(both)], "o", color=colour, label=f"motif, {apart:.2g}")
    for i, apart in discords:
        top.axvspan(at[i], at[i + profile.m - 1], color=RED, alpha=0.2, linewidth=0)
        below.plot(at[i], apart, "v", color=RED, label=f"discord, {apart:.2g}")
    top.set_title("motifs in colour, discords in red", loc="left")
    top.set_xlim(0, at[-1])
    below.set(xlabel=unit, ylabel="distance to the nearest", ylim=(0, None))
    if motifs or discords:
        below.legend(frameon=False, ncols=2 * n, loc="lower right", bbox_to_anchor=(1, 1))
    if not join:
        pairs = [(i, j, apart, MOTIFS[0], "the two most alike") for i, j, apart in motifs[:1]]
        pairs += [(i, int(index[i]), apart, RED, "the one like no other") for i, apart in discords[:1]]
        for place, (i, j, apart, colour, title) in enumerate(pairs):
            ax = figure.add_subplot(grid[2, place])
            for begin, drawn in ((j, GREY), (i, colour)):
                label = f"from {at[begin]:,.4g}" + (", its nearest" if begin == j and colour == RED else "")
                ax.plot(at[: profile.m], t[begin : begin + profile.m], color=drawn, label=label)
            ax.set_title(f"{title}: {apart:.2g}", loc="left")
            ax.set_xlabel(unit)
            ax.legend(frameon=False, loc="best")
    for ax in figure.axes:
        ax.spines[["top", "right"]].set_visible(False)
    if path is not None:
        figure.savefig(path, dpi=100, metadata={"Software": None} if str(path).endswith(".png") else None)
    return figure
