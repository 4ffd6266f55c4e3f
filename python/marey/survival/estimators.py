"""Cox regressions as scikit-learn's estimators; imported on first use, since it imports scikit-learn."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from marey.survival._cox_rows import as_matrix
from marey.survival._rows import Floats, require_in
from marey.survival.concordance import concordance
from marey.survival.cox_fit import cox_fit
from marey.survival.cox_path import cox_path_cv
from marey.survival.cox_result import Baseline

__all__ = ["CoxNet", "CoxPH"]


class _Hazards(BaseEstimator):
    """What both estimators share: ``coef_``, ``mean_`` of the covariates, and the hazard ``baseline_`` there."""

    def predict(self, X: Any) -> Floats:
        """(m,) log hazard relative to the mean of the covariates: a higher value means an earlier event."""
        check_is_fitted(self)
        names = getattr(self, "feature_names_in_", None)
        if names is not None and hasattr(X, "columns") and list(X.columns) != list(names):
            raise ValueError(f"`X` has columns {list(X.columns)}; expected {list(names)}, those of the fit")
        matrix, _ = as_matrix(X, self.names_)
        lp: Floats = (matrix - self.mean_) @ self.coef_
        return lp

    def predict_survival_function(self, X: Any, times: Any = None) -> Floats:
        """(m, T) probability of living longer than each of ``times``; ``unique_times_`` if left out."""
        survival: Floats = np.exp(-self.predict_cumulative_hazard_function(X, times))
        return survival

    def predict_cumulative_hazard_function(self, X: Any, times: Any = None) -> Floats:
        """(m, T) cumulative hazard up to each of ``times``; ``unique_times_`` if left out."""
        risk = np.exp(self.predict(X))
        wanted = self.unique_times_ if times is None else np.asarray(times, dtype=np.float64)
        steps = np.concatenate([[0.0], self.baseline_.hazard])
        hazard: Floats = risk[:, None] * steps[np.searchsorted(self.unique_times_, wanted, side="right")]
        return hazard

    def score(self, X: Any, y: Any) -> float:
        """Harrell's concordance of the predictions."""
        time, event = as_target(y)
        return float(concordance(time, event, self.predict(X)).estimate)

    def _learned(self, X: Any, coef: Floats, mean: Floats, names: tuple[str, ...], baseline: Baseline) -> None:
        self.coef_, self.mean_, self.names_, self.baseline_ = coef, mean, names, baseline
        self.unique_times_ = baseline.time
        self.n_features_in_ = len(coef)
        if hasattr(X, "columns"):
            self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        elif hasattr(self, "feature_names_in_"):  # of an earlier fit
            del self.feature_names_in_


class CoxPH(_Hazards):
    """Cox's proportional hazards regression, :func:`marey.survival.cox_fit` as an estimator.

    Parameters
    ----------
    alpha : float
        Ridge penalty ``alpha * sum(coef**2) / 2``.
    ties : str
        ``"efron"`` or ``"breslow"``.
    max_iter, tol
        Of Newton's method.

    Attributes
    ----------
    coef_ : (p,)
        Log hazard ratios.
    fit_ : CoxFit
        Everything else: standard errors, residuals, tests.
    unique_times_ : (T,)
        Distinct times of the rows fitted.

    Examples
    --------
    The target is a structured array of event and time, as scikit-survival has it, or an array of time and event:

    >>> import numpy as np
    >>> from marey.survival import CoxPH
    >>> X = np.array([[1.0], [0], [1], [0], [0], [1]])
    >>> y = np.array([[1.0, 1], [4, 1], [6, 1], [6, 0], [8, 1], [9, 0]])
    >>> model = CoxPH().fit(X, y)
    >>> model.predict_survival_function(X[:2], [5.0]).round(2)
    array([[0.68],
           [0.7 ]])
    """

    def __init__(
        self, *, alpha: float = 0.0, ties: Literal["efron", "breslow"] = "efron", max_iter: int = 40, tol: float = 1e-10
    ) -> None:
        self.alpha = alpha
        self.ties = ties
        self.max_iter = max_iter
        self.tol = tol

    def fit(self, X: Any, y: Any) -> CoxPH:
        """Fits to (n, p) covariates and a target of n rows."""
        time, event = as_target(y)
        fit = cox_fit(X, time, event, ridge=self.alpha, ties=self.ties, max_iter=self.max_iter, tol=self.tol)
        self.fit_ = fit
        self._learned(X, fit.coef, fit.rows.mean, fit.names, fit.baseline(centered=True))
        return self


