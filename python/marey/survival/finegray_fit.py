"""finegray_fit: regression on the probability of one of several competing events."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from marey._runtime import native
from marey.survival._coefficients import Coefficients
from marey.survival._cox_rows import as_matrix, standardized
from marey.survival._newton import inverse, maximise
from marey.survival._rows import Floats, as_codes, as_column, as_outcome, require_in

__all__ = ["FineGrayFit", "finegray_fit"]

_CENSORED = 0
_EVENT = 1


@dataclass(frozen=True)
class FineGrayRows:
    """In rising time; ``order[i]`` is the caller's row of sorted row i."""

    order: NDArray[np.int64]
    Z: Floats
    mean: Floats
    scale: Floats
    time: Floats
    outcome: NDArray[np.uint8]
    weights: Floats
    uncensored: Floats  # G(T-)
    names: tuple[str, ...]

    def run(self, beta: Floats) -> Any:
        """Log likelihood, gradient, Hessian of its negative, and hazard steps."""
        return native.core().survival_finegray_pass(*self._arguments(beta))

    def influence(self, beta: Floats) -> Floats:
        """(n, p) what each row adds to the score, by weight 1."""
        influence: Floats = native.core().survival_finegray_influence(*self._arguments(beta))
        return influence

    def _arguments(self, beta: Floats) -> tuple[Any, ...]:
        return self.Z, self.time, self.outcome, self.weights, self.Z @ beta, self.uncensored


@dataclass(frozen=True, repr=False)
class FineGrayFit(Coefficients):
    """A fitted regression on the subdistribution hazard.

    Attributes
    ----------
    coef : (p,)
        Log ratios of subdistribution hazards: positive where the event becomes more probable.
    naive_var, robust_var : (p, p)
        From the likelihood's curvature; the sandwich over rows or clusters, which counts the estimated censoring in and
        which ``var`` is.
    loglik : (2,)
        Log partial likelihood at 0 and at ``coef``.
    score : float
        Statistic of the score test that all coefficients are 0, from the curvature.
    iterations : int
        Newton steps taken.
    status : str
        ``"converged"``, ``"separation"`` or ``"max_iter"``.
    cause : int
        Of the event.
    """

    cause: int
    rows: FineGrayRows
    hazard_steps: Floats

    @cached_property
    def _baseline(self) -> tuple[Floats, Floats]:
        """Times with events and the cumulative hazard at them of a row at the means."""
        some = self.hazard_steps > 0
        return self.rows.time[some], np.cumsum(self.hazard_steps[some])

    def baseline(self, *, centered: bool = False) -> tuple[Floats, Floats]:
        """Times with events, and at them the cumulative subdistribution hazard of a row with all covariates 0.

        At the means of the covariates if ``centered``.
        """
        time, hazard = self._baseline
        return time, hazard if centered else hazard * np.exp(-(self.rows.mean @ self.coef))

    def residuals(self, kind: Literal["score", "dfbeta"] = "score") -> Floats:
        """(n, p) what each row adds to the score and how it moves ``coef``, by weight 1, in the caller's order."""
        require_in("kind", kind, ("score", "dfbeta"))
        rows = self.rows
        influence = np.empty_like(rows.Z)
        influence[rows.order] = rows.influence(self.coef * rows.scale) * rows.scale
        return influence @ self.naive_var if kind == "dfbeta" else influence

    def predict(self, X: Any, kind: Literal["lp", "risk"] = "lp") -> Floats:
        """(m,) log subdistribution hazard relative to a row at the means, or its exponential."""
        require_in("kind", kind, ("lp", "risk"))
        matrix, _ = as_matrix(X, self.names)
        lp: Floats = (matrix - self.rows.mean) @ self.coef
        return np.exp(lp) if kind == "risk" else lp

    def predict_incidence(self, X: Any, times: Any) -> Floats:
        """(m, T) probability that the event of ``cause`` has come by each of ``times``."""
        time, hazard = self._baseline
        steps = np.concatenate([[0.0], hazard])
        at = steps[np.searchsorted(time, np.asarray(times, dtype=float), side="right")]
        incidence: Floats = -np.expm1(-self.predict(X, "risk")[:, None] * at)
        return incidence

    def __repr__(self) -> str:
        counts = np.bincount(self.rows.outcome, minlength=3)
        return (
            f"FineGrayFit(cause {self.cause}; n = {counts.sum()}, events = {counts[1]}, competing = {counts[2]}, "
            f"{self.status}; loglik = {self.loglik[1]:.6g}; coef (se): {self._told})"
        )


