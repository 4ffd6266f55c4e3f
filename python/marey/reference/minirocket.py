"""minirocket, one kernel, dilation and series after the other."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

__all__ = ["convolved", "each_bias", "minirocket"]

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
    return each_bias(_share, 1, X, dilations, counts, biases, lengths, channel_index, channel_offsets)[..., 0]


def _share(c: Any, counted: Any, bias: Any) -> list[float]:
    return [((c > bias) & counted).sum() / counted.sum()]


def each_bias(
    pools: Any, width: int, X: Any, dilations: Any, counts: Any, biases: Any, lengths: Any, index: Any, offsets: Any
) -> Any:
    """(n, biases, width): ``pools(convolution, which times count, bias)`` of each series."""
    X = np.asarray(X, dtype=np.float64)
    X = X[:, None] if X.ndim == 2 else X
    rows = [
        _row(pools, width, x[:, : None if lengths is None else lengths[i]], dilations, counts, biases, index, offsets)
        for i, x in enumerate(X)
    ]
    return np.array(rows).reshape(len(X), len(biases), width)


def _row(pools: Any, width: int, x: Any, dilations: Any, counts: Any, biases: Any, index: Any, offsets: Any) -> Any:
    counted = ~np.isnan(x).all(axis=0)
    if np.isinf(x).any() or not counted.any():
        return np.full((len(biases), width), np.nan)
    out, at = [], 0
    for d, (dilation, count) in enumerate(zip(dilations, counts, strict=True)):
        for kernel in range(84):
            pair = 84 * d + kernel
            channels = range(len(x)) if index is None else index[offsets[pair] : offsets[pair + 1]]
            c = sum((convolved(x[channel], kernel, dilation) for channel in channels), np.zeros(x.shape[1]))
            within = slice(4 * dilation, x.shape[1] - 4 * dilation)
            whole = (d + kernel) % 2 == 0 or 8 * dilation >= x.shape[1] or not counted[within].any()
            part = slice(None) if whole else within
            out += [pools(c[part], counted[part], bias) for bias in biases[at : at + count]]
            at += count
    return np.array(out)
