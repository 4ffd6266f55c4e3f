"""higuchi: the fractal dimension of a curve, from its length at coarser steps."""

from __future__ import annotations

from typing import Any

from marey._runtime import native
from marey._runtime.doors import door
from marey.entropy._rows import as_rows, check_length

__all__ = ["higuchi"]


@door("x", "offsets")
def higuchi(x: Any, k_max: int = 10, *, offsets: Any = None) -> Any:
    r"""Higuchi fractal dimension of each series: 1 for a smooth curve, 2 for noise.

    Parameters
    ----------
    x : (..., T) or (total,) with ``offsets``
        Series along the last axis; float32, float64 or integers.
    k_max : int
        The coarsest step, at least 2.
    offsets : (S + 1,) int64, optional
        Series of different lengths, one after the other.

    Returns
    -------
    (...) or (S,)
        The slope of log length over log 1/k, k = 1 ... ``k_max``; in the dtype of ``x``.

    Raises
    ------
    ValueError, TypeError
        If an argument does not fit.

    Notes
    -----
    A series that is constant, not finite throughout, or too short for ``k_max``, is NaN. Source: Higuchi, Physica D
    31:277, 1988.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.entropy import higuchi
    >>> t = np.arange(300)
    >>> noise = np.random.default_rng(0).normal(size=300)
    >>> higuchi(np.stack([np.sin(t / 3), noise])).round(2)
    array([1.2 , 1.98])
    """
    k_max = check_length("k_max", k_max, 2)
    rows = as_rows(x, offsets)
    return rows.back(native.core().entropy_higuchi(rows.values, rows.offsets, k_max))
