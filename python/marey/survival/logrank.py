"""logrank: do groups live equally long?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from marey._runtime import native
from marey.survival._rows import Floats, as_codes, as_rows, require_in
from marey.survival._special import chi2_sf

__all__ = ["LogRank", "logrank"]

WEIGHTS = ("logrank", "gehan", "tarone-ware", "fleming-harrington")


@dataclass(frozen=True, repr=False)
class LogRank:
    """A log-rank test.

    Attributes
    ----------
    statistic, df, p_value
        Chi-square, its degrees of freedom and its tail.
    groups : (G,)
        Labels.
    n, observed, expected : (G,)
        Rows, events, and events expected if all groups had the pooled hazard; all unweighted.
    difference : (G,)
        Weighted observed less expected.
    covariance : (G, G)
        Of ``difference``.
    """

    statistic: float
    df: int
    p_value: float
    groups: NDArray[Any]
    n: NDArray[np.int64]
    observed: Floats
    expected: Floats
    difference: Floats
    covariance: Floats
    weights: str

    def to_frame(self) -> Any:
        """A pandas data frame, one row a group."""
        import pandas

        names = ("n", "observed", "expected", "difference")
        return pandas.DataFrame({name: getattr(self, name) for name in names}, index=self.groups)

    def __repr__(self) -> str:
        told = ", ".join(
            f"{g}: {o:g} of {e:.1f}" for g, o, e in zip(self.groups, self.observed, self.expected, strict=True)
        )
        return (
            f"LogRank({self.weights}: chi2 = {self.statistic:.4g}, df = {self.df}, p = {self.p_value:.3g}; "
            f"events observed of expected: {told})"
        )


def logrank(
    time: Any,
    event: Any,
    group: Any,
    *,
    entry: Any = None,
    weights: Literal["logrank", "gehan", "tarone-ware", "fleming-harrington"] = "logrank",
    rho: float = 0.0,
    gamma: float = 0.0,
    strata: Any = None,
) -> LogRank:
    r"""Tests whether groups have the same hazard.

    Parameters
    ----------
    time : (n,)
        Time of the event or of censoring.
    event : (n,) bool, or 0 and 1
        Whether the event was seen.
    group : (n,)
        Labels of what is compared, two or more.
    entry : (n,), optional
        Time from which on a row is at risk (left truncation).
    weights : str
        ``"logrank"`` 1; ``"gehan"`` the number at risk; ``"tarone-ware"`` its root; ``"fleming-harrington"``
        :math:`S(t-)^\rho (1 - S(t-))^\gamma` with the pooled curve of the stratum (``rho=1``: Peto & Peto).
    rho, gamma : float
        Of ``"fleming-harrington"``.
    strata : (n,), optional
        Labels; groups are compared within each, and what they add up to is tested.

    Returns
    -------
    LogRank
        Statistic, p value and what it is made of.

    Raises
    ------
    ValueError, TypeError
        If an argument does not fit, or there is one group only, or no event is comparable.

    Notes
    -----
    The statistic is :math:`u^\top V^{-} u` with weighted differences :math:`u` and their hypergeometric covariance
    :math:`V`; with weights 1 it equals R's ``survdiff``. Source: Fleming & Harrington, Counting Processes and Survival
    Analysis, 1991, chapter 7.

    Examples
    --------
    >>> from marey.survival import logrank
    >>> test = logrank([9, 13, 18, 23, 31, 5, 8, 8, 12, 27], [1, 1, 1, 1, 0, 1, 1, 1, 1, 1], ["a"] * 5 + ["b"] * 5)
    >>> test.observed, test.expected.round(2)
    (array([4., 5.]), array([5.71, 3.29]))
    """
    require_in("weights", weights, WEIGHTS)
    for name, power in (("rho", rho), ("gamma", gamma)):
        if not (np.isfinite(power) and power >= 0):
            raise ValueError(f"`{name}` is {power}; expected a number >= 0")
        if power and weights != "fleming-harrington":
            raise ValueError(f"`{name}` is {power} and `weights` {weights!r}; expected weights='fleming-harrington'")
    rows = as_rows(time, event, entry)
    codes, labels = as_codes("group", group, len(rows))
    if len(labels) < 2:
        raise ValueError(f"`group` has {len(labels)} different labels; expected at least 2")
    stratum, strata_labels = (None, [None]) if strata is None else as_codes("strata", strata, len(rows))
    observed, expected, difference, covariance = native.core().survival_logrank(
        rows.time, rows.event, codes, len(labels), rows.entry, stratum, len(strata_labels), weights, rho, gamma
    )
    compared = np.diagonal(covariance) > 0  # a group never at risk beside another tells nothing
    df = int(compared.sum()) - 1
    if df < 1:
        raise ValueError("`event` marks no event at which two groups are at risk; nothing can be compared")
    u, V = difference[compared], covariance[np.ix_(compared, compared)]
    statistic = float(u @ np.linalg.pinv(V, rcond=1e-10, hermitian=True) @ u)
    df = int(np.linalg.matrix_rank(V, tol=1e-10 * np.abs(V).max(), hermitian=True))
    n = np.bincount(codes, minlength=len(labels))
    return LogRank(
        statistic, df, chi2_sf(statistic, df), labels, n, observed, expected, difference, covariance, weights
    )
