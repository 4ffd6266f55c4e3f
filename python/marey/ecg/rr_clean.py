"""rr_clean: which intervals between beats are normal."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from marey._runtime.checks import check_dtype

__all__ = ["rr_clean"]


def rr_clean(
    rr: Any,
    *,
    offsets: Any = None,
    normal: Any = None,
    low: float = 300.0,
    high: float = 2000.0,
    change: float = 0.2,
    neighbours: int = 11,
) -> NDArray[np.float64]:
    """Normal-to-normal intervals: all others become NaN.

    Parameters
    ----------
    rr : (N,), or (total,) with ``offsets``
        Intervals in milliseconds.
    offsets : (S + 1,) int64, optional
        Ragged series: series ``s`` is ``rr[offsets[s]:offsets[s + 1]]``.
    normal : (N,) bool, optional
        Whether both beats of an interval are normal, as annotations or a classifier tell.
    low, high : float
        Shortest and longest possible interval in ms.
    change : float
        How far an interval may lie from the median of those around it, as a share of that median.
    neighbours : int
        How many of those around, itself included; odd.

    Returns
    -------
    (N,) float64
        NaN where the interval is not normal. `hrv` takes it: its time goes on, and no difference is taken across it.

    Raises
    ------
    ValueError, TypeError
        If an argument does not fit.

    Notes
    -----
    A premature beat makes a short and then a long interval; both lie far from their neighbours, and both are left out.
    Nothing is interpolated: invented intervals make variability smaller. The share of 20 % is that of the Task Force
    (Circulation 93:1043, 1996) and of Malik's filter, here from a median, which one wrong neighbour does not move.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.ecg import rr_clean
    >>> rr_clean(np.array([810.0, 805.0, 500.0, 1105.0, 800.0, 790.0, 802.0]))
    array([810., 805.,  nan,  nan, 800., 790., 802.])
    """
    from marey.ecg.hrv import _offsets

    rr = np.asarray(rr)
    if rr.dtype.kind in "iu":
        rr = rr.astype(np.float64)
    check_dtype("rr", rr, ("float32", "float64"))
    if rr.ndim != 1:
        raise ValueError(f"`rr` has shape {rr.shape}; expected (N,), or (total,) with `offsets`")
    offsets = _offsets(offsets, len(rr))
    if not 0 <= low < high:
        raise ValueError(f"`low` is {low} and `high` {high}; expected 0 <= low < high, in ms")
    if not change > 0:
        raise ValueError(f"`change` is {change}; expected a share > 0")
    if neighbours < 3 or neighbours % 2 == 0:
        raise ValueError(f"`neighbours` is {neighbours}; expected an odd number from 3 on")
    out: NDArray[np.float64] = rr.astype(np.float64)
    if normal is not None:
        normal = np.asarray(normal)
        check_dtype("normal", normal, ("bool",))
        if normal.shape != rr.shape:
            raise ValueError(f"`normal` has shape {normal.shape}; expected that of `rr`, {rr.shape}")
        out[~normal] = np.nan
    with np.errstate(invalid="ignore"):
        out[~((out >= low) & (out <= high))] = np.nan
    for first, last in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True):
        out[first:last] = _near(out[first:last], change, neighbours)
    return out


def _near(rr: NDArray[Any], change: float, neighbours: int) -> NDArray[Any]:
    """Those near the median of the known ones around them."""
    if len(rr) == 0:
        return rr
    half = neighbours // 2
    around = np.lib.stride_tricks.sliding_window_view(np.pad(rr, half, constant_values=np.nan), neighbours)
    ordered = np.sort(around, axis=1)  # NaN last
    count = np.isfinite(around).sum(axis=1)
    middle = np.maximum(count - 1, 0)
    rows = np.arange(len(rr))
    median = (ordered[rows, middle // 2] + ordered[rows, (middle + 1) // 2]) / 2
    return np.where(np.abs(rr - median) <= change * median, rr, np.nan)
