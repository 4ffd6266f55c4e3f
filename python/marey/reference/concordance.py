"""Concordance by looking at every pair."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["concordance"]


def concordance(time: Any, event: Any, risk: Any, earlier: Any, later: Any) -> tuple[float, float, float, float]:
    """Concordant, discordant, tied weight, and the standard error; pair (i, j) counts earlier[i] * later[j]."""
    n = len(time)
    counts, parts = np.zeros(3), np.zeros((n, 2))
    for i in range(n):
        for j in range(n):
            if event[i] and (time[i] < time[j] or (time[i] == time[j] and not event[j])):
                weight = earlier[i] * later[j]
                counts[0 if risk[i] > risk[j] else 1 if risk[i] < risk[j] else 2] += weight
                agrees = 1.0 if risk[i] > risk[j] else 0.0 if risk[i] < risk[j] else 0.5
                parts[[i, j]] += [weight * agrees, weight]
    total = counts.sum()
    C = (counts[0] + counts[2] / 2) / total
    return counts[0], counts[1], counts[2], float(np.sqrt(np.sum((parts[:, 0] - C * parts[:, 1]) ** 2)) / total)
