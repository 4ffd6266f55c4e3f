"""edr: edit distance on real sequences."""

from __future__ import annotations

from typing import Any, TypeVar

from marey.distance.elastic import elastic
from marey.distance.elastic_cdist import elastic_cdist

__all__ = ["edr", "edr_cdist"]

ArrayT = TypeVar("ArrayT")


def edr(
    x: ArrayT,
    y: Any,
    epsilon: float | None = None,
    *,
    window: int | None = None,
    x_lengths: Any = None,
    y_lengths: Any = None,
) -> ArrayT:
    r"""The edit distance on real sequences of pairs of series: edits for each step of the longer one.

    .. math:: d = \frac{D_{N,M}}{\max(N, M)}, \qquad
              D_{i,j} = \min(D_{i-1,j-1} + [\,|x_i - y_j| > \epsilon\,],\; D_{i-1,j} + 1,\; D_{i,j-1} + 1)

    Parameters
    ----------
    x : (B, N) or (B, d, N)
    y : (B, M) or (B, d, M)
        Pairs of series with d channels, float32 or float64, of any lengths.
    epsilon : float, optional
        How far apart values that count as equal may lie; left out, a quarter of the greater of the two standard
        deviations, which is taken over all values of a series.
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
        If a shape, a dtype, a length, `epsilon` or `window` does not fit.

    Notes
    -----
    Between 0 and 1. Borders are :math:`D_{i,0} = i`. For several channels :math:`|\cdot|` is the Euclidean distance.
    Chen, Özsu and Oria, SIGMOD 2005.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.distance import edr
    >>> edr(np.array([[0.0, 1, 3, 0]]), np.array([[0.0, 1, 7, 0]]), epsilon=0.5)
    array([0.25])
    """
    return elastic(x, y, "edr", epsilon=epsilon, window=window, x_lengths=x_lengths, y_lengths=y_lengths)


def edr_cdist(
    X: ArrayT,
    Y: Any = None,
    epsilon: float | None = None,
    *,
    window: int | None = None,
    x_offsets: Any = None,
    y_offsets: Any = None,
) -> ArrayT:
    """`edr` of every series in `X` to every one in `Y`, by default `X` itself: (n, m).

    Sets of series, packed ones too, errors and `window` are those of `elastic_cdist`.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.distance import edr_cdist
    >>> edr_cdist(np.array([[0.0, 1, 3, 0], [0, 1, 7, 0]]), epsilon=0.5)
    array([[0.  , 0.25],
           [0.25, 0.  ]])
    """
    return elastic_cdist(X, Y, "edr", epsilon=epsilon, window=window, x_offsets=x_offsets, y_offsets=y_offsets)
