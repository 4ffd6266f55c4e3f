"""Distances of a query to every window, as they are defined."""

from __future__ import annotations

from typing import Any

import numpy as np

from marey.reference.matrix_profile import distances

__all__ = ["mass"]


def mass(q: Any, t: Any) -> Any:
    """(n - m + 1,) or (B, n - m + 1) distances of `q`, or of each row of it, to the windows of `t`."""
    if t.ndim == 1:
        return distances(q, t, len(q))[0]
    m = q.shape[-1]
    rows = [mass(of_row, row) for of_row, row in zip(np.broadcast_to(q, (len(t), m)), t, strict=True)]
    return np.array(rows).reshape(len(t), t.shape[1] - m + 1)
