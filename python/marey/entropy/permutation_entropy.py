"""permutation_entropy: how evenly the orders of neighbouring values are spread."""

from __future__ import annotations

from typing import Any

from marey._runtime import native
from marey._runtime.doors import door
from marey.entropy._rows import as_rows, check_length

__all__ = ["permutation_entropy"]


@door("x", "offsets")
def permutation_entropy(x: Any, order: int = 3, delay: int = 1, *, normalize: bool = False, offsets: Any = None) -> Any:
    r"""Shannon entropy of the ordinal patterns of each series.

    Parameters
    ----------
    x : (..., T) or (total,) with ``offsets``
        Series along the last axis; float32, float64 or integers.
    order : int
        Values in a pattern, 2 to 8.
    delay : int
        Steps from one value of a pattern to the next.
    normalize : bool
        Divide by the log of the number of patterns, so that 1 is the most.
    offsets : (S + 1,) int64, optional
        Series of different lengths, one after the other.

    Returns
    -------
    (...) or (S,)
        Bits, or a share of the most, in the dtype of ``x``.

    Raises
    ------
    ValueError, TypeError
        If an argument does not fit.

    Notes
    -----
    Of equal values the earlier one counts as the smaller. A series that is not finite throughout, or shorter than one
    pattern, is NaN. Source: Bandt & Pompe, Phys Rev Lett 88:174102, 2002.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.entropy import permutation_entropy
    >>> t = np.arange(300)
    >>> noise = np.random.default_rng(0).normal(size=300)
    >>> permutation_entropy(np.stack([np.sin(t / 3), noise]), normalize=True).round(2)
    array([0.62, 1.  ])
    """
    order, delay = check_length("order", order, 2, 8), check_length("delay", delay, 1)
    rows = as_rows(x, offsets)
    return rows.back(native.core().entropy_permutation(rows.values, rows.offsets, order, delay, bool(normalize)))
