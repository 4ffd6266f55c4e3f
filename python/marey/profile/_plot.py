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
    t, (distance, _) = as_series("t", t, (1,)), profile._nearest()
    if len(t) != len(distance) + profile.m - 1:
        raise ValueError(f"`t` has {len(t)} values; expected {len(distance) + profile.m - 1}, those of the profile")
    if not fs > 0:
        raise ValueError(f"`fs` is {fs}; expected a positive number of Hz")
    figure = Figure(figsize=(10, 5), layout="constrained")
    top, below = figure.subplots(2, 1, sharex=True)
    at = np.arange(len(t)) / fs
    top.plot(at, t, color=INK, linewidth=0.6)
    below.plot(at[: len(distance)], np.where(np.isfinite(distance), distance, np.nan), color=INK, linewidth=0.6)
    for number, (i, j, apart) in enumerate(profile.motifs(n)):
        colour = MOTIFS[number % len(MOTIFS)]
        both = (i,) if profile.left_index is None else (i, j)
        for begin in both:
            top.plot(at[begin : begin + profile.m], t[begin : begin + profile.m], color=colour, linewidth=1.6)
        below.plot(at[list(both)], distance[list(both)], "o", color=colour, label=f"motif, {apart:.2g}")
    for i, apart in profile.discords(n):
        top.axvspan(at[i], at[i + profile.m - 1], color=RED, alpha=0.15, linewidth=0)
        below.plot(at[i], apart, "v", color=RED, label=f"discord, {apart:.2g}")
    top.set(title=f"the series, its motifs in colour and its discords in red; windows of {profile.m}", xlim=(0, at[-1]))
    below.set(xlabel="samples" if fs == 1 else "s", ylabel="distance to the nearest", ylim=(0, None))
    below.legend(frameon=False, ncols=4, loc="lower right", bbox_to_anchor=(1, 1))
    for ax in (top, below):
        ax.spines[["top", "right"]].set_visible(False)
    if path is not None:
        figure.savefig(path, dpi=100, metadata={"Software": None} if str(path).endswith(".png") else None)
    return figure
