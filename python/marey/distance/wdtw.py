"""wdtw: weighted dynamic time warping."""

from __future__ import annotations

from typing import Any, TypeVar

from marey.distance.elastic import elastic
from marey.distance.elastic_cdist import elastic_cdist

__all__ = ["wdtw", "wdtw_cdist"]

ArrayT = TypeVar("ArrayT")


def wdtw(
    x: ArrayT, y: Any, g: float = 0.05, *, window: int | None = None, x_lengths: Any = None, y_lengths: Any = None
) -> ArrayT:
    r"""The weighted dynamic time warping distance of pairs of series.

    .. math:: D_{i,j} = w_{|i-j|} \lVert x_i - y_j \rVert^2 + \min(D_{i-1,j}, D_{i,j-1}, D_{i-1,j-1}), \qquad
              w_a = \frac{1}{1 + e^{-g (a - \max(N, M) / 2)}}

    Parameters
    ----------
    x : (B, N) or (B, d, N)
    y : (B, M) or (B, d, M)
        Pairs of series with d channels, float32 or float64, of any lengths.
    g : float
        Steepness of the weights; 0 weighs every match with 1/2.
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
        If a shape, a dtype, a length, `g` or `window` does not fit.

    Notes
    -----
    The sum of weighted squares, as it is: no root is taken, unlike in `dtw_cdist`. Jeong, Jeong and Omitaomu, Pattern
    Recognition 44:2231, 2011, with the greatest weight 1.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.distance import wdtw
    >>> wdtw(np.array([[0.0, 2, 0, 0]]), np.array([[0.0, 0, 3, 0]]), g=1.0).round(3)
    array([0.269])
    """
    return elastic(x, y, "wdtw", g=g, window=window, x_lengths=x_lengths, y_lengths=y_lengths)


def wdtw_cdist(
    X: ArrayT,
    Y: Any = None,
    g: float = 0.05,
    *,
    window: int | None = None,
    x_offsets: Any = None,
    y_offsets: Any = None,
) -> ArrayT:
    """`wdtw` of every series in `X` to every one in `Y`, by default `X` itself: (n, m).

    Sets of series, packed ones too, errors and `window` are those of `elastic_cdist`.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.distance import wdtw_cdist
    >>> wdtw_cdist(np.array([[0.0, 2, 0, 0], [0, 0, 3, 0]]), g=1.0).round(3)
    array([[0.   , 0.269],
           [0.269, 0.   ]])
    """
    return elastic_cdist(X, Y, "wdtw", g=g, window=window, x_offsets=x_offsets, y_offsets=y_offsets)
