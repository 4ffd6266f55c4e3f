"""bootstrap_kaplan_meier, bootstrap_concordance, bootstrap_cox: resampled estimates from rows sorted once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from marey._runtime import native
from marey.survival._cox_rows import CoxRows
from marey.survival._newton import maximise
from marey.survival._rows import Floats, as_column, as_rows, require_in
from marey.survival.concordance import concordance
from marey.survival.cox_fit import cox_fit
from marey.survival.kaplan_meier import kaplan_meier

__all__ = ["Bootstrap", "bootstrap_concordance", "bootstrap_counts", "bootstrap_cox", "bootstrap_kaplan_meier"]


@dataclass(frozen=True, repr=False)
class Bootstrap:
    """An estimate and its resampled values.

    Attributes
    ----------
    estimate
        Of the rows themselves: a number, or (k,).
    replicates : (B,) or (B, k)
        Of B resamples; NaN where a resample identified nothing.
    """

    estimate: Any
    replicates: Floats

    @property
    def std_error(self) -> Any:
        """Standard deviation of the replicates."""
        return np.nanstd(self.replicates, axis=0, ddof=1)

    @property
    def n_failed(self) -> int:
        """Resamples that identified nothing."""
        return int(np.isnan(self.replicates.reshape(len(self.replicates), -1)).any(axis=1).sum())

    def interval(self, conf_level: float = 0.95, kind: Literal["percentile", "basic"] = "percentile") -> Any:
        """Lower and upper limits, by the quantiles of the replicates or by those of their errors."""
        require_in("kind", kind, ("percentile", "basic"))
        if not 0 < conf_level < 1:
            raise ValueError(f"`conf_level` is {conf_level}; expected a number between 0 and 1")
        tail = (1 - conf_level) / 2
        low, high = np.nanquantile(self.replicates, [tail, 1 - tail], axis=0)
        return (low, high) if kind == "percentile" else (2 * self.estimate - high, 2 * self.estimate - low)

    def __repr__(self) -> str:
        failed = f", {self.n_failed} failed" if self.n_failed else ""
        told = f"estimate = {self.estimate}, std_error = {self.std_error}"
        return f"Bootstrap({told}; {len(self.replicates)} replicates{failed})"


def bootstrap_counts(n: int, n_replicates: int, *, seed: int = 0) -> NDArray[np.int32]:
    """How often each of n rows is drawn in each resample, the draws of every bootstrap here.

    Parameters
    ----------
    n, n_replicates : int
        Rows, and resamples.
    seed : int
        The same seed gives the same counts, on any number of threads.

    Returns
    -------
    (B, n) int32
        Each row of it sums to n.

    Raises
    ------
    ValueError
        If ``n`` or ``n_replicates`` is below 1, or ``seed`` negative.

    Examples
    --------
    >>> from marey.survival import bootstrap_counts
    >>> bootstrap_counts(5, 3).sum(axis=1)
    array([5, 5, 5])
    """
    _check(n, n_replicates, seed)
    counts: NDArray[np.int32] = native.core().survival_bootstrap_counts(n, seed, n_replicates)
    return counts


def bootstrap_kaplan_meier(time: Any, event: Any, times: Any, *, n_replicates: int = 1000, seed: int = 0) -> Bootstrap:
    """Resamples the survival curve at some times.

    Parameters
    ----------
    time : (n,)
        Time of the event or of censoring.
    event : (n,) bool, or 0 and 1
        Whether the event was seen.
    times : (T,)
        Rising times.
    n_replicates, seed : int
        How many resamples, and from which seed; see :func:`marey.survival.bootstrap_counts`.

    Returns
    -------
    Bootstrap
        ``estimate`` (T,) and ``replicates`` (B, T).

    Raises
    ------
    ValueError, TypeError
        If an argument does not fit; the message names it and the first row at fault.

    Notes
    -----
    Rows are ranked once; a resample is a count of draws by rank, O(n) each, and no resample is sorted. Resamples run on
    threads. Source: Efron, J Am Stat Assoc 76:312, 1981.

    Examples
    --------
    >>> from marey.survival import bootstrap_kaplan_meier
    >>> found = bootstrap_kaplan_meier([2.0, 4.0, 5.0, 7.0, 8.0], [1, 1, 0, 1, 0], [4.5])
    >>> found.estimate
    array([0.6])
    """
    rows = as_rows(time, event)
    _check(len(rows), n_replicates, seed)
    wanted = as_column("times", np.atleast_1d(np.asarray(times)))
    if not (np.diff(wanted) > 0).all():
        raise ValueError(f"`times` is {wanted}; expected rising times")
    distinct, tick = np.unique(rows.time, return_inverse=True)
    until = np.searchsorted(distinct, wanted, side="right")
    replicates = native.core().survival_kaplan_meier_bootstrap(
        tick.astype(np.int64), rows.event, len(distinct), until.astype(np.int64), seed, n_replicates
    )
    return Bootstrap(kaplan_meier(rows.time, rows.event).at(wanted), replicates)


def bootstrap_concordance(time: Any, event: Any, risk: Any, *, n_replicates: int = 1000, seed: int = 0) -> Bootstrap:
    """Resamples Harrell's concordance.

    Parameters
    ----------
    time : (n,)
        Time of the event or of censoring.
    event : (n,) bool, or 0 and 1
        Whether the event was seen.
    risk : (n,)
        Predicted risk: a higher value means an earlier event.
    n_replicates, seed : int
        How many resamples, and from which seed; see :func:`marey.survival.bootstrap_counts`.

    Returns
    -------
    Bootstrap
        ``estimate``, a number, and ``replicates`` (B,).

    Raises
    ------
    ValueError, TypeError
        If an argument does not fit; the message names it and the first row at fault.

    Notes
    -----
    Times and risks are ranked once; a resample is a sweep over them by counts, O(n log n). Two copies of one row are no
    comparable pair.

    Examples
    --------
    >>> from marey.survival import bootstrap_concordance
    >>> found = bootstrap_concordance([2.0, 4.0, 5.0, 7.0], [1, 1, 0, 1], [0.9, 0.3, 0.8, 0.1])
    >>> found.estimate, found.replicates.shape
    (0.8, (1000,))
    """
    rows = as_rows(time, event)
    _check(len(rows), n_replicates, seed)
    risks = as_column("risk", risk, len(rows))
    estimate = concordance(rows.time, rows.event, risks).estimate
    ranks, rank = np.unique(risks, return_inverse=True)
    _, tick = np.unique(rows.time, return_inverse=True)
    index = np.lexsort((rows.event, -tick))
    replicates = native.core().survival_concordance_bootstrap(
        tick.astype(np.int64), rank.astype(np.int64), index.astype(np.int64), rows.event, len(ranks), seed, n_replicates
    )
    return Bootstrap(estimate, replicates)


def bootstrap_cox(
    X: Any,
    time: Any,
    event: Any,
    *,
    strata: Any = None,
    ties: Literal["efron", "breslow"] = "efron",
    n_replicates: int = 200,
    seed: int = 0,
) -> Bootstrap:
    """Resamples the coefficients of a Cox regression.

    Parameters
    ----------
    X : (n, p)
        Covariates.
    time, event, strata, ties
        As in :func:`marey.survival.cox_fit`.
    n_replicates, seed : int
        How many resamples, and from which seed; see :func:`marey.survival.bootstrap_counts`.

    Returns
    -------
    Bootstrap
        ``estimate`` (p,) and ``replicates`` (B, p); NaN where a resample did not identify the coefficients.

    Raises
    ------
    ValueError, TypeError
        As :func:`marey.survival.cox_fit`.

    Notes
    -----
    Rows are sorted and scaled once. A resample repeats the sorted rows as often as they were drawn, which keeps them
    sorted, and Newton's method runs on them.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.survival import bootstrap_cox
    >>> X = np.random.default_rng(0).normal(size=(100, 1))
    >>> time = np.random.default_rng(1).exponential(np.exp(-X[:, 0]))
    >>> found = bootstrap_cox(X, time, np.ones(100), n_replicates=50)
    >>> bool(found.interval()[0][0] < found.estimate[0] < found.interval()[1][0])
    True
    """
    fit = cox_fit(X, time, event, strata=strata, ties=ties)
    rows = fit.rows
    _check(rows.n, n_replicates, seed)
    replicates = np.full((n_replicates, rows.p), np.nan)
    counts = native.core().survival_bootstrap_counts(rows.n, seed, n_replicates)
    for b in range(n_replicates):
        try:
            found = maximise(_drawn(rows, counts[b][rows.order]), 40, 1e-10, warn=False)
        except ValueError:  # no column is left to tell anything, or no event
            continue
        if found.status == "converged":
            replicates[b] = found.beta / rows.scale
    return Bootstrap(fit.coef, replicates)


def _drawn(rows: CoxRows, counts: NDArray[np.int32]) -> CoxRows:
    """Sorted rows, each as often as it was drawn, which leaves them sorted."""
    columns: dict[str, Any] = {
        name: np.repeat(getattr(rows, name), counts, axis=0) for name in ("Z", "time", "event", "weights")
    }
    offsets = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])[rows.offsets]
    return replace(rows, **columns, offsets=offsets)


def _check(n: int, n_replicates: int, seed: int) -> None:
    for name, value, least in (("n", n, 1), ("n_replicates", n_replicates, 1), ("seed", seed, 0)):
        if value < least:
            raise ValueError(f"`{name}` is {value}; expected a number >= {least}")
