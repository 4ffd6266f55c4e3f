"""The product limit and the sum of hazards, time by time."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["kaplan_meier"]


def kaplan_meier(time: Any, event: Any, entry: Any = None, weights: Any = None) -> tuple[np.ndarray[Any, Any], ...]:
    """Distinct times, at risk, events, survival, cumulative hazard."""
    time, event = np.asarray(time, dtype=float), np.asarray(event, dtype=bool)
    entry = np.full(len(time), -np.inf) if entry is None else np.asarray(entry)
    weights = np.ones(len(time)) if weights is None else np.asarray(weights)
    survival, hazard, rows = 1.0, 0.0, []
    for t in np.unique(time):
        r = weights[(entry < t) & (t <= time)].sum()
        d = weights[(time == t) & event].sum()
        if d > 0:
            survival *= 1 - d / r
            hazard += d / r
        rows.append((t, r, d, survival, hazard))
    return tuple(np.array(rows).reshape(-1, 5).T)
