"""How well a risk separates the dead from the survivors, and how honest its numbers are.

One sort per risk serves every statistic: a resample of the stays is a vector of counts, and with the stays
in order of risk each statistic is a cumulative sum over those counts. Bootstrap intervals therefore cost O(N)
a replicate, not O(N log N), and all risks share the same resamples, so that their differences are paired.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Interval",
    "auprc",
    "auroc",
    "auroc_by_hour",
    "bootstrap",
    "brier",
    "precision_recall_curve",
    "roc_curve",
]

_BLOCK = 128
"""Replicates scored together: enough to amortise the calls, few enough for 4,000 stays to take 4 MB."""


@dataclass(frozen=True)
class Interval:
    """An estimate and its 95 % percentile bootstrap interval."""

    value: float
    low: float
    high: float


def checked(y: ArrayLike, p: ArrayLike) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Outcomes as booleans and risks as float64, or a `ValueError` that names what is wrong."""
    outcome, risk = np.asarray(y), np.asarray(p, dtype=np.float64)
    if outcome.ndim != 1 or outcome.shape != risk.shape:
        raise ValueError(f"`y` has shape {outcome.shape} and `p` {risk.shape}; expected two equal (N,)")
    bad = np.flatnonzero(~np.isfinite(risk))
    if bad.size:
        raise ValueError(f"`p` is {risk[bad[0]]} at index {bad[0]} ({bad.size} not finite); expected finite risks")
    if not np.isin(outcome, (0, 1)).all():
        raise ValueError("`y` has values other than 0 and 1")
    dead = outcome.astype(bool)
    if dead.all() or not dead.any():
        raise ValueError(f"`y` has one class only ({dead.sum()} of {dead.size} are 1); both are needed")
    return dead, risk


def auroc(y: ArrayLike, p: ArrayLike) -> float:
    """Area under the ROC curve: P(risk of a death > risk of a survivor), ties counted half.

    Parameters
    ----------
    y : (N,) of 0 and 1
    p : (N,) finite risks; any monotone score serves

    Raises
    ------
    ValueError
        If shapes differ, `p` is not finite or `y` has one class only.

    References
    ----------
    Hanley JA, McNeil BJ. The meaning and use of the area under a receiver operating characteristic curve.
    Radiology 1982;143:29-36.

    Examples
    --------
    >>> auroc([0, 0, 1, 1], [0.1, 0.4, 0.4, 0.8])
    0.875
    """
    ranking = _Ranking(*checked(y, p))
    return float(ranking.auroc(ranking.ones)[0])


def auprc(y: ArrayLike, p: ArrayLike) -> float:
    """Area under the precision-recall curve as a step function (average precision).

    Sum over distinct thresholds of precision times the gain in recall; equal risks are taken together. Not
    interpolated: a straight line between two points of this curve is too kind (Davis & Goadrich, ICML 2006).

    Parameters and errors are those of `auroc`.

    Examples
    --------
    >>> round(auprc([0, 1, 0, 1], [0.1, 0.4, 0.6, 0.8]), 4)
    0.8333
    """
    ranking = _Ranking(*checked(y, p))
    return float(ranking.auprc(ranking.ones)[0])


def brier(y: ArrayLike, p: ArrayLike) -> float:
    """Mean squared difference of risk and outcome (Brier 1950); `p` must lie within 0..1.

    Examples
    --------
    >>> round(brier([0, 1], [0.2, 0.6]), 3)
    0.1
    """
    dead, risk = checked(y, p)
    if risk.min() < 0 or risk.max() > 1:
        raise ValueError(f"`p` spans {risk.min():g} to {risk.max():g}; expected probabilities within 0..1")
    return float(np.mean((risk - dead) ** 2))


