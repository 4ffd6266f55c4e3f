"""Where nodes lie in a drawing, and the drawing."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from marey.graph._check import as_count
from marey.graph.graph import Graph

__all__ = ["layout"]

_MOST = 3000


def layout(graph: Graph, *, seed: int = 0, steps: int = 60) -> NDArray[np.float64]:
    """Places nodes so that neighbours are near and others apart.

    Parameters
    ----------
    graph : Graph
        Of at most 3,000 nodes: every pair is looked at in each step.
    seed : int
        Of the first places.
    steps : int
        Moves of all nodes, shorter from one to the next.

    Returns
    -------
    (n, 2) float64
        Places, about within the unit square around 0.

    Raises
    ------
    ValueError
        If the graph is too large.

    Notes
    -----
    Fruchterman and Reingold (Software: Practice and Experience 21(11), 1991).

    Examples
    --------
    >>> from marey.graph import Graph, layout
    >>> layout(Graph.from_edges([0, 1], [1, 2])).shape
    (3, 2)
    """
    n = graph.n
    if n > _MOST:
        raise ValueError(f"`graph` has {n} nodes; expected at most {_MOST}: draw a part of it, or give `positions`")
    at = np.random.default_rng(as_count("seed", seed)).uniform(-0.5, 0.5, (n, 2))
    if n < 2:
        return at * 0
    src, dst = graph.sources(), graph.targets
    length = 1 / np.sqrt(n)
    for step in range(as_count("steps", steps, least=1)):
        apart = at[:, None] - at[None]
        square = np.maximum((apart**2).sum(axis=2), 1e-12)
        force = (apart * (length**2 / square)[:, :, None]).sum(axis=1)
        along = at[dst] - at[src]
        pull = along * np.sqrt((along**2).sum(axis=1, keepdims=True)) / length
        for axis in (0, 1):
            force[:, axis] += np.bincount(src, pull[:, axis], minlength=n)
        # Without a pull to the middle, parts without a way between them fly apart.
        force -= at * length
        size = np.maximum(np.sqrt((force**2).sum(axis=1, keepdims=True)), 1e-12)
        at = at + force / size * np.minimum(size, 0.1 * (1 - step / steps))
    at = at - at.mean(axis=0)
    places: NDArray[np.float64] = at / np.abs(at).max() / 2
    return places


def draw(graph: Graph, labels: Any, positions: Any, seed: int, ax: Any) -> Any:
    import matplotlib.pyplot as plt
    from matplotlib.collections import LineCollection

    at = layout(graph, seed=seed) if positions is None else np.asarray(positions, dtype=np.float64)
    if at.shape != (graph.n, 2):
        raise ValueError(f"`positions` has shape {at.shape}; expected ({graph.n}, 2)")
    if labels is not None and np.shape(labels) != (graph.n,):
        raise ValueError(f"`labels` has shape {np.shape(labels)}; expected ({graph.n},)")
    if ax is None:
        _, ax = plt.subplots(figsize=(6, 6))
    src, dst, _ = graph.edges()
    lines = list(np.stack([at[src], at[dst]], axis=1))
    ax.add_collection(LineCollection(lines, colors="0.75", linewidths=0.6, zorder=1))
    colours = "C0" if labels is None else np.asarray(labels)
    ax.scatter(*at.T, c=colours, cmap=None if labels is None else "tab20", s=18, zorder=2, edgecolors="none")
    ax.set_aspect("equal")
    ax.set_axis_off()
    return ax
