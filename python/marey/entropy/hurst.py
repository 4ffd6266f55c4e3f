"""hurst: the exponent of the rescaled range."""

from __future__ import annotations

from typing import Any

from marey._runtime import native
from marey._runtime.doors import door
from marey.entropy._rows import as_rows

__all__ = ["hurst"]


@door("x", "offsets")
def hurst(x: Any, *, offsets: Any = None) -> Any:
    r"""Hurst exponent of each series by its rescaled range.

    Parameters
    ----------
    x : (..., T) or (total,) with ``offsets``
        Series along the last axis; float32, float64 or integers.
    offsets : (S + 1,) int64, optional
        Series of different lengths, one after the other.

    Returns
    -------
    (...) or (S,)
        The slope of log mean R/S over log size; in the dtype of ``x``.

    Raises
    ------
    ValueError, TypeError
        If an argument does not fit.

    Notes
    -----
    Windows have :math:`\lfloor T / 2^k \rfloor` values, at least 8, one after the other; the range is that of the sums
    of deviations, 0 included, over the population standard deviation. Short windows bias it upward: white noise comes
    out near 0.55 to 0.6 where the exponent is 0.5. A series that is constant, not finite throughout, or of fewer than
    16 values, is NaN. Source: Hurst, Trans ASCE 116:770, 1951; Mandelbrot & Wallis, Water Resour Res 5:967, 1969.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.entropy import hurst
    >>> noise = np.random.default_rng(0).normal(size=300)
    >>> hurst(np.stack([np.cumsum(noise), noise])).round(2)
    array([1.  , 0.54])
    """
    rows = as_rows(x, offsets)
    return rows.back(native.core().entropy_hurst(rows.values, rows.offsets))
