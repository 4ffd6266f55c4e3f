"""erp: edit distance with real penalty."""

from __future__ import annotations

from typing import Any, TypeVar

from marey.distance.elastic import elastic
from marey.distance.elastic_cdist import elastic_cdist

__all__ = ["erp", "erp_cdist"]

ArrayT = TypeVar("ArrayT")


def erp(
    x: ArrayT, y: Any, g: Any = 0.0, *, window: int | None = None, x_lengths: Any = None, y_lengths: Any = None
) -> ArrayT:
    r"""The edit distance with real penalty of pairs of series.

    .. math:: D_{i,j} = \min(D_{i-1,j-1} + |x_i - y_j|,\; D_{i-1,j} + |x_i - g|,\; D_{i,j-1} + |y_j - g|)

    Parameters
    ----------
    x : (B, N) or (B, d, N)
    y : (B, M) or (B, d, M)
        Pairs of series with d channels, float32 or float64, of any lengths.
    g : float or (d,)
        Value that a step without a partner is compared with, one for all channels or one for each.
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
    Borders are the summed gaps, :math:`D_{i,0} = \sum_{k \le i} |x_k - g|`. A metric. For several channels
    :math:`|\cdot|` is the Euclidean distance. Chen and Ng, VLDB 2004.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.distance import erp
    >>> erp(np.array([[0.0, 1, 3, 0]]), np.array([[1.0, 3, 2, 0]]))
    array([2.])
    """
    return elastic(x, y, "erp", g=g, window=window, x_lengths=x_lengths, y_lengths=y_lengths)


def erp_cdist(
    X: ArrayT, Y: Any = None, g: Any = 0.0, *, window: int | None = None, x_offsets: Any = None, y_offsets: Any = None
) -> ArrayT:
    """`erp` of every series in `X` to every one in `Y`, by default `X` itself: (n, m).

    Sets of series, packed ones too, errors and `window` are those of `elastic_cdist`.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.distance import erp_cdist
    >>> erp_cdist(np.array([[0.0, 1, 3, 0], [1, 3, 2, 0]]))
    array([[0., 2.],
           [2., 0.]])
    """
    return elastic_cdist(X, Y, "erp", g=g, window=window, x_offsets=x_offsets, y_offsets=y_offsets)