def finegray_fit(
    X: Any,
    time: Any,
    event: Any,
    *,
    cause: int = 1,
    weights: Any = None,
    cluster: Any = None,
    max_iter: int = 40,
    tol: float = 1e-10,
) -> FineGrayFit:
    r"""Fits the cumulative incidence :math:`1 - \exp(-H_0(t) \exp(x^\top \beta))` of one of several competing events.

    Parameters
    ----------
    X : (n, p)
        Covariates, no constant column; a data frame gives its column names.
    time : (n,)
        Time of the first event or of censoring.
    event : (n,) whole numbers
        0 where it was censored, else the number of the cause.
    cause : int
        Of the event of interest; every other cause competes with it.
    weights : (n,), optional
        Case weights, > 0.
    cluster : (n,), optional
        Labels of rows that belong together: ``var`` is then the sandwich over them, else over rows.
    max_iter : int
        Newton steps at most.
    tol : float
        Ends when the next step promises to gain less than this in twice the log likelihood.

    Returns
    -------
    FineGrayFit
        ``coef``, ``var``, ``loglik``, tests, ``baseline()``, ``residuals(kind)``, ``predict(X)``,
        ``predict_incidence(X, times)``, ``to_frame()``, ``plot()``.

    Raises
    ------
    ValueError, TypeError
        If an argument does not fit, there is no event of ``cause``, or a column is constant or depends on the columns
        before it.

    Warns
    -----
    ConvergenceWarning
        If a coefficient runs off to infinity (separation: ``status`` is ``"separation"``), or ``max_iter`` is reached.

    Notes
    -----
    A row that a competing event ended at :math:`T` stays at risk at later :math:`t` with weight
    :math:`G(t-) / G(T-)`, :math:`G` the Kaplan-Meier curve of the time to censoring. Its sums are one sum back in time
    and one forward, so that a pass costs :math:`O(n p^2)` and no row is copied. Ties after Breslow. Sources: Fine &
    Gray, J Am Stat Assoc 94:496, 1999; Kawaguchi et al., R Journal 13:1, 2021 (sums in both directions).

    Examples
    --------
    >>> from marey.survival import finegray_fit
    >>> dose, weeks = [[0], [1], [0], [1], [1], [0], [1], [0]], [2, 3, 4, 5, 5, 6, 8, 9]
    >>> fit = finegray_fit(dose, weeks, [1, 2, 1, 1, 0, 2, 1, 0])
    >>> fit.coef.round(4), fit.loglik.round(4)
    (array([-0.2176]), array([-7.1521, -7.129 ]))
    >>> fit.predict_incidence([[0], [1]], [4.0]).ravel().round(3)
    array([0.259, 0.214])
    """
    matrix, names = as_matrix(X)
    time = as_column("time", time)
    n = len(time)
    if len(matrix) != n:
        raise ValueError(f"`X` has shape {matrix.shape}; expected (n, p) with n = {n}, that of `time`")
    outcome = as_outcome(event, n, cause)
    if not (outcome == _EVENT).any():
        raise ValueError(f"`event` marks no event of cause {cause}; there is nothing to fit")
    w = np.ones(n) if weights is None else as_column("weights", weights, n)
    if not (w > 0).all():
        row = int(np.argmin(w > 0))
        raise ValueError(f"`weights` of row {row} is {w[row]}; expected a weight > 0")
    clusters = None if cluster is None else as_codes("cluster", cluster, n)[0]
    order, _ = native.core().survival_sort_rows(time, None, 1)
    Z, mean, scale = standardized(matrix, order)
    rows = FineGrayRows(
        order=order,
        Z=Z,
        mean=mean,
        scale=scale,
        time=time[order],
        outcome=outcome[order],
        weights=w[order],
        uncensored=_uncensored_before(time, outcome == _CENSORED, w)[order],
        names=names,
    )
    found = maximise(rows, max_iter, tol)
    naive = inverse(found.information)
    influence = rows.influence(found.beta) * rows.weights[:, None]
    if clusters is not None:
        sums = np.zeros((clusters.max() + 1, len(names)))
        np.add.at(sums, clusters[order], influence)
        influence = sums
    moved = influence @ naive
    return FineGrayFit(
        coef=found.beta / scale,
        naive_var=naive / np.outer(scale, scale),
        robust_var=moved.T @ moved / np.outer(scale, scale),
        loglik=np.array([found.first_loglik, found.result[0]]),
        score=found.score,
        iterations=found.iterations,
        status=found.status,
        names=names,
        cause=int(cause),
        rows=rows,
        hazard_steps=found.result[3],
    )


def _uncensored_before(time: Floats, censored: NDArray[np.bool_], weights: Floats) -> Floats:
    """G(T-) of every row; events at a censoring's time are at risk of it, as in the estimator's proof."""
    core = native.core()
    offsets, at, at_risk, leaving, *_ = core.survival_risk_table(time, censored, None, weights, None, 1)
    m = int(offsets[-1])
    G, _ = core.survival_kaplan_meier(offsets, at_risk[:m].copy(), leaving[:m].copy())
    before = np.concatenate([[1.0], G[:-1]])
    return before[np.searchsorted(at[:m], time)]
