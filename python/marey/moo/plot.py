"""Pictures of a result; matplotlib is imported when one is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from marey.errors import BackendError
from marey.moo._points import as_points
from marey.moo.eaf import eaf

if TYPE_CHECKING:
    from marey.moo.result import Result

__all__ = ["plot"]

KINDS = ("front", "parallel", "attainment")
BLUE, ORANGE, GREY = "#1f77b4", "#d95f02", "#9a9a9a"


def plot(
    result: Result,
    kind: str | None = None,
    *,
    names: Sequence[str] | None = None,
    runs: Sequence[Any] | None = None,
    levels: Sequence[float] = (0.25, 0.5, 0.75),
    front: Any = None,
    population: bool = False,
    ax: Any = None,
) -> Any:
    """Draws a result.

    Parameters
    ----------
    result : Result
        With at least one solution.
    kind : {"front", "parallel", "attainment"}, optional
        "front": objectives against each other, 2 or 3 of them, the knee marked. "parallel": one axis an objective,
        each scaled to its range. "attainment": the surfaces of 2 objectives that a part of the runs reached. Left out:
        "attainment" where `runs` are given, else by the number of objectives.
    names : sequence of str, optional
        Of the objectives; f0, f1, ... if left out.
    runs : sequence of Result or (n, 2) array_like, optional
        Runs of "attainment", the result's own among them if it is to count.
    levels : sequence of float
        Parts of the runs, 0 < level <= 1.
    front : (m, n_obj) array_like, optional
        Points to lay behind: the true front of a test problem.
    population : bool
        Lay the last population behind.
    ax : matplotlib Axes, optional
        Where to draw; a new figure if left out. For 3 objectives a 3-D one.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If the result is empty, or `kind` does not go with the number of objectives.
    BackendError
        If matplotlib is not installed.
    """
    F = result._nonempty()
    d = F.shape[1]
    kind = kind or ("attainment" if runs is not None else "front" if d in (2, 3) else "parallel")
    if kind not in KINDS:
        raise ValueError(f"`kind` is {kind!r}; expected one of {', '.join(KINDS)}")
    if (kind == "front" and d not in (2, 3)) or (kind == "attainment" and d != 2) or d < 2:
        fits = {"front": "2 or 3", "attainment": "2", "parallel": "2 or more"}[kind]
        raise ValueError(f"`kind` is {kind!r} and there are {d} objectives; expected {fits}")
    labels = [f"f{i}" for i in range(d)] if names is None else list(names)
    if len(labels) != d:
        raise ValueError(f"`names` has {len(labels)} names; expected one for each of the {d} objectives")
    if kind == "attainment" and not runs:
        raise ValueError("`runs` is left out; expected the runs whose attainment is to be drawn")
    ax = _axes(ax, kind == "front" and d == 3)
    if kind == "parallel":
        _parallel(ax, result, labels)
        return ax
    ax.set(xlabel=labels[0], ylabel=labels[1])
    if kind == "attainment":
        _attainment(ax, [as_points("runs", getattr(run, "F", run), d=2) for run in runs or ()], levels)
        return ax
    behind = [(result.population.get("F", F[:0]), GREY, 6, "population")] if population else []
    behind += [(as_points("front", front, d=d), GREY, 2, "true front")] if front is not None else []
    for points, colour, size, label in [*behind, (F, BLUE, 14, "solutions")]:
        ax.scatter(*points.T, s=size, color=colour, label=label, linewidths=0)
    ax.scatter(*result.knee().F[:, None], s=70, facecolors="none", edgecolors=ORANGE, linewidths=1.6, label="knee")
    if d == 3:
        ax.set_zlabel(labels[2])
        ax.view_init(elev=24, azim=38)
    ax.legend(frameon=False)
    return ax


def _axes(ax: Any, space: bool) -> Any:
    if ax is not None:
        return ax
    try:
        from matplotlib import pyplot
    except ModuleNotFoundError as error:
        raise BackendError("plots need matplotlib, which is not installed: pip install matplotlib") from error
    return pyplot.figure(figsize=(6, 4.5), layout="constrained").add_subplot(projection="3d" if space else None)


def _parallel(ax: Any, result: Result, labels: list[str]) -> None:
    F, knee = result.F, result.knee().index
    low, high = F.min(0), F.max(0)
    scaled = (F - low) / np.where(high > low, high - low, 1.0)
    at = np.arange(F.shape[1])
    ax.plot(at, scaled.T, color=BLUE, alpha=min(1.0, 0.1 + 10 / len(F)), linewidth=0.8)
    ax.plot(at, scaled[knee], color=ORANGE, linewidth=2, label="knee")
    ax.set_xticks(at, [f"{name}\n{a:.2g}" for name, a in zip(labels, low, strict=True)])
    for x, b in zip(at, high, strict=True):
        ax.text(x, 1.03, f"{b:.2g}", ha="center", va="bottom")
    ax.set(xlim=(at[0], at[-1]), ylim=(-0.02, 1.02), ylabel="share of the range")
    for x in at:
        ax.axvline(x, color=GREY, linewidth=0.6)
    ax.legend(loc="upper right", bbox_to_anchor=(1.0, 1.0))


def _attainment(ax: Any, runs: list[NDArray[np.float64]], levels: Sequence[float]) -> None:
    for run in runs:
        ax.scatter(*run.T, s=4, color=GREY, linewidths=0)
    wanted = sorted(levels)
    right, top = np.max([run.max(0) for run in runs], axis=0)
    for i, (level, surface) in enumerate(zip(wanted, eaf(runs, wanted), strict=True)):
        if len(surface) == 0:
            continue
        x = np.concatenate([surface[:1, 0], surface[:, 0], [max(right, surface[-1, 0])]])
        y = np.concatenate([[max(top, surface[0, 1])], surface[:, 1], surface[-1:, 1]])
        shade = 0.35 + 0.65 * (i + 1) / len(wanted)
        ax.step(x, y, where="post", color=BLUE, alpha=shade, linewidth=1.6, label=f"reached by {level:.0%} of the runs")
    ax.legend(frameon=False)
