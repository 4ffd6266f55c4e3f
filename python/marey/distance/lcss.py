"""lcss: longest common subsequences."""

from __future__ import annotations

from typing import Any, TypeVar

from marey.distance.elastic import elastic
from marey.distance.elastic_cdist import elastic_cdist

__all__ = ["lcss", "lcss_cdist"]

ArrayT = TypeVar("ArrayT")


def lcss(
    x: ArrayT, y: Any, epsilon: float = 1.0, *, window: int | None = None, x_lengths: Any = None, y_lengths: Any = None
) -> ArrayT:
    r"""The longest common subsequence distance of pairs of series: the share of the shorter one left without a match.

    .. math:: d = 1 - \frac{L_{N,M}}{\min(N, M)}, \qquad
              L_{i,j} = \begin{cases} L_{i-1,j-1} + 1 & |x_i - y_j| \le \epsilon,\; |i - j| \le \text{window} \\
              \max(L_{i-1,j}, L_{i,j-1}) & \text{else} \end{cases}

    Parameters
    ----------
    x : (B, N) or (B, d, N)
    y : (B, M) or (B, d, M)
        Pairs of series with d channels, float32 or float64, of any lengths.
    epsilon : float
        How far apart matched values may lie, in the unit of the series; for several channels the Euclidean distance.
    window : int, optional
        Greatest :math:`|i - j|` of matched steps; unbounded if left out.
    x_lengths, y_lengths : (B,) int64, optional
        Steps of each series that count; those after are not read.

    Returns
    -------
    (B,)
        Distances, in the dtype of `x`; NaN where a value is not finite.

    Raises
    ------
    ValueError, TypeError
        If a shape, a dtype, a length, `epsilon` or `window` does not fit.

    Notes
    -----
    Between 0 and 1. The window forbids matches and not paths, so that the distance is never inf; a series without
    steps has distance 1 from any other. For several channels :math:`|\cdot|` is the Euclidean distance. Vlachos,
    Kollios and Gunopulos, ICDE 2002.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.distance import lcss
    >>> lcss(np.array([[0.0, 1, 2, 9]]), np.array([[0.1, 1.1, 5, 2.1]]), epsilon=0.2)
    array([0.25])
    """
    return elastic(x, y, "lcss", epsilon=epsilon, window=window, x_lengths=x_lengths, y_lengths=y_lengths)


def lcss_cdist(
    X: ArrayT,
    Y: Any = None,
    epsilon: float = 1.0,
    *,
    window: int | None = None,
    x_offsets: Any = None,
    y_offsets: Any = None,
) -> ArrayT:
    """`lcss` of every series in `X` to every one in `Y`, by default `X` itself: (n, m).

    Sets of series, packed ones too, errors and `window` are those of `elastic_cdist`.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.distance import lcss_cdist
    >>> lcss_cdist(np.array([[0.0, 1, 2, 9], [0, 1, 5, 2]]), epsilon=0.2)
    array([[0.  , 0.25],
           [0.25, 0.  ]])
    """
    return elastic_cdist(X, Y, "lcss", epsilon=epsilon, window=window, x_offsets=x_offsets, y_offsets=y_offsets)
