"""multiscale_entropy: sample entropy of ever coarser versions."""

from __future__ import annotations

from typing import Any

from marey._runtime import native
from marey._runtime.doors import door
from marey.entropy._rows import as_rows, check_length, check_template, ratio_entropy

__all__ = ["multiscale_entropy"]


@door("x", "offsets")
def multiscale_entropy(
    x: Any,
    m: int = 2,
    r: float = 0.2,
    *,
    scales: int = 20,
    tolerance: float | None = None,
    offsets: Any = None,
) -> Any:
    r"""Sample entropy of the means of 1, 2, ... ``scales`` values.

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
    scales : int
        The coarsest scale.
    offsets : (S + 1,) int64, optional
        Series of different lengths, one after the other.

    Returns
    -------
    (..., scales) or (S, scales)
        Nats, in the dtype of ``x``; inf and NaN as in :func:`~marey.entropy.sample_entropy`.

    Raises
    ------
    ValueError, TypeError
        If an argument does not fit.

    Notes
    -----
    The tolerance is that of the series itself on every scale. White noise falls with the scale, 1/f noise does not.
    A series that is not finite throughout is NaN. Source: Costa, Goldberger & Peng, Phys Rev Lett 89:068102, 2002.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.entropy import multiscale_entropy
    >>> t = np.arange(300)
    >>> noise = np.random.default_rng(0).normal(size=300)
    >>> multiscale_entropy(np.stack([np.sin(t / 3), noise]), scales=3).round(2)
    array([[0.24, 0.23, 0.14],
           [2.27, 1.94, 1.62]])
    """
    m, r, absolute = check_template(m, r, tolerance)
    scales = check_length("scales", scales, 1)
    rows = as_rows(x, offsets)
    counts = native.core().entropy_multiscale_counts(rows.values, rows.offsets, m, r, absolute, scales)
    return rows.back(ratio_entropy(counts[:, ::2], counts[:, 1::2]), scales)
