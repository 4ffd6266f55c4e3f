"""Matched cohorts: for each treated subject the controls that are most alike, the best choice overall."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marey.graph._check import as_count, as_floats
from marey.graph.flow import min_cost_flow

__all__ = ["Balance", "CohortMatch", "match_cohort"]

_LEVELS = 1 << 20


@dataclass(frozen=True)
class Balance:
    """How alike treated and controls are, covariate by covariate, each array (d,).

    A standardised difference is that of the means over the root of the mean of both groups' variances before matching.
    """

    mean_treated: NDArray[np.float64]
    """Mean over the matched treated."""
    mean_control: NDArray[np.float64]
    """Mean over the matched controls, each weighing one over the controls of its treated."""
    smd_before: NDArray[np.float64]
    """Standardised mean difference of all treated and all controls; NaN for a constant covariate."""
    smd_after: NDArray[np.float64]
    """The same of the matched ones."""


@dataclass(frozen=True)
class CohortMatch:
    """Pairs, ordered by treated, then by control."""

    treated: NDArray[np.int64]
    """(pairs,) row of the treated."""
    control: NDArray[np.int64]
    """(pairs,) row of the control; each at most once."""
    distance: NDArray[np.float64]
    """(pairs,) how far apart they are."""
    unmatched: NDArray[np.int64]
    """Rows of the treated without any control."""
    balance: Balance


def match_cohort(
    treated: Any,
    control: Any,
    *,
    caliper: float | None = None,
    ratio: int = 1,
    metric: str = "mahalanobis",
    exact: tuple[Any, Any] | None = None,
) -> CohortMatch:
    """Matches controls to treated subjects: first as many pairs as there can be, then the least sum of distances.

    Parameters
    ----------
    treated : (T, d) array_like
        Covariates of the treated, finite.
    control : (C, d) array_like
        Covariates of the possible controls.
    caliper : float, optional
        Pairs further apart are not made.
    ratio : int
        Most controls of one treated. A control is used once.
    metric : str
        ``"mahalanobis"``, by the covariance within both groups, or ``"euclidean"``. For propensity scores give their
        logit as the one covariate and ``"euclidean"``.
    exact : pair of (T,) and (C,) array_like, optional
        Labels that must be equal within a pair, such as sex or site.

    Returns
    -------
    CohortMatch
        Pairs, their distances, the unmatched and the balance before and after.

    Raises
    ------
    ValueError
        If a covariate is not finite, shapes disagree, or the covariance is singular under ``"mahalanobis"``.

    Notes
    -----
    Rosenbaum (J. American Statistical Association 84(408), 1989) as a minimum cost flow by network simplex. Distances
    are rounded to 2^-20 of the largest allowed one for the choice. Memory: every allowed pair.

    Examples
    --------
    >>> from marey.graph import match_cohort
    >>> found = match_cohort([[1.0], [2.0]], [[1.9], [1.2], [9.0]], metric="euclidean", caliper=2.0)
    >>> found.treated, found.control
    (array([0, 1]), array([1, 0]))
    """
    x, y = _covariates("treated", treated), _covariates("control", control)
    if x.shape[1] != y.shape[1]:
        raise ValueError(f"`control` has shape {y.shape}; expected (C, {x.shape[1]}), the columns of `treated`")
    if caliper is not None and not caliper >= 0:
        raise ValueError(f"`caliper` is {caliper}; expected a number >= 0")
    ratio = as_count("ratio", ratio, least=1)
    if metric not in ("mahalanobis", "euclidean"):
        raise ValueError(f"`metric` is {metric!r}; expected 'mahalanobis' or 'euclidean'")
    u, v = _whitened(x, y) if metric == "mahalanobis" else (x, y)
    of_treated, of_control, length = _allowed(
        u, v, np.inf if caliper is None else caliper, _codes(exact, len(x), len(y))
    )
    chosen = _choose(of_treated, of_control, length, len(x), len(y), ratio)
    rows, columns, length = of_treated[chosen], of_control[chosen], length[chosen]
    unmatched = np.setdiff1d(np.arange(len(x)), rows)
    return CohortMatch(rows, columns, length, unmatched, _balance(x, y, rows, columns))


def _covariates(name: str, value: Any) -> NDArray[np.float64]:
    array = as_floats(name, value, ndim=2)
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        row, column = bad[0]
        raise ValueError(f"`{name}` is {array[row, column]} in row {row}, column {column}; expected finite numbers")
    return array


def _codes(exact: tuple[Any, Any] | None, n_treated: int, n_control: int) -> tuple[NDArray[Any], NDArray[Any]]:
    if exact is None:
        return np.zeros(n_treated), np.zeros(n_control)
    first, second = (np.asarray(labels) for labels in exact)
    if first.shape != (n_treated,) or second.shape != (n_control,):
        shapes = f"{first.shape} and {second.shape}"
        raise ValueError(f"`exact` has shapes {shapes}; expected ({n_treated},) and ({n_control},)")
    return first, second


def _whitened(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if not len(x) or not len(y):
        return x, y
    within = np.concatenate([x - x.mean(axis=0), y - y.mean(axis=0)])
    scale = within.std(axis=0)
    if not scale.all():
        raise ValueError(f"`treated` and `control` are constant in column {int(np.argmin(scale))}; leave it out")
    # In units of each column's own spread, a singular matrix shows at one threshold.
    values, vectors = np.linalg.eigh(np.atleast_2d(np.cov(within / scale, rowvar=False)))
    if values[0] < 1e-10 * values[-1]:
        raise ValueError("the covariance is singular: a column is a sum of others; leave one out or use 'euclidean'")
    white = vectors / np.sqrt(values)
    return (x / scale) @ white, (y / scale) @ white


def _allowed(
    u: NDArray[np.float64], v: NDArray[np.float64], caliper: float, codes: tuple[NDArray[Any], NDArray[Any]]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    rows, columns, lengths = [], [], []
    for i, (point, code) in enumerate(zip(u, codes[0], strict=True)):
        same = np.flatnonzero(codes[1] == code)
        length = np.sqrt(((v[same] - point) ** 2).sum(axis=1))
        near = length <= caliper
        rows.append(np.full(int(near.sum()), i))
        columns.append(same[near])
        lengths.append(length[near])
    if not rows:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0)
    return np.concatenate(rows), np.concatenate(columns), np.concatenate(lengths)


def _choose(
    rows: NDArray[np.int64], columns: NDArray[np.int64], length: NDArray[np.float64], t: int, c: int, ratio: int
) -> NDArray[np.bool_]:
    """Which allowed pairs are made: treated -> control -> sink, or past the controls at a price no detour saves."""
    if not len(rows):
        return np.zeros(0, dtype=bool)
    largest = length.max() or 1.0
    price = np.rint(length / largest * _LEVELS).astype(np.int64)
    # One more pair may lengthen others, each by less than two levels of the largest.
    unmatched = 2 * _LEVELS * (t * ratio + 1)
    sink = t + c
    every, pool = np.arange(t), t + np.arange(c)
    src = np.concatenate([rows, pool, every])
    dst = np.concatenate([t + columns, np.full(c, sink), np.full(t, sink)])
    capacity = np.concatenate([np.ones(len(rows) + c, dtype=np.int64), np.full(t, ratio)])
    cost = np.concatenate([price, np.zeros(c, dtype=np.int64), np.full(t, unmatched)])
    supply = np.concatenate([np.full(t, ratio), np.zeros(c, dtype=np.int64), [-t * ratio]])
    flow = min_cost_flow(src, dst, cost=cost, supply=supply, capacity=capacity).flow
    chosen: NDArray[np.bool_] = flow[: len(rows)] > 0
    return chosen


def _balance(
    x: NDArray[np.float64], y: NDArray[np.float64], rows: NDArray[np.int64], columns: NDArray[np.int64]
) -> Balance:
    nan = np.full(x.shape[1], np.nan)
    spread = np.sqrt((x.var(axis=0, ddof=1) + y.var(axis=0, ddof=1)) / 2) if min(len(x), len(y)) > 1 else nan
    spread = np.where(spread > 0, spread, np.nan)
    before = (x.mean(axis=0) - y.mean(axis=0)) / spread if len(x) and len(y) else nan
    if not len(rows):
        return Balance(nan, nan, before, nan)
    matched, controls = np.unique(rows, return_counts=True)
    share = 1 / controls[np.searchsorted(matched, rows)] / len(matched)
    mean_treated, mean_control = x[matched].mean(axis=0), share @ y[columns]
    return Balance(mean_treated, mean_control, before, (mean_treated - mean_control) / spread)
