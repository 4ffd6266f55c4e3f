"""dfa: how fluctuation grows with the scale."""

from __future__ import annotations

from typing import Any

import numpy as np

from marey._runtime import native
from marey._runtime.doors import door
from marey.entropy._rows import as_rows, check_length

__all__ = ["dfa"]


@door("x", "offsets")
def dfa(
    x: Any,
    scales: Any = None,
    *,
    min_segments: int | None = None,
    return_fluctuation: bool = False,
    offsets: Any = None,
) -> Any:
    r"""Detrended fluctuation analysis: the exponent :math:`\alpha` of :math:`F(s) \propto s^\alpha` of each series.

    Parameters
    ----------
    x : (..., T) or (total,) with ``offsets``
        Series along the last axis; float32, float64 or integers.
    scales : (K,) int, optional
        Values in a segment, at least 3. By default from 4 upward by a factor of 1.2, as far as a series has ten
        segments.
    min_segments : int, optional
        Scales with fewer segments are left out of the fit: 1, or 10 with the default scales.
    return_fluctuation : bool
        Whether to tell scales and fluctuations too.
    offsets : (S + 1,) int64, optional
        Series of different lengths, one after the other.

    Returns
    -------
    alpha : (...) or (S,)
        0.5 for white noise, 1 for 1/f noise, 1.5 for a random walk; in the dtype of ``x``.
    scales : (K,) int64, F : (..., K) or (S, K)
        With ``return_fluctuation`` only. F is NaN on the scales left out.

    Raises
    ------
    ValueError, TypeError
        If an argument does not fit.

    Notes
    -----
    The series less its mean is summed up, cut into segments of s values from the front, and each has its line of least
    squares taken off; F is the root mean square of what is left. A series with fewer than two usable scales, or that is
    not finite throughout, is NaN. Scales are fitted with equal weight. Source: Peng et al., Phys Rev E 49:1685, 1994.
    (Some packages average the root mean squares of the segments instead; their exponent differs slightly.)

    Examples
    --------
    >>> import numpy as np
    >>> from marey.entropy import dfa
    >>> noise = np.random.default_rng(0).normal(size=3000)
    >>> dfa(np.stack([noise, np.cumsum(noise)])).round(2)
    array([0.51, 1.52])
    """
    rows = as_rows(x, offsets)
    if scales is None:
        least = 10 if min_segments is None else min_segments
        sizes = _geometric(int(np.diff(rows.offsets).max(initial=0)) // max(1, least))
    else:
        least = 1 if min_segments is None else min_segments
        sizes = np.asarray(scales)
        if sizes.ndim != 1 or sizes.dtype.kind not in "iu" or (sizes < 3).any():
            raise ValueError("`scales` must be a list of integers, at least 3 each")
    least = check_length("min_segments", least, 1)
    sizes = np.ascontiguousarray(sizes, dtype=np.int64)
    found = native.core().entropy_dfa(rows.values, rows.offsets, sizes, least)
    alpha = rows.back(found[:, 0])
    if not return_fluctuation:
        return alpha
    return alpha, sizes, rows.back(found[:, 1:], len(sizes))


def _geometric(most: int) -> Any:
    """4, 4 * 1.2, 4 * 1.2^2, ... up to ``most``, rounded down, each once."""
    steps = int(np.log(max(most + 1, 4) / 4) / np.log(1.2)) + 1
    sizes = np.unique((4 * 1.2 ** np.arange(steps)).astype(np.int64))
    return sizes[sizes <= most]
