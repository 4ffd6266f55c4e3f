"""approximate_entropy: how seldom patterns that agree go on agreeing, each pattern its own match."""

from __future__ import annotations

from typing import Any

from marey._runtime import native
from marey._runtime.doors import door
from marey.entropy._rows import as_rows, check_template

__all__ = ["approximate_entropy"]


@door("x", "offsets")
def approximate_entropy(
    x: Any, m: int = 2, r: float = 0.2, *, tolerance: float | None = None, offsets: Any = None
) -> Any:
    r"""Approximate entropy of each series.

    Parameters
    ----------
    x : (..., T) or (total,) with ``offsets``
        Series along the last axis; float32, float64 or integers.
    m : int
        Values in a template, 1 to 63.
    r : float
        Tolerance as a share of the series' own population standard deviation.
    tolerance : float, optional
        Tolerance in the unit of ``x``, instead of ``r``.
    offsets : (S + 1,) int64, optional
        Series of different lengths, one after the other.

    Returns
    -------
    (...) or (S,)
        Nats, in the dtype of ``x``.

    Raises
    ------
    ValueError, TypeError
        If an argument does not fit.

    Notes
    -----
    :math:`\Phi^m - \Phi^{m+1}`, with :math:`\Phi^m` the mean log of the share of templates of m values that differ by
    no more than the tolerance, each itself included. Lower than the truth for short series; prefer
    :func:`~marey.entropy.sample_entropy`. A series that is not finite throughout, or has fewer than m + 1 values, is
    NaN.
    Source: Pincus, PNAS 88:2297, 1991.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.entropy import approximate_entropy
    >>> t = np.arange(300)
    >>> noise = np.random.default_rng(0).normal(size=300)
    >>> approximate_entropy(np.stack([np.sin(t / 3), noise])).round(2)
    array([0.17, 1.09])
    """
    m, r, absolute = check_template(m, r, tolerance)
    rows = as_rows(x, offsets)
    return rows.back(native.core().entropy_approximate(rows.values, rows.offsets, m, r, absolute))
