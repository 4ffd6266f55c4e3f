"""fuzzy_entropy: sample entropy whose matches fade with the distance."""

from __future__ import annotations

from typing import Any

from marey._runtime import native
from marey._runtime.doors import door
from marey.entropy._rows import as_rows, check_length, check_template

__all__ = ["fuzzy_entropy"]


@door("x", "offsets")
def fuzzy_entropy(
    x: Any, m: int = 2, r: float = 0.2, *, n: int = 2, tolerance: float | None = None, offsets: Any = None
) -> Any:
    r"""Fuzzy entropy of each series: sample entropy without the step at the tolerance.

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
    n : int
        Power of the distance.
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
    :math:`\log(B / A)` with the sums of :math:`\exp(-d_{ij}^n / \rho)` over pairs of templates of m and m + 1 values,
    each with its own mean taken off; :math:`d` is the Chebyshev distance, :math:`\rho` the tolerance. A series that is
    constant, not finite throughout, or of fewer than m + 2 values, is NaN. Cost: O(T^2), in vector lanes. Source: Chen,
    Wang, Xie & Yu, IEEE Trans Neural Syst Rehabil Eng 15:266, 2007.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.entropy import fuzzy_entropy
    >>> t = np.arange(300)
    >>> noise = np.random.default_rng(0).normal(size=300)
    >>> fuzzy_entropy(np.stack([np.sin(t / 3), noise])).round(2)
    array([0.36, 1.38])
    """
    m, r, absolute = check_template(m, r, tolerance)
    n = check_length("n", n, 1)
    rows = as_rows(x, offsets)
    return rows.back(native.core().entropy_fuzzy(rows.values, rows.offsets, m, r, absolute, n))
