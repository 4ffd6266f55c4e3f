"""dtw_nn: nearest neighbours under dynamic time warping, without the matrix."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from marey._runtime import native
from marey.distance._series import check_pair, layout, reach

__all__ = ["dtw_nn"]


def dtw_nn(
    X: Any, Y: Any = None, k: int = 1, *, window: int | None = None, x_offsets: Any = None, y_offsets: Any = None
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """The `k` nearest series in `Y` of each series in `X` under dynamic time warping.

    Parameters
    ----------
    X, Y, window, x_offsets, y_offsets
        As in `dtw_cdist`. Without `Y` the neighbours come from `X`, each series' own place left out.
    k : int
        Neighbours wanted, at most the number of candidates.

    Returns
    -------
    index : (n, k) int64
        Which series of `Y`, the nearest first; of equal distances the earlier one.
    distance : (n, k)
        Their distances, bit for bit those of `dtw_cdist`.

    Raises
    ------
    ValueError, TypeError
        If a shape, a dtype, offsets, `window` or `k` does not fit.

    Notes
    -----
    Candidates are tried in the order of a lower bound (Keogh and Ratanamahatana, Knowl Inf Syst 7:358, 2005, and what
    their ends must cost), and left where a row of the table lies above the k-th distance so far. NaN distances come
    last. Memory grows with the candidates, not with the pairs.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.distance import dtw_nn
    >>> beats = np.array([[0.0, 1, 0, 0, 0], [0, 0, 3, 0, 0], [0, 0, 1, 0, 0]])
    >>> index, distance = dtw_nn(beats, window=1)
    >>> index.ravel(), distance.ravel()
    (array([2, 0, 0]), array([0., 2., 0.]))
    """
    X, Y, x_offsets, y_offsets = (None if a is None else np.asarray(a) for a in (X, Y, x_offsets, y_offsets))
    check_pair(X, Y, x_offsets, y_offsets)
    x = layout(X, x_offsets)
    y = None if Y is None else layout(Y, y_offsets)
    if y is None:
        candidates = (x.shape[0] if x_offsets is None else len(x_offsets) - 1) - 1
    else:
        candidates = y.shape[0] if y_offsets is None else len(y_offsets) - 1
    k = operator.index(k)
    if not 1 <= k <= candidates:
        raise ValueError(f"`k` is {k}; expected 1 to {candidates}, the number of candidates")
    offsets = (None if o is None else np.ascontiguousarray(o) for o in (x_offsets, y_offsets))
    return native.core().dtw_nn(x, y, *offsets, reach(window), k)  # type: ignore[no-any-return]
