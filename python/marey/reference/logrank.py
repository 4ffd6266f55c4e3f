"""The weighted log-rank statistic, event time by event time."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["logrank"]


def logrank(
    time: Any, event: Any, group: Any, entry: Any = None, weights: str = "logrank", rho: float = 0, gamma: float = 0
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Weighted observed less expected (G,) and its covariance (G, G); one stratum."""
    time, event, group = np.asarray(time), np.asarray(event, dtype=bool), np.asarray(group)
    entry = np.full(len(time), -np.inf) if entry is None else np.asarray(entry)
    labels = np.unique(group)
    u, V, S = np.zeros(len(labels)), np.zeros((len(labels), len(labels))), 1.0
    for t in np.unique(time[event]):
        at_risk, dying = (entry < t) & (t <= time), (time == t) & event
        n, d = at_risk.sum(), dying.sum()
        share = np.array([at_risk[group == g].sum() / n for g in labels])
        W = {"gehan": n, "tarone-ware": np.sqrt(n)}.get(weights, S**rho * (1 - S) ** gamma)
        u += W * (np.array([dying[group == g].sum() for g in labels]) - d * share)
        if n > 1:
            V += W**2 * d * (n - d) / (n - 1) * (np.diag(share) - np.outer(share, share))
        S *= 1 - d / n
    return u, V
