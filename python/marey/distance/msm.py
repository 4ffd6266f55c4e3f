"""msm: move, split and merge."""

from __future__ import annotations

from typing import Any, TypeVar

from marey.distance.elastic import elastic
from marey.distance.elastic_cdist import elastic_cdist

__all__ = ["msm", "msm_cdist"]

ArrayT = TypeVar("ArrayT")


def msm(
    x: ArrayT, y: Any, c: float = 1.0, *, window: int | None = None, x_lengths: Any = None, y_lengths: Any = None
) -> ArrayT:
    r"""The move-split-merge distance of pairs of series.

    .. math:: D_{i,j} = \min(D_{i-1,j-1} + |x_i - y_j|,\; D_{i-1,j} + C(x_i, x_{i-1}, y_j),\;
              D_{i,j-1} + C(y_j, x_i, y_{j-1}))

    where :math:`C(u, v, w)` is `c` if :math:`u` lies between :math:`v` and :math:`w`, and else `c` and the distance to
    the nearer one.

    Parameters
    ----------
    x : (B, N) or (B, d, N)
    y : (B, M) or (B, d, M)
        Pairs of series with d channels, float32 or float64, of any lengths.
    c : float
        Cost of a split or a merge, in the unit of the series.
    window : int, optional
        Greatest :math:`|i - j|` of matched steps; unbounded if left out.
    x_lengths, y_lengths : (B,) int64, optional
        Steps of each series that count; those after are not read.

    Returns
    -------
    (B,)
        Distances, in the dtype of `x`; inf where no path keeps to the window, NaN where a value is not finite.

    Raises
    ------
    ValueError, TypeError
        If a shape, a dtype, a length, `c` or `window` does not fit.

    Notes
    -----
    A metric, and one that does not change with a constant added to both series. Several channels are compared
    each by itself, and the distance is the sum. Stefan, Athitsos and Das, IEEE TKDE 25:1425, 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.distance import msm
    >>> msm(np.array([[0.0, 1, 0, 0]]), np.array([[0.0, 0, 1, 0]]), c=0.1)
    array([0.2])
    """
    return elastic(x, y, "msm", c=c, window=window, x_lengths=x_lengths, y_lengths=y_lengths)


def msm_cdist(
    X: ArrayT, Y: Any = None, c: float = 1.0, *, window: int | None = None, x_offsets: Any = None, y_offsets: Any = None
) -> ArrayT:
    """`msm` of every series in `X` to every one in `Y`, by default `X` itself: (n, m).

    Sets of series, packed ones too, errors and `window` are those of `elastic_cdist`.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.distance import msm_cdist
    >>> msm_cdist(np.array([[0.0, 1, 0, 0], [0, 0, 1, 0]]), c=0.1)
    array([[0. , 0.2],
           [0.2, 0. ]])
    """
    return elastic_cdist(X, Y, "msm", c=c, window=window, x_offsets=x_offsets, y_offsets=y_offsets)
