"""The exponential ranking loss, pair by pair."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["ranking_loss"]


def ranking_loss(risk: Any, time: Any, event: Any, sigma: float = 1.0) -> Any:
    """Mean of exp((risk_j - risk_i) / sigma) over pairs in which i has an event that j outlives; a number."""
    risk, time = np.asarray(risk, dtype=float), np.asarray(time, dtype=float)
    if np.isnan(risk).any():
        return np.array(np.nan)
    total, pairs = 0.0, 0
    for i in np.flatnonzero(event):
        for j in range(len(risk)):
            if time[j] > time[i] or (time[j] == time[i] and not event[j]):
                total += np.exp((risk[j] - risk[i]) / sigma)
                pairs += 1
    return np.array(total / pairs if pairs else 0.0)
