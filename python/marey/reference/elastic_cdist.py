"""elastic_cdist: every pair of two sets."""

from __future__ import annotations

from typing import Any

import numpy as np

from marey.reference.dtw_cdist import series_of
from marey.reference.elastic import pair

__all__ = ["elastic_cdist"]


def elastic_cdist(
    X: Any,
    Y: Any = None,
    measure: str = "msm",
    *,
    window: Any = None,
    x_offsets: Any = None,
    y_offsets: Any = None,
    **parameters: Any,
) -> Any:
    xs = series_of(X, x_offsets)
    ys = xs if Y is None else series_of(Y, y_offsets)
    values = [[pair(x, y, measure, window, **parameters) for y in ys] for x in xs]
    return np.array(values, dtype=np.float64).reshape(len(xs), len(ys))
