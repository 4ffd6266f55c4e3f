"""Matrix profile as it is defined: every window against every other."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["distances", "matrix_profile", "mmatrix_profile"]


def _normalised(t: Any, m: int) -> tuple[Any, Any, Any]:
    windows: Any = np.lib.stride_tricks.sliding_window_view(np.asarray(t, np.float64), m)
    missing: Any = ~np.isfinite(windows).all(axis=1)
    constant: Any = (windows == windows[:, :1]).all(axis=1)
    centred = np.where(missing[:, None], 0.0, windows)
    centred = centred - centred[:, :1]  # a level costs no digits
    centred = centred - centred.mean(axis=1, keepdims=True)
    std = np.sqrt((centred**2).mean(axis=1, keepdims=True))
    return centred / np.where(std > 0, std, 1.0), constant, missing


def distances(t: Any, other: Any, m: int) -> Any:
    """(w, w'): z-normalised distances of all windows of `t` to all of `other`; inf where one is missing."""
    z, constant, missing = _normalised(t, m)
    y, other_constant, other_missing = _normalised(other, m)
    d = np.array([np.sqrt(((row - y) ** 2).sum(axis=1)) for row in z])
    one, both = constant[:, None] != other_constant, constant[:, None] & other_constant
    d = np.where(both, 0.0, np.where(one, np.sqrt(m), d))
    return np.where(missing[:, None] | other_missing, np.inf, d)


def matrix_profile(t: Any, m: int, *, other: Any = None, k: int = 1, exclusion: int | None = None) -> tuple[Any, Any]:
    """(w, k) distances, the least first, and indices of the `k` nearest windows of one series."""
    d = distances(t, t if other is None else other, m)
    if other is None:
        i = np.arange(len(d))
        d[np.abs(i[:, None] - i) <= (-(-m // 4) if exclusion is None else exclusion)] = np.inf
    d = np.pad(d, ((0, 0), (0, k)), constant_values=np.inf)
    index = np.argsort(d, axis=1, kind="stable")[:, :k]
    distance = np.take_along_axis(d, index, axis=1)
    return distance, np.where(np.isfinite(distance), index, -1)


def mmatrix_profile(t: Any, m: int, *, other: Any = None, exclusion: int | None = None) -> tuple[Any, Any]:
    """(d, w) distances and indices by the 1, ..., d nearest channels of (d, n)."""
    d = np.sort([distances(a, b, m) for a, b in zip(t, t if other is None else other, strict=True)], axis=0)
    d = np.cumsum(d, axis=0) / np.arange(1, len(d) + 1)[:, None, None]
    if other is None:
        i = np.arange(d.shape[1])
        d[:, np.abs(i[:, None] - i) <= (-(-m // 4) if exclusion is None else exclusion)] = np.inf
    index, distance = d.argmin(axis=2), d.min(axis=2)
    return distance, np.where(np.isfinite(distance), index, -1)