def roc_curve(y: ArrayLike, p: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """False and true positive rates at each distinct threshold, from (0, 0) to (1, 1)."""
    ranking = _Ranking(*checked(y, p))
    true, false = ranking.cumulative(ranking.ones)
    true, false = np.append(0.0, true[0]), np.append(0.0, false[0])
    return false / false[-1], true / true[-1]


def precision_recall_curve(y: ArrayLike, p: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Recall and precision at each distinct threshold, the highest risks first."""
    ranking = _Ranking(*checked(y, p))
    true, false = (c[0] for c in ranking.cumulative(ranking.ones))
    return true / true[-1], true / (true + false)


def bootstrap(
    y: ArrayLike, risks: Mapping[str, ArrayLike], *, replicates: int = 2000, seed: int = 0
) -> dict[str, dict[str, Interval]]:
    """AUROC, AUPRC and Brier score of each risk with 95 % percentile intervals over resampled stays.

    Parameters
    ----------
    y : (N,) of 0 and 1
    risks : mapping of name to (N,) risks within 0..1
        Every risk is scored on the same resamples. Each risk after the first also has `auroc_difference` and
        `auprc_difference`: the first minus this one, paired.
    replicates : int
        A replicate that holds one class only has no AUROC and is drawn again.
    seed : int
        Equal seeds give equal intervals.

    Returns
    -------
    dict of name to dict of statistic to `Interval`

    References
    ----------
    Efron B, Tibshirani RJ. An Introduction to the Bootstrap. Chapman & Hall 1993, chapter 13.

    Examples
    --------
    >>> y, p = [0, 0, 0, 1, 1, 0, 1, 0], [0.1, 0.2, 0.3, 0.6, 0.9, 0.5, 0.4, 0.2]
    >>> round(bootstrap(y, {"model": p}, replicates=200)["model"]["auroc"].value, 4)
    0.9333
    """
    if replicates < 2:
        raise ValueError(f"`replicates` is {replicates}; expected at least 2")
    if not risks:
        raise ValueError("`risks` is empty; expected at least one risk")
    rankings = {name: _Ranking(*checked(y, p)) for name, p in risks.items()}
    point = {name: r.scores(r.ones) | {"brier": np.array([brier(y, risks[name])])} for name, r in rankings.items()}
    dead = next(iter(rankings.values())).dead
    blocks: dict[str, list[dict[str, NDArray[np.float64]]]] = {name: [] for name in rankings}
    for counts in _resamples(dead, replicates, seed):
        for name, ranking in rankings.items():
            blocks[name].append(ranking.scores(counts))
    draws = {name: {k: np.concatenate([b[k] for b in bs]) for k in bs[0]} for name, bs in blocks.items()}
    first, *others = rankings
    for name in others:
        for k in ("auroc", "auprc"):
            point[name][f"{k}_difference"] = point[first][k] - point[name][k]
            draws[name][f"{k}_difference"] = draws[first][k] - draws[name][k]
    return {name: {k: _interval(point[name][k], draws[name][k]) for k in point[name]} for name in rankings}


def auroc_by_hour(y: ArrayLike, p_hourly: ArrayLike) -> NDArray[np.float64]:
    """AUROC at each hour over the stays that have a risk by then.

    Parameters
    ----------
    y : (N,) of 0 and 1
    p_hourly : (N, H) risks; NaN where a stay has none yet

    Returns
    -------
    (H,) float64; NaN at hours when deaths or survivors have no risk at all
    """
    outcome, risks = np.asarray(y), np.asarray(p_hourly, dtype=np.float64)
    if outcome.ndim != 1 or risks.ndim != 2 or len(risks) != len(outcome):
        raise ValueError(f"`y` has shape {outcome.shape} and `p_hourly` {risks.shape}; expected (N,) and (N, H)")
    areas = np.full(risks.shape[1], np.nan)
    for hour, risk in enumerate(risks.T):
        known = ~np.isnan(risk)
        if len(np.unique(outcome[known])) == 2:
            areas[hour] = auroc(outcome[known], risk[known])
    return areas


class _Ranking:
    """The stays in falling order of one risk; scores any (B, N) block of counts without a new sort."""

    def __init__(self, dead: NDArray[np.bool_], risk: NDArray[np.float64]) -> None:
        self.dead = dead
        self.ones = np.ones((1, dead.size))
        self.order = np.argsort(-risk, kind="stable")
        ranked = risk[self.order]
        self.last = np.append(np.flatnonzero(ranked[1:] != ranked[:-1]), dead.size - 1)
        self.ranked_dead = dead[self.order].astype(np.float64)
        self.error = (risk - dead) ** 2

    def cumulative(self, counts: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Deaths and survivors at or above each distinct risk, (B, G)."""
        ranked = counts[:, self.order]
        every = np.cumsum(ranked, axis=1)[:, self.last]
        true = np.cumsum(ranked * self.ranked_dead, axis=1)[:, self.last]
        return true, every - true

    def auroc(self, counts: NDArray[np.float64]) -> NDArray[np.float64]:
        return _auroc(*self.cumulative(counts))

    def auprc(self, counts: NDArray[np.float64]) -> NDArray[np.float64]:
        return _auprc(*self.cumulative(counts))

    def scores(self, counts: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        true, false = self.cumulative(counts)
        return {
            "auroc": _auroc(true, false),
            "auprc": _auprc(true, false),
            "brier": counts @ self.error / self.dead.size,
        }


def _auroc(true: NDArray[np.float64], false: NDArray[np.float64]) -> NDArray[np.float64]:
    """Trapezoids: within a group of equal risks the curve is a straight line, which counts ties half."""
    rise = np.diff(true, axis=1, prepend=0)
    area = np.sum(np.diff(false, axis=1, prepend=0) * (true - rise / 2), axis=1)
    return np.asarray(area / (true[:, -1] * false[:, -1]))


def _auprc(true: NDArray[np.float64], false: NDArray[np.float64]) -> NDArray[np.float64]:
    # Groups at the very top that a resample left out have 0 of 0: no gain in recall, any precision will do.
    precision = true / np.maximum(true + false, 1)
    return np.asarray(np.sum(np.diff(true, axis=1, prepend=0) * precision, axis=1) / true[:, -1])


def _resamples(dead: NDArray[np.bool_], replicates: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """How often each stay is drawn in each replicate, in blocks (B, N); each replicate holds both classes."""
    n, rng, missing = dead.size, np.random.Generator(np.random.Philox(seed)), replicates
    while missing:
        size = min(_BLOCK, missing)
        drawn = rng.integers(0, n, size=(size, n)) + n * np.arange(size)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n)
        deaths = counts @ dead
        kept = counts[(deaths > 0) & (deaths < n)].astype(np.float64)
        missing -= len(kept)
        yield kept


def _interval(point: NDArray[np.float64], draws: NDArray[np.float64]) -> Interval:
    low, high = np.quantile(draws, (0.025, 0.975))
    return Interval(float(point[0]), float(low), float(high))
