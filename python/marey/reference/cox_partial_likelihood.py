"""Cox's log partial likelihood, event time by event time."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["cox_partial_likelihood"]


def cox_partial_likelihood(risk: Any, time: Any, event: Any, strata: Any = None, ties: str = "efron") -> Any:
    """The log partial likelihood, a number, of log risks (n,)."""
    risk, time = np.asarray(risk, dtype=float), np.asarray(time, dtype=float)
    if np.isnan(risk).any():
        return np.array(np.nan)
    strata = np.zeros(len(risk), int) if strata is None else strata
    total = 0.0
    for s in np.unique(strata):
        for t in np.unique(time[event & (strata == s)]):
            dying = risk[event & (strata == s) & (time == t)]
            at_risk = risk[(strata == s) & (time >= t)]
            largest = at_risk.max()
            S, E = np.exp(at_risk - largest).sum(), np.exp(dying - largest).sum()
            for k in range(len(dying)):
                share = k / len(dying) if ties == "efron" else 0.0
                total += dying[k] - largest - np.log(S - share * E)
    return np.array(total)
