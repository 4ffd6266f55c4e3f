"""sleep_window, sustained_inactivity: nights from the angle of the arm alone, without a diary."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["sleep_window", "sustained_inactivity"]


def sleep_window(
    angle_z: Any,
    epoch: float = 5,
    *,
    worn: Any = None,
    min_block_s: float = 1800,
    max_gap_s: float = 3600,
    percentile: float = 10,
    factor: float = 15,
    bounds: tuple[float, float] = (0.13, 0.5),
) -> tuple[int, int] | None:
    """The sleep period of a day, from noon to noon.

    Parameters
    ----------
    angle_z : (E,)
        Degrees (`angle_z`); NaN counts as no movement.
    epoch : float
        Length of an epoch in seconds.
    worn : (E,) bool, optional
        Epochs that count; those not worn never belong to a block.
    min_block_s, max_gap_s : float
        Blocks of at least ``min_block_s`` are kept, and joined over gaps of less than ``max_gap_s``.
    percentile, factor, bounds : float
        Movement is told from stillness by ``factor`` times this percentile of the day's movement, within ``bounds``
        degrees.

    Returns
    -------
    (onset, wake) : int, or None
        Epochs ``angle_z[onset:wake]``: the longest joined block. None where there is no block.

    Notes
    -----
    van Hees et al., Sci Rep 8:12975, 2018: the median over five minutes of the absolute change of the angle from epoch
    to epoch, below the threshold.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.actigraphy import sleep_window
    >>> angle = np.random.default_rng(0).normal(0, 20, 17280)
    >>> angle[7200:12000] = 3.0
    >>> sleep_window(angle)
    (7201, 12000)
    """
    angle = np.asarray(angle_z, dtype=np.float64)
    if angle.ndim != 1:
        raise ValueError(f"`angle_z` has shape {angle.shape}; expected (E,)")
    wear = np.ones(len(angle), bool) if worn is None else np.asarray(worn, dtype=bool)
    if wear.shape != angle.shape:
        raise ValueError(f"`worn` has shape {wear.shape}; expected {angle.shape}")
    if len(angle) < 2:
        return None
    change = np.abs(np.diff(angle, prepend=angle[0]))
    change[~np.isfinite(change)] = 0
    movement = _rolling_median(change, max(1, round(300 / epoch)))
    if not wear.any():
        return None
    threshold = np.clip(np.percentile(movement[wear], percentile) * factor, *bounds)
    blocks = [b for b in _runs((movement < threshold) & wear) if (b[1] - b[0]) * epoch >= min_block_s]
    joined: list[tuple[int, int]] = []
    for begin, end in blocks:
        if joined and (begin - joined[-1][1]) * epoch < max_gap_s:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((begin, end))
    return max(joined, key=lambda b: b[1] - b[0]) if joined else None


def sustained_inactivity(
    angle_z: Any, epoch: float = 5, *, max_change: float = 5, min_duration_s: float = 300
) -> NDArray[np.bool_]:
    """Epochs between two changes of the angle that are more than ``min_duration_s`` apart.

    Parameters
    ----------
    angle_z : (E,)
        Degrees; NaN counts as no movement.
    epoch : float
        Length of an epoch in seconds.
    max_change : float
        A change from one epoch to the next of more than so many degrees is a movement.
    min_duration_s : float
        Stillness of so many seconds or more is told.

    Returns
    -------
    (E,) bool
        Within a `sleep_window` these are its sleep.

    Notes
    -----
    van Hees et al., PLoS ONE 10:e0142533, 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.actigraphy import sustained_inactivity
    >>> angle = np.repeat([0.0, 30.0, 60.0], [100, 20, 80])
    >>> sustained_inactivity(angle).sum()
    np.int64(180)
    """
    angle = np.asarray(angle_z, dtype=np.float64)
    if angle.ndim != 1:
        raise ValueError(f"`angle_z` has shape {angle.shape}; expected (E,)")
    with np.errstate(invalid="ignore"):
        moves = np.flatnonzero(np.abs(np.diff(angle)) > max_change) + 1
    edges = np.concatenate([[0], moves, [len(angle)]])
    out = np.zeros(len(angle), bool)
    for begin, end in pairwise(edges.tolist()):
        out[begin:end] = (end - begin) * epoch >= min_duration_s
    return out


def _rolling_median(x: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    from marey._runtime import native

    rolled: NDArray[np.float64] = native.core().rolling_median(np.ascontiguousarray(x)[None], window)[0]
    return rolled


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]
