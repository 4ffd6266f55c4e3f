"""lempel_ziv: how many new words a series goes on to need."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from marey._runtime import native
from marey._runtime.doors import door
from marey.entropy._rows import as_rows

__all__ = ["lempel_ziv"]


@door("x", "offsets")
def lempel_ziv(x: Any, *, threshold: float | None = None, normalize: bool = False, offsets: Any = None) -> Any:
    r"""Lempel-Ziv complexity of each series: the words in its exhaustive history.

    Parameters
    ----------
    x : (..., T) or (total,) with ``offsets``
        Series along the last axis; float32, float64 or integers.
    threshold : float, optional
        Values above it are ones, the others zeros; the series' own median by default.
    normalize : bool
        Divide by :math:`T / \log_2 T`, what a random sequence of equally many zeros and ones comes to in the long run.
    offsets : (S + 1,) int64, optional
        Series of different lengths, one after the other.

    Returns
    -------
    (...) or (S,)
        Words, or a ratio, in the dtype of ``x``.

    Raises
    ------
    ValueError, TypeError
        If an argument does not fit.

    Notes
    -----
    A word is the shortest run that did not begin before it. Cost: O(T), by a suffix automaton. A series that is not
    finite throughout is NaN. Source: Lempel & Ziv, IEEE Trans Inf Theory 22:75, 1976.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.entropy import lempel_ziv
    >>> t = np.arange(300)
    >>> noise = np.random.default_rng(0).normal(size=300)
    >>> lempel_ziv(np.stack([np.sin(t / 3), noise]))
    array([ 8., 42.])
    """
    cut = math.nan if threshold is None else float(threshold)
    rows = as_rows(x, offsets)
    words = native.core().entropy_lempel_ziv(rows.values, rows.offsets, cut)[:, 0]
    if normalize:
        lengths = np.diff(rows.offsets)
        words = words * np.log2(np.maximum(lengths, 1)) / np.maximum(lengths, 1)
    return rows.back(words)
