"""cox_fit: Cox's proportional hazards regression."""

from __future__ import annotations

import warnings
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from marey.survival._cox_rows import CoxRows, as_cox_rows
from marey.survival._rows import Floats, as_codes, require_in
from marey.survival.cox_result import CoxFit

__all__ = ["ConvergenceWarning", "cox_fit"]

_SMALLEST_PIVOT = 1e-9  # of its diagonal element; what rounding leaves of a dependent column is near 1e-15
_LARGEST_LAST_STEP = 1e-3  # in log hazard; a step that gains nothing and is larger runs off to infinity


class ConvergenceWarning(UserWarning):
    """The coefficients are not the maximum of the likelihood; the fit's ``status`` says why."""


def cox_fit(
    X: Any,
    time: Any,
    event: Any,
    *,
    entry: Any = None,
    strata: Any = None,
    weights: Any = None,
    cluster: Any = None,
    offset: Any = None,
    ties: Literal["efron", "breslow"] = "efron",
    max_iter: int = 40,
    tol: float = 1e-10,
) -> CoxFit:
    r"""Fits :math:`h(t \mid x) = h_0(t) \exp(x^\top \beta)` by partial likelihood.

    Parameters
    ----------
    X : (n, p)
        Covariates, no constant column; a data frame gives its column names.
    time : (n,)
        Time of the event or of censoring.
    event : (n,) bool, or 0 and 1
        Whether the event was seen.
    entry : (n,), optional
        Time from which on a row is at risk: at risk on (entry, time]. Several rows of one subject give covariates that
        change in time.
    strata : (n,), optional
        Labels; every stratum has a baseline hazard of its own.
    weights : (n,), optional
        Case weights, > 0.
    cluster : (n,), optional
        Labels of rows that belong together (a subject, a centre): ``var`` is then the sandwich estimate over them.
    offset : (n,), optional
        Added to :math:`x^\top \beta`.
    ties : str
        ``"efron"`` or ``"breslow"``.
    max_iter : int
        Newton steps at most.
    tol : float
        Ends when the next step promises to gain less than this in twice the log likelihood.

    Returns
    -------
    CoxFit
        ``coef``, ``var``, ``loglik``, tests, ``baseline()``, ``residuals(kind)``, ``zph()``, ``predict(X)``,
        ``predict_survival(X, times)``, ``to_frame()``, ``plot()``.

    Raises
    ------
    ValueError, TypeError
        If an argument does not fit, there is no event, or a column is constant or depends on the columns before it.

    Warns
    -----
    ConvergenceWarning
        If a coefficient runs off to infinity (separation: ``status`` is ``"separation"``), or ``max_iter`` is reached.

    Notes
    -----
    Newton's method with step halving on centred and scaled columns. The Hessian needs no outer product for each risk
    set: it is :math:`Z^\top \operatorname{diag}(r_i A_i) Z` less one or two outer products for each event time, with
    :math:`A_i` the hazard that row :math:`i` was exposed to. Sources: Cox, J R Stat Soc B 34:187, 1972; Efron, J Am
    Stat Assoc 72:557, 1977; Lin & Wei, J Am Stat Assoc 84:1074, 1989 (sandwich).

    Examples
    --------
    The small data set of Therneau & Grambsch, Modeling Survival Data, appendix E.1:

    >>> from marey.survival import cox_fit
    >>> fit = cox_fit([[1], [1], [1], [0], [0], [0]], [1, 1, 6, 6, 8, 9], [1, 0, 1, 1, 0, 1], ties="breslow")
    >>> fit.coef.round(6), fit.loglik.round(6)
    (array([1.475285]), array([-4.564348, -3.82475 ]))
    """
    require_in("ties", ties, ("efron", "breslow"))
    if max_iter < 0:
        raise ValueError(f"`max_iter` is {max_iter}; expected a number >= 0")
    rows = as_cox_rows(X, time, event, entry, strata, weights, offset, ties)
    clusters = None if cluster is None else as_codes("cluster", cluster, rows.n)[0]
    beta = np.zeros(rows.p)
    loglik, gradient, hessian, exposure, hazard = rows.run(beta)
    if not np.isfinite(loglik):
        raise ValueError(
            "`offset` spans more than exp can hold: a risk set is empty beside the largest; center or scale it"
        )
    _check_columns(rows, hessian)
    first_loglik = loglik
    score = float(gradient @ np.linalg.solve(hessian, gradient)) if rows.p else 0.0
    status, iterations = "max_iter", 0
    if rows.p == 0:
        status = "converged"
    while rows.p and iterations < max_iter:
        try:
            step = np.linalg.solve(hessian, gradient)
        except np.linalg.LinAlgError:
            status = "separation"
            break
        gain = float(gradient @ step)
        found = _step(rows, beta, step, loglik)
        if found is None:
            status = "converged" if gain < tol else "separation"
            break
        beta, (loglik, gradient, hessian, exposure, hazard) = found
        iterations += 1
        if gain < tol:
            status = "separation" if np.ptp(rows.Z @ step) > _LARGEST_LAST_STEP else "converged"
            break
    _warn(status, rows, beta, max_iter)
    naive = _inverse(hessian)
    robust = None
    if clusters is not None:
        score_rows = rows.residuals(beta)[0] * rows.weights[:, None]
        sums = np.zeros((clusters.max() + 1, rows.p))
        np.add.at(sums, clusters[rows.order], score_rows)
        influence = sums @ naive
        robust = influence.T @ influence / np.outer(rows.scale, rows.scale)
    return CoxFit(
        coef=beta / rows.scale,
        naive_var=naive / np.outer(rows.scale, rows.scale),
        robust_var=robust,
        loglik=np.array([first_loglik, loglik]),
        score=score,
        iterations=iterations,
        status=status,
        names=rows.names,
        ties=ties,
        rows=rows,
        exposure=exposure,
        hazard_steps=hazard,
    )


