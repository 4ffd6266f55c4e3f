"""The empirical attainment function."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marey._runtime import native
from marey.moo._points import as_points

__all__ = ["eaf"]


def eaf(runs: Sequence[Any], levels: Sequence[float] | None = None) -> list[NDArray[np.float64]]:
    r"""Attainment surfaces of several runs: what a given share of the runs reached.

    A run attains a place when one of its points weakly dominates it. The surface of level :math:`q` is the set of the
    minimal places that at least :math:`\lceil q n \rceil` of the n runs attain: level 0.5 is the median outcome of a
    stochastic optimizer.

    Parameters
    ----------
    runs : sequence of (N_i, d) array_like
        The final sets of the runs, minimised, d = 2 or 3. Points may be dominated. Infinities are allowed, NaN is not.
    levels : sequence of float in (0, 1], optional
        Shares of the runs; 1/n, 2/n, ..., 1 if left out.

    Returns
    -------
    list of (M_k, d) float64
        For each level its surface, sorted by the first objective. Empty where too few runs have points.

    Raises
    ------
    ValueError
        If there is no run, shapes do not fit, a level is outside (0, 1] or a value is NaN.
    TypeError
        If a run is not real numbers.

    Notes
    -----
    Grunert da Fonseca, Fonseca, Hall, "Inferential performance assessment of stochastic optimisers and the attainment
    function", EMO 2001; Fonseca, Guerreiro, López-Ibáñez, Paquete, EMO 2011. One sweep for all levels.

    Examples
    --------
    >>> from marey.moo import eaf
    >>> best, worst = eaf([[[1.0, 3.0], [3.0, 1.0]], [[2.0, 2.0]]])
    >>> best.tolist()
    [[1.0, 3.0], [2.0, 2.0], [3.0, 1.0]]
    >>> worst.tolist()
    [[2.0, 3.0], [3.0, 2.0]]
    """
    if len(runs) == 0:
        raise ValueError("`runs` is empty; expected at least one run")
    first = as_points("runs[0]", runs[0])
    d = first.shape[1]
    if d not in (2, 3):
        raise ValueError(f"`runs[0]` has shape {first.shape}; expected (N, 2) or (N, 3)")
    sets = [first, *(as_points(f"runs[{i}]", run, d=d) for i, run in enumerate(runs[1:], 1))]
    n = len(sets)
    counts = list(range(1, n + 1))
    if levels is not None:
        for level in levels:
            if not 0 < level <= 1:
                raise ValueError(f"`levels` has {level}; expected shares of the runs in (0, 1]")
        # 0.3 * 10 is a little more than 3.
        counts = [max(1, math.ceil(level * n - 1e-9)) for level in levels]
    offsets = np.concatenate([[0], np.cumsum([len(points) for points in sets])])
    surfaces = native.rust().eaf(np.concatenate(sets), offsets, counts)
    return [surface.reshape(-1, d) for surface in surfaces]
