"""twe: time warp edit distance."""

from __future__ import annotations

from typing import Any, TypeVar

from marey.distance.elastic import elastic
from marey.distance.elastic_cdist import elastic_cdist

__all__ = ["twe", "twe_cdist"]

ArrayT = TypeVar("ArrayT")


def twe(
    x: ArrayT,
    y: Any,
    nu: float = 0.001,
    lmbda: float = 1.0,
    *,
    window: int | None = None,
    x_lengths: Any = None,
    y_lengths: Any = None,
) -> ArrayT:
    r"""The time warp edit distance of pairs of series.

    .. math:: D_{i,j} = \min(D_{i-1,j-1} + |x_i - y_j| + |x_{i-1} - y_{j-1}| + 2 \nu |i - j|,\;
              D_{i-1,j} + |x_i - x_{i-1}| + \nu + \lambda,\; D_{i,j-1} + |y_j - y_{j-1}| + \nu + \lambda)

    Parameters
    ----------
    x : (B, N) or (B, d, N)
    y : (B, M) or (B, d, M)
        Pairs of series with d channels, float32 or float64, of any lengths.
    nu : float
        Stiffness: cost of a step of time between matched values.
    lmbda : float
        Cost of leaving a step out.
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
        If a shape, a dtype, a length, `nu` and `lmbda` or `window` does not fit.

    Notes
    -----
    Both series begin at 0, a step before their first. A metric if `nu` is positive. For several channels
    :math:`|\cdot|` is the Euclidean distance. Marteau, IEEE TPAMI 31:306, 2009.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.distance import twe
    >>> twe(np.array([[0.0, 1, 0, 0]]), np.array([[0.0, 0, 1, 0]]), nu=0.25, lmbda=0.5)
    array([2.5])
    """
    return elastic(x, y, "twe", nu=nu, lmbda=lmbda, window=window, x_lengths=x_lengths, y_lengths=y_lengths)


def twe_cdist(
    X: ArrayT,
    Y: Any = None,
    nu: float = 0.001,
    lmbda: float = 1.0,
    *,
    window: int | None = None,
    x_offsets: Any = None,
    y_offsets: Any = None,
) -> ArrayT:
    """`twe` of every series in `X` to every one in `Y`, by default `X` itself: (n, m).

    Sets of series, packed ones too, errors and `window` are those of `elastic_cdist`.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.distance import twe_cdist
    >>> twe_cdist(np.array([[0.0, 1, 0, 0], [0, 0, 1, 0]]), nu=0.25, lmbda=0.5)
    array([[0. , 2.5],
           [2.5, 0. ]])
    """
    return elastic_cdist(X, Y, "twe", nu=nu, lmbda=lmbda, window=window, x_offsets=x_offsets, y_offsets=y_offsets)
