"""hydra, one group, dilation and series after the other."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["hydra"]


def hydra(
    X: Any, weights: Any, dilations: Any, *, lengths: Any = None, channel_index: Any = None, channel_offsets: Any = None
) -> Any:
    X = np.asarray(X, dtype=np.float64)
    X = X[:, None] if X.ndim == 2 else X
    D, groups, kernels, _ = weights.shape
    rows = []
    for i, x in enumerate(X):
        x = x[:, : None if lengths is None else lengths[i]]
        counted = ~np.isnan(x).all(axis=0)
        table = np.full((D, 2, groups, kernels), np.nan)
        if counted.any() and not np.isinf(x).any():
            for d in range(D):
                for g in range(groups):
                    pair = groups * d + g
                    chosen = slice(None)
                    if channel_offsets is not None:
                        chosen = channel_index[channel_offsets[pair] : channel_offsets[pair + 1]]
                    summed = np.nansum(x[chosen], axis=0)
                    table[d, :, g] = _winners(summed, counted, weights[d, g], int(dilations[d]))
        rows.append(table.ravel())
    return np.array(rows).reshape(len(X), 2 * D * groups * kernels)


def _winners(x: Any, counted: Any, weights: Any, dilation: int) -> Any:
    padded = np.pad(x, 4 * dilation)
    shifts = np.array([padded[j * dilation : j * dilation + len(x)] for j in range(9)])
    z = (weights @ shifts)[:, counted]
    k = len(weights)
    soft = np.bincount(z.argmax(axis=0), weights=z.max(axis=0), minlength=k)
    return np.array([soft, np.bincount(z.argmin(axis=0), minlength=k)])
