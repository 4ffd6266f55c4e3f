"""The Lomb-Scargle periodogram as a fit: how much of the variance the best wave of a frequency explains."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

__all__ = ["lomb_scargle"]


def lomb_scargle(
    t: Any,
    y: Any,
    frequency: Any,
    *,
    dy: Any = None,
    offsets: Any = None,
    fit_mean: bool = True,
    center_data: bool = True,
    normalization: str = "standard",
    method: str = "exact",
) -> Any:
    t, y, frequency = (np.asarray(array, np.float64) for array in (t, y, frequency))
    dy = None if dy is None else np.asarray(dy, np.float64)
    rows: list[Any]
    if offsets is not None:
        rows = [slice(a, b) for a, b in pairwise(offsets)]
    elif y.ndim == 2:
        rows = list(range(len(y)))
    else:
        rows = [slice(None)]
    power = []
    for row in rows:
        error = None if dy is None else dy[row]
        power.append(_one(t[row], y[row], error, frequency, fit_mean, center_data, normalization))
    table = np.array(power).reshape(len(rows), len(frequency))
    return table[0] if offsets is None and y.ndim == 1 else table


def _one(t: Any, y: Any, dy: Any, frequency: Any, fit_mean: bool, center: bool, normalization: str) -> Any:
    w = np.ones(len(t)) if dy is None else dy**-2.0
    fine = np.isfinite(t + y + w)
    t, y, w = t[fine], y[fine], w[fine]
    if len(t) < 3:
        return np.full(len(frequency), np.nan)
    if np.ptp(y) == 0 and (center or fit_mean):
        return np.full(len(frequency), np.nan)
    if center:
        y = y - np.average(y, weights=w)
    root = np.sqrt(w)
    constant = np.ones((len(t), int(fit_mean)))
    left = _residual(constant, root, y)
    if left == 0:
        return np.full(len(frequency), np.nan)
    power = np.empty(len(frequency))
    for k, f in enumerate(frequency):
        a = 2 * np.pi * f * t
        power[k] = 1 - _residual(np.column_stack([constant, np.cos(a), np.sin(a)]), root, y) / left
    with np.errstate(divide="ignore"):
        return {
            "standard": power,
            "model": power / (1 - np.minimum(power, 1)),
            "log": -np.log(1 - np.minimum(power, 1)),
            "psd": 0.5 * power * left,
        }[normalization]


def _residual(columns: Any, root: Any, y: Any) -> float:
    """Weighted sum of squares that the best combination of the columns leaves."""
    fitted = columns @ np.linalg.lstsq(columns * root[:, None], y * root, rcond=1e-7)[0] if columns.size else 0.0
    return float(np.sum((root * (y - fitted)) ** 2))
