"""dtw_path: which steps of two series belong together."""

from __future__ import annotations

from typing import Any

import numpy as np

from marey._runtime import native
from marey.distance._series import reach

__all__ = ["dtw_path"]


def dtw_path(x: Any, y: Any, *, window: int | None = None) -> tuple[float, np.ndarray[Any, Any]]:
    """The dynamic time warping distance of two series and a path that has it.

    Parameters
    ----------
    x : (N,) or (d, N)
    y : (M,) or (d, M)
        Series with the same channels, in the same unit; computed in float64.
    window : int, optional
        As in `dtw_cdist`.

    Returns
    -------
    distance : float
        As `dtw_cdist` gives it: NaN where a value is not finite, inf where no path keeps to the window.
    path : (K, 2) int64
        Matched steps ``(i, j)`` from the beginnings to the ends; no row where the distance is NaN or inf. Of equal
        paths the one that goes back diagonally first.

    Raises
    ------
    ValueError, TypeError
        If a shape or `window` does not fit.

    Notes
    -----
    It needs a byte for each cell of the band.

    Examples
    --------
    >>> from marey.distance import dtw_path
    >>> distance, path = dtw_path([0.0, 1, 0], [0.0, 0, 1, 0])
    >>> distance, path.tolist()
    (0.0, [[0, 0], [0, 1], [1, 2], [2, 3]])
    """
    x, y = (np.ascontiguousarray(a, dtype=np.float64) for a in (x, y))
    for name, a, letter in (("x", x, "N"), ("y", y, "M")):
        if a.ndim not in (1, 2):
            raise ValueError(f"`{name}` has shape {a.shape}; expected ({letter},) or (d, {letter})")
    x, y = np.atleast_2d(x), np.atleast_2d(y)
    if x.shape[0] != y.shape[0]:
        raise ValueError(f"`y` has {y.shape[0]} channels and `x` {x.shape[0]}; expected the same number")
    return native.core().dtw_path(x, y, reach(window))  # type: ignore[no-any-return]
