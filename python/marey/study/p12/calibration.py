"""Whether a risk of 20 % means that one in five dies, and the one number that makes it so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .metrics import checked

__all__ = ["Calibration", "calibration", "temperature"]

_Z95 = 1.959963984540054


@dataclass(frozen=True)
class Calibration:
    """A calibration curve and its two-number summary.

    Attributes
    ----------
    predicted, observed, low, high : (B,) float64
        Mean risk of each bin, fraction that died and its 95 % Wilson interval.
    count : (B,) int64
    slope : float
        Of logit(risk) in a logistic model of the outcome: 1 is right, below 1 too extreme. NaN if the risk
        separates the classes entirely (there is no finite slope).
    intercept : float
        With the slope held at 1: 0 is right, above 0 the risks are too low. NaN as for the slope.
    """

    predicted: NDArray[np.float64]
    observed: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    count: NDArray[np.int64]
    slope: float
    intercept: float


def calibration(y: ArrayLike, p: ArrayLike, *, bins: int = 10) -> Calibration:
    """Observed against predicted risk in bins of equal size, with calibration slope and intercept.

    Parameters
    ----------
    y : (N,) of 0 and 1
    p : (N,) risks within 0..1
    bins : int
        Number of quantile bins; equal risks never fall into different bins, so that fewer may remain.

    References
    ----------
    Cox DR. Two further applications of a model for binary regression. Biometrika 1958;45:562-565.
    Wilson EB. Probable inference, the law of succession, and statistical inference. JASA 1927;22:209-212.

    Examples
    --------
    >>> curve = calibration([0, 0, 0, 1, 0, 1, 1, 1], [0.25] * 4 + [0.75] * 4, bins=2)
    >>> curve.observed.tolist(), round(curve.slope, 6)
    ([0.25, 0.75], 1.0)
    """
    dead, risk = checked(y, p)
    if risk.min() < 0 or risk.max() > 1:
        raise ValueError(f"`p` spans {risk.min():g} to {risk.max():g}; expected probabilities within 0..1")
    if bins < 1:
        raise ValueError(f"`bins` is {bins}; expected at least 1")
    edges = np.quantile(risk, np.arange(1, bins) / bins)
    _, which = np.unique(np.searchsorted(edges, risk, side="left"), return_inverse=True)
    count = np.bincount(which)
    observed = np.bincount(which, dead) / count
    # A float32 model saturates at exactly 0 or 1, whose logit is infinite.
    safe = np.clip(risk, 1e-7, 1 - 1e-7)
    logit = np.log(safe) - np.log1p(-safe)
    _, slope = _logistic(np.stack([np.ones_like(logit), logit], axis=1), dead, np.zeros_like(logit))
    (intercept,) = _logistic(np.ones((risk.size, 1)), dead, logit)
    low, high = _wilson(observed, count)
    return Calibration(np.bincount(which, risk) / count, observed, low, high, count, float(slope), float(intercept))


def temperature(y: ArrayLike, logit: ArrayLike) -> float:
    """The T for which sigmoid(logit / T) fits the outcomes best: above 1 where the logits were too extreme.

    Ranks stay as they are. Where no T > 0 fits best (the logits separate the outcomes, or run against them), 1.

    Parameters
    ----------
    y : (N,) of 0 and 1
        Of stays that the model did not learn from.
    logit : (N,) float

    References
    ----------
    Guo C, Pleiss G, Sun Y, Weinberger KQ. On calibration of modern neural networks. ICML 2017, arXiv 1706.04599.

    Examples
    --------
    A model sure to nine in ten where two in three are right:

    >>> round(temperature([1, 1, 0, 0, 0, 1], [2.197, 2.197, 2.197, -2.197, -2.197, -2.197]), 2)
    3.17
    """
    dead, score = checked(y, logit)
    (slope,) = _logistic(score[:, None], dead, np.zeros_like(score))
    return 1.0 / float(slope) if slope > 0 else 1.0


def _logistic(x: NDArray[np.float64], dead: NDArray[np.bool_], offset: NDArray[np.float64]) -> NDArray[np.float64]:
    """Maximum-likelihood coefficients by damped Newton steps; NaN where the likelihood has no maximum."""
    beta = np.zeros(x.shape[1])
    loss = _deviance(offset, dead)
    for _ in range(100):
        eta = x @ beta + offset
        fitted = 0.5 * (1 + np.tanh(eta / 2))
        information = (x * (fitted * (1 - fitted))[:, None]).T @ x
        if np.linalg.cond(information) > 1e12:
            break
        step = np.linalg.solve(information, x.T @ (dead - fitted))
        while _deviance(x @ (beta + step) + offset, dead) > loss + 1e-12 * (1 + abs(loss)):
            step /= 2
        beta = beta + step
        loss = _deviance(x @ beta + offset, dead)
        if np.abs(step).max() <= 1e-10 * (1 + np.abs(beta).max()):
            return beta
    return np.full(x.shape[1], np.nan)


def _deviance(eta: NDArray[np.float64], dead: NDArray[np.bool_]) -> float:
    return float(np.sum(np.logaddexp(0, np.where(dead, -eta, eta))))


def _wilson(fraction: NDArray[np.float64], count: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    z2 = _Z95**2 / count
    middle = (fraction + z2 / 2) / (1 + z2)
    half = np.sqrt(fraction * (1 - fraction) * z2 + z2**2 / 4) / (1 + z2)
    return middle - half, middle + half
