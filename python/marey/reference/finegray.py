"""The partial likelihood of Fine and Gray, by its definition."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["finegray"]


def finegray(
    X: Any, time: Any, event: Any, cause: int, beta: Any, weights: Any = None
) -> tuple[float, np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Breslow's log likelihood, (p,) gradient and (p, p) negative Hessian at ``beta``; ``event`` 0 is a censoring.

    At each event's time a row is at risk by 1 if its own time has not passed, by G(t-) / G(T-) if a competing event has
    ended it before, and not at all if it was censored. G is the Kaplan-Meier curve of the time to censoring.
    """
    X, time, event = np.asarray(X, float), np.asarray(time, float), np.asarray(event)
    n, p = X.shape
    w = np.ones(n) if weights is None else np.asarray(weights, float)

    def uncensored(t: float) -> float:
        G = 1.0
        for s in np.unique(time[event == 0]):
            if s < t:
                G *= 1 - w[(time == s) & (event == 0)].sum() / w[time >= s].sum()
        return G

    r = w * np.exp(X @ beta)
    G = np.array([uncensored(t) for t in time])
    loglik, gradient, hessian = 0.0, np.zeros(p), np.zeros((p, p))
    for i in np.flatnonzero(event == cause):
        competing = (event != 0) & (event != cause) & (time < time[i])
        risk = r * np.where(time >= time[i], 1.0, np.where(competing, G[i] / G, 0.0))
        S0, mean = risk.sum(), risk @ X / risk.sum()
        loglik += w[i] * (X[i] @ beta - np.log(S0))
        gradient += w[i] * (X[i] - mean)
        hessian += w[i] * ((X.T * risk) @ X / S0 - np.outer(mean, mean))
    return loglik, gradient, hessian
