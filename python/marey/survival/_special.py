"""The chi-square tail, without SciPy."""

from __future__ import annotations

import math

__all__ = ["chi2_sf"]


def chi2_sf(x: float, df: int) -> float:
    """P(chi-square of ``df`` degrees of freedom > x), by the finite sums of whole and half orders.

    Abramowitz & Stegun, Handbook of Mathematical Functions, 26.4.4 and 26.4.5.
    """
    if df < 1 or math.isnan(x):
        return math.nan
    if x <= 0:
        return 1.0
    half = x / 2
    total = math.erfc(math.sqrt(half)) if df % 2 else 0.0
    for k in range(df // 2):
        order = k + (0.5 if df % 2 else 0.0)
        total += math.exp(order * math.log(half) - half - math.lgamma(order + 1))
    return min(1.0, total)