class CoxNet(_Hazards):
    """A Cox regression whose elastic-net penalty is chosen by cross-validation, which leaves columns out.

    Parameters
    ----------
    l1_ratio : float
        1 is the lasso, 0 a ridge.
    rule : str
        ``"1se"``, the largest penalty within a standard error of the least deviance, or ``"min"``.
    folds, n_lambdas, lambda_ratio, seed
        As in :func:`marey.survival.cox_path_cv`.

    Attributes
    ----------
    coef_ : (p,)
        Log hazard ratios under the penalty; 0 of columns left out.
    penalty_ : float
        The chosen one.
    cv_ : CoxPathCV
        The path and its deviances.
    unique_times_ : (T,)
        Distinct times of the rows fitted.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.survival import CoxNet
    >>> X = np.random.default_rng(0).normal(size=(200, 5))
    >>> y = np.c_[np.random.default_rng(1).exponential(np.exp(-X[:, 0])), np.ones(200)]
    >>> CoxNet(folds=5, n_lambdas=20).fit(X, y).coef_.round(1)
    array([0.8, 0. , 0. , 0. , 0. ])
    """

    def __init__(
        self,
        *,
        l1_ratio: float = 1.0,
        rule: Literal["1se", "min"] = "1se",
        folds: int = 10,
        n_lambdas: int = 100,
        lambda_ratio: float | None = None,
        seed: int = 0,
    ) -> None:
        self.l1_ratio = l1_ratio
        self.rule = rule
        self.folds = folds
        self.n_lambdas = n_lambdas
        self.lambda_ratio = lambda_ratio
        self.seed = seed

    def fit(self, X: Any, y: Any) -> CoxNet:
        """Fits to (n, p) covariates and a target of n rows."""
        require_in("rule", self.rule, ("1se", "min"))
        time, event = as_target(y)
        self.cv_ = cox_path_cv(
            X,
            time,
            event,
            folds=self.folds,
            seed=self.seed,
            l1_ratio=self.l1_ratio,
            n_lambdas=self.n_lambdas,
            lambda_ratio=self.lambda_ratio,
        )
        self.penalty_ = self.cv_.best if self.rule == "min" else self.cv_.best_1se
        path = self.cv_.path
        coef = path.coef[path.lambdas == self.penalty_][0]
        # With the penalised risk as offset no column is left to fit: what comes out is the baseline.
        offset = (as_matrix(X)[0] - path.mean) @ coef
        without = cox_fit(np.empty((len(offset), 0)), time, event, offset=offset, ties="breslow")
        self._learned(X, coef, path.mean, path.names, without.baseline())
        return self


def as_target(y: Any) -> tuple[Any, Any]:
    """Time and event of a structured array (one field of bool), or of two columns, time and event."""
    array = np.asarray(y)
    if array.dtype.names is not None:
        fields = array.dtype.names
        flags = [name for name in fields if array.dtype[name].kind == "b"]
        if len(fields) != 2 or len(flags) != 1:
            raise ValueError(f"`y` has fields {fields}; expected two, of which one is bool: whether the event was seen")
        (other,) = (name for name in fields if name != flags[0])
        return array[other], array[flags[0]]
    if array.ndim != 2 or array.shape[1] != 2:
        raise ValueError(
            f"`y` has shape {array.shape}; expected a structured array of event and time, or (n, 2) of time and event"
        )
    return array[:, 0], array[:, 1]