def _step(rows: CoxRows, beta: Floats, step: Floats, loglik: float) -> Any:
    """The point after the step, halved until the likelihood does not fall; None if it always does."""
    slack = 1e-12 * abs(loglik)  # the rounding of a sum over the events
    with np.errstate(over="ignore", invalid="ignore"):
        for halvings in range(30):
            candidate = beta + step / 2**halvings
            result = rows.run(candidate)
            if np.isfinite(result[0]) and np.isfinite(result[2]).all() and result[0] >= loglik - slack:
                return candidate, result
    return None


def _check_columns(rows: CoxRows, hessian: NDArray[np.float64]) -> None:
    """Refuses columns that tell nothing new within the risk sets, by the pivots of a Cholesky factor."""
    L = np.zeros_like(hessian)
    largest = np.diagonal(hessian).max(initial=0.0)
    for j in range(rows.p):
        pivot = hessian[j, j] - L[j, :j] @ L[j, :j]
        if not pivot > _SMALLEST_PIVOT * hessian[j, j] or not hessian[j, j] > 1e-14 * largest:
            raise ValueError(
                f"`X` column {rows.names[j]!r} is constant among those at risk, or a linear combination of the columns "
                "before it; leave it out"
            )
        L[j, j] = np.sqrt(pivot)
        L[j + 1 :, j] = (hessian[j + 1 :, j] - L[j + 1 :, :j] @ L[j, :j]) / L[j, j]


def _inverse(hessian: NDArray[np.float64]) -> Floats:
    """The inverse; infinite where separation has left no information."""
    try:
        inverse = np.asarray(np.linalg.inv(hessian), dtype=np.float64)
    except np.linalg.LinAlgError:
        return np.full_like(hessian, np.inf)
    return (inverse + inverse.T) / 2


def _warn(status: str, rows: CoxRows, beta: Floats, max_iter: int) -> None:
    if status == "separation":
        worst = rows.names[int(np.argmax(np.abs(beta)))]
        text = (
            f"the likelihood rises without end (separation): the coefficient of {worst!r}, perhaps others, is infinite"
        )
    elif status == "max_iter":
        text = f"no maximum after max_iter = {max_iter} steps"
    else:
        return
    warnings.warn(text, ConvergenceWarning, stacklevel=3)
