"""cox_fit: Cox's proportional hazards regression."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from marey.survival._cox_rows import CoxRows, as_cox_rows
from marey.survival._newton import inverse, maximise
from marey.survival._rows import Floats, as_codes, require_in
from marey.survival.cox_result import CoxFit

__all__ = ["cox_fit"]


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
    ridge: Any = 0.0,
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
    ridge : float or (p,)
        Penalty: ``ridge @ coef**2 / 2`` is taken from the log likelihood, and ``loglik`` is told without it. For
        penalties that leave columns out see :func:`marey.survival.cox_path`.
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
    rows = as_cox_rows(X, time, event, entry, strata, weights, offset, ties)
    clusters = None if cluster is None else as_codes("cluster", cluster, rows.n)[0]
    found = maximise(rows, max_iter, tol, _penalty(ridge, rows) / rows.scale**2)
    beta, (loglik, _, _, exposure, hazard) = found.beta, found.result
    naive = inverse(found.information)
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
        loglik=np.array([found.first_loglik, loglik]),
        score=found.score,
        iterations=found.iterations,
        status=found.status,
        names=rows.names,
        ties=ties,
        rows=rows,
        exposure=exposure,
        hazard_steps=hazard,
    )


def _penalty(ridge: Any, rows: CoxRows) -> Floats:
    penalty = np.asarray(ridge, dtype=np.float64)
    if penalty.shape not in ((), (rows.p,)) or not (np.isfinite(penalty) & (penalty >= 0)).all():
        raise ValueError(f"`ridge` is {ridge}; expected a number >= 0, or one for each of the {rows.p} columns")
    return np.broadcast_to(penalty, rows.p)
