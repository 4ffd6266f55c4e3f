"""minirocket, one kernel, dilation and series after the other."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

__all__ = ["convolved", "minirocket"]

PLACES = list(itertools.combinations(range(9), 3))


def convolved(x: Any, kernel: int, dilation: int) -> Any:
    """The convolution of one channel, nothing beyond its ends and where it is missing."""
    weights = np.full(9, -1.0)
    weights[list(PLACES[kernel])] = 2.0
    reach = 4 * dilation
    padded = np.pad(np.nan_to_num(x, nan=0.0), reach)
    return sum(w * padded[j * dilation : j * dilation + len(x)] for j, w in enumerate(weights))


def minirocket(
    X: Any, dilations: Any, counts: Any, biases: Any, *, lengths: Any = None, channel_index: Any = None,
    channel_offsets: Any = None,
) -> Any:  # fmt: skip
    X = np.asarray(X, dtype=np.float64)
    X = X[:, None] if X.ndim == 2 else X
    return np.array(
        [_row(x, dilations, counts, biases, None if lengths is None else lengths[i], channel_index, channel_offsets)
         for i, x in enumerate(X)]
    ).reshape(len(X), len(biases))  # fmt: skip


def _row(x: Any, dilations: Any, counts: Any, biases: Any, length: Any, index: Any, offsets: Any) -> Any:
    x = x[:, :length]
    counted = ~np.isnan(x).all(axis=0)
    if np.isinf(x).any() or not counted.any():
        return np.full(len(biases), np.nan)
    out, at = [], 0
    for d, (dilation, count) in enumerate(zip(dilations, counts, strict=True)):
        for kernel in range(84):
            pair = 84 * d + kernel
            channels = range(len(x)) if index is None else index[offsets[pair] : offsets[pair + 1]]
            c = sum((convolved(x[channel], kernel, dilation) for channel in channels), np.zeros(x.shape[1]))
            within = slice(4 * dilation, x.shape[1] - 4 * dilation)
            whole = (d + kernel) % 2 == 0 or 8 * dilation >= x.shape[1] or not counted[within].any()
            part = slice(None) if whole else within
            kept = c[part][counted[part]]
            out += [(kept > bias).mean() for bias in biases[at : at + count]]
            at += count
    return np.array(out)
