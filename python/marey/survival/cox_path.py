"""cox_path, cox_path_cv: Cox regressions that leave columns out."""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from marey._runtime import native
from marey._runtime.threads import get_num_threads
from marey.survival._cox_rows import as_matrix, standardized
from marey.survival._newton import ConvergenceWarning
from marey.survival._rows import Floats, as_rows, require_in

__all__ = ["CoxPath", "CoxPathCV", "cox_path", "cox_path_cv"]


@dataclass(frozen=True, repr=False)
class CoxPath:
    """Coefficients along falling penalties.

    Attributes
    ----------
    lambdas : (L,)
        Penalties, falling.
    coef : (L, p)
        Log hazard ratios for the columns as they were given.
    loglik : (L,)
        Log partial likelihood, Breslow's ties, without the penalty.
    null_loglik : float
        With all coefficients 0.
    converged : (L,) bool
        Whether the sweeps sufficed.
    """

    lambdas: Floats
    coef: Floats
    loglik: Floats
    null_loglik: float
    converged: NDArray[np.bool_]
    l1_ratio: float
    names: tuple[str, ...]
    mean: Floats

    @property
    def n_nonzero(self) -> NDArray[np.int64]:
        """(L,) columns with a coefficient."""
        counts: NDArray[np.int64] = np.sum(self.coef != 0, axis=1, dtype=np.int64)
        return counts

    def coef_at(self, penalty: float) -> Floats:
        """(p,) the coefficients at a penalty between two of the path, by linear interpolation."""
        rising = self.lambdas[::-1]
        if not rising[0] <= penalty <= rising[-1]:
            raise ValueError(f"`penalty` is {penalty}; expected one from {rising[0]:.4g} to {rising[-1]:.4g}")
        return np.array([np.interp(penalty, rising, column[::-1]) for column in self.coef.T])

    def predict(self, X: Any, penalty: float, kind: Literal["lp", "risk"] = "lp") -> Floats:
        """(m,) log hazard relative to a row at the mean of the covariates, or its exponential."""
        require_in("kind", kind, ("lp", "risk"))
        matrix, _ = as_matrix(X, self.names)
        lp: Floats = (matrix - self.mean) @ self.coef_at(penalty)
        return np.exp(lp) if kind == "risk" else lp

    def to_frame(self) -> Any:
        """A pandas data frame of the coefficients, one row a penalty."""
        import pandas

        return pandas.DataFrame(self.coef, index=pandas.Index(self.lambdas, name="lambda"), columns=list(self.names))

    def plot(self, ax: Any = None) -> Any:
        """Draws the coefficients over the penalty, names those that end largest, and gives the axes back."""
        if ax is None:
            from matplotlib import pyplot

            ax = pyplot.gca()
        lines = ax.plot(self.lambdas, self.coef, linewidth=1)
        for j in np.argsort(-np.abs(self.coef[-1]))[:8]:
            lines[j].set_label(self.names[j])
        ax.axhline(0.0, linewidth=0.8, color="gray")
        ax.set_xscale("log")
        ax.invert_xaxis()
        ax.set_xlabel("penalty")
        ax.set_ylabel("coefficient")
        return ax

    def __repr__(self) -> str:
        return (
            f"CoxPath({len(self.lambdas)} penalties from {self.lambdas[0]:.4g} to {self.lambdas[-1]:.4g}, "
            f"{self.n_nonzero[0]} to {self.n_nonzero[-1]} of {len(self.names)} columns)"
        )


@dataclass(frozen=True, repr=False)
class CoxPathCV:
    """A path and how well each of its penalties predicts rows left out.

    Attributes
    ----------
    path : CoxPath
        Of all rows.
    deviance, std_error : (L,)
        Mean partial-likelihood deviance of an event left out, and its standard error over the folds.
    fold : (n,)
        The fold of each row.
    best, best_1se : float
        The penalty of the least deviance, and the largest within one standard error of it.
    """

    path: CoxPath
    deviance: Floats
    std_error: Floats
    fold: NDArray[np.int64]
    best: float
    best_1se: float

    def plot(self, ax: Any = None) -> Any:
        """Draws deviances with their errors over the penalty, marks both choices, and gives the axes back."""
        if ax is None:
            from matplotlib import pyplot

            ax = pyplot.gca()
        ax.errorbar(self.path.lambdas, self.deviance, self.std_error, fmt="o", markersize=3, linewidth=0.8)
        for penalty, style in ((self.best, "--"), (self.best_1se, ":")):
            ax.axvline(penalty, linestyle=style, linewidth=0.8, color="gray")
        ax.set_xscale("log")
        ax.invert_xaxis()
        ax.set_xlabel("penalty")
        ax.set_ylabel("deviance of an event left out")
        return ax

    def __repr__(self) -> str:
        at = [int(np.argmax(self.path.lambdas == penalty)) for penalty in (self.best, self.best_1se)]
        told = ", ".join(
            f"{name} {self.path.lambdas[k]:.4g} ({self.path.n_nonzero[k]} columns)"
            for name, k in zip(("best", "best_1se"), at, strict=True)
        )
        return f"CoxPathCV({self.fold.max() + 1} folds, {told})"


def cox_path(
    X: Any,
    time: Any,
    event: Any,
    *,
    l1_ratio: float = 1.0,
    lambdas: Any = None,
    n_lambdas: int = 100,
    lambda_ratio: float | None = None,
    factors: Any = None,
    standardize: bool = True,
    tol: float = 1e-9,
    max_sweeps: int = 100_000,
) -> CoxPath:
    r"""Fits Cox regressions under an elastic-net penalty, from one that leaves every column out to a small one.

    Parameters
    ----------
    X : (n, p)
        Covariates; there may be more columns than rows. A data frame gives its column names.
    time : (n,)
        Time of the event or of censoring.
    event : (n,) bool, or 0 and 1
        Whether the event was seen.
    l1_ratio : float
        1 is the lasso, 0 a ridge, what lies between an elastic net.
    lambdas : (L,), optional
        Falling penalties; else ``n_lambdas`` from the least that leaves every column out down to ``lambda_ratio`` of it
        (1e-4, or 1e-2 where there are more columns than rows).
    factors : (p,), optional
        By which the penalty of each column is multiplied; 0 never leaves it out.
    standardize : bool
        Whether columns are penalised as if of variance 1; ``coef`` is for the columns as given.
    tol : float
        Ends when no coefficient's step gains more than this share of the null deviance.
    max_sweeps : int
        Over the columns, for each penalty.

    Returns
    -------
    CoxPath
        ``lambdas``, ``coef``, ``loglik``, ``n_nonzero``, ``coef_at(penalty)``, ``predict(X, penalty)``, ``plot()``.

    Raises
    ------
    ValueError, TypeError
        If an argument does not fit or there is no event.

    Warns
    -----
    ConvergenceWarning
        If ``max_sweeps`` did not suffice; ``converged`` tells where.

    Notes
    -----
    Minimises :math:`-\ell(\beta) / n + \lambda \sum_j v_j (\alpha |\beta_j| + (1 - \alpha) \beta_j^2 / 2)` with
    :math:`\alpha` = ``l1_ratio`` and Breslow's likelihood: coordinate descent on its quadratic, on the columns that the
    strong rule leaves, until no column breaks the conditions of a minimum. Sources: Simon et al., J Stat Softw 39(5),
    2011; Tibshirani et al., J R Stat Soc B 74:245, 2012.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.survival import cox_path
    >>> X = np.random.default_rng(0).normal(size=(200, 5))
    >>> time = np.random.default_rng(1).exponential(np.exp(-X[:, 0]))
    >>> path = cox_path(X, time, np.ones(200), n_lambdas=20, lambda_ratio=0.1)
    >>> path.n_nonzero[:4], path.coef[10].round(2)
    (array([0, 1, 1, 1]), array([0.7, 0. , 0. , 0. , 0. ]))
    """
    rows = _prepare(X, time, event, factors, standardize)
    if not 0 <= l1_ratio <= 1:
        raise ValueError(f"`l1_ratio` is {l1_ratio}; expected a number from 0 to 1")
    for name, value in (("tol", tol), ("max_sweeps", max_sweeps)):
        if not value > 0:
            raise ValueError(f"`{name}` is {value}; expected a number > 0")
    penalties = _penalties(rows, l1_ratio, lambdas, n_lambdas, lambda_ratio)
    return _fit(rows, penalties, l1_ratio, tol, max_sweeps)


def cox_path_cv(
    X: Any,
    time: Any,
    event: Any,
    *,
    folds: int = 10,
    fold: Any = None,
    seed: int = 0,
    l1_ratio: float = 1.0,
    lambdas: Any = None,
    n_lambdas: int = 100,
    lambda_ratio: float | None = None,
    factors: Any = None,
    standardize: bool = True,
    tol: float = 1e-9,
    max_sweeps: int = 100_000,
) -> CoxPathCV:
    r"""Chooses the penalty of :func:`cox_path` by cross-validation.

    Parameters
    ----------
    X, time, event, l1_ratio, lambdas, n_lambdas, lambda_ratio, factors, standardize, tol, max_sweeps
        As in :func:`marey.survival.cox_path`.
    folds : int
        Into how many the rows are dealt, events and censorings evenly.
    fold : (n,), optional
        The fold of each row, 0 to ``folds - 1``, where they are not to be drawn.
    seed : int
        Of the draw.

    Returns
    -------
    CoxPathCV
        ``path``, ``deviance``, ``std_error``, ``best``, ``best_1se``, ``plot()``.

    Raises
    ------
    ValueError, TypeError
        If an argument does not fit, or a fold has no event.

    Notes
    -----
    The deviance of fold k is that of all rows at :math:`\hat\beta_{-k}` less that of the rows kept, over the events
    left out: risk sets within a small fold would tell little. Folds run on threads. Source: Verweij & van Houwelingen,
    Stat Med 12:2305, 1993.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.survival import cox_path_cv
    >>> X = np.random.default_rng(0).normal(size=(200, 5))
    >>> time = np.random.default_rng(1).exponential(np.exp(-X[:, 0]))
    >>> cv = cox_path_cv(X, time, np.ones(200), folds=5, n_lambdas=20, lambda_ratio=0.02)
    >>> cv.path.coef_at(cv.best_1se).round(1)
    array([0.6, 0. , 0. , 0. , 0. ])
    """
    options: dict[str, Any] = {"l1_ratio": l1_ratio, "tol": tol, "max_sweeps": max_sweeps}
    path = cox_path(
        X,
        time,
        event,
        lambdas=lambdas,
        n_lambdas=n_lambdas,
        lambda_ratio=lambda_ratio,
        factors=factors,
        standardize=standardize,
        **options,
    )
    matrix, _ = as_matrix(X)
    rows = as_rows(time, event)
    dealt = _deal(rows.event, folds, fold, seed)
    likelihood = native.core().cox_partial_likelihood

    def left_out(k: int) -> Floats:
        kept = dealt != k
        own = _prepare(matrix[kept], rows.time[kept], rows.event[kept], factors, standardize)
        found = _fit(own, path.lambdas, **options)
        eta = np.ascontiguousarray((matrix @ found.coef.T).T)
        everyone = np.array([likelihood(each, rows.time, rows.event, None, False)[0] for each in eta])
        kept_saturated = _saturated(own.time, own.event)
        return 2 * ((_saturated(rows.time, rows.event) - everyone) - (kept_saturated - found.loglik))

    with ThreadPoolExecutor(max(1, min(get_num_threads(), int(dealt.max()) + 1))) as pool:
        deviances = np.stack(list(pool.map(left_out, range(int(dealt.max()) + 1))))
    share = np.bincount(dealt, rows.event)
    each = deviances / share[:, None]
    mean = share @ each / share.sum()
    error = np.sqrt(share @ (each - mean) ** 2 / share.sum() / (len(share) - 1))
    best = int(np.argmin(mean))
    first = int(np.argmax(mean <= mean[best] + error[best]))
    return CoxPathCV(path, mean, error, dealt, float(path.lambdas[best]), float(path.lambdas[first]))


@dataclass(frozen=True)
class _Rows:
    Z: Floats  # (p, n)
    mean: Floats
    scale: Floats
    time: Floats
    event: NDArray[np.bool_]
    factors: Floats
    names: tuple[str, ...]


def _prepare(X: Any, time: Any, event: Any, factors: Any, standardize: bool) -> _Rows:
    matrix, names = as_matrix(X)
    rows = as_rows(time, event)
    n, p = matrix.shape
    if n != len(rows):
        raise ValueError(f"`X` has shape {matrix.shape}; expected (n, p) with n = {len(rows)}, that of `time`")
    if not rows.event.any():
        raise ValueError("`event` marks no event; there is nothing to fit")
    v = np.ones(p) if factors is None else np.ascontiguousarray(factors, dtype=np.float64)
    if v.shape != (p,) or not (np.isfinite(v) & (v >= 0)).all():
        raise ValueError(f"`factors` is {factors}; expected {p} numbers >= 0")
    order, _ = native.core().survival_sort_rows(rows.time, None, 1)
    Z, mean, scale = standardized(matrix, order)
    if not standardize:
        Z, scale = Z * scale, np.ones(p)
    return _Rows(np.ascontiguousarray(Z.T), mean, scale, rows.time[order], rows.event[order], v, names)


def _penalties(rows: _Rows, l1_ratio: float, lambdas: Any, n_lambdas: int, lambda_ratio: float | None) -> Floats:
    if lambdas is not None:
        found = np.ascontiguousarray(lambdas, dtype=np.float64)
        if found.ndim != 1 or not len(found) or not (found >= 0).all() or not (np.diff(found) < 0).all():
            raise ValueError(f"`lambdas` is {found}; expected falling numbers >= 0")
        return found
    p, n = rows.Z.shape
    ratio = (1e-4 if n > p else 1e-2) if lambda_ratio is None else lambda_ratio
    if n_lambdas < 1 or not 0 < ratio < 1:
        raise ValueError(
            f"`n_lambdas` is {n_lambdas} and `lambda_ratio` {ratio}; expected a count and a number between 0 and 1"
        )
    slope = native.core().survival_cox_path_start(rows.Z, rows.time, rows.event)
    some = rows.factors > 0
    # A ridge leaves no column out at any penalty: it begins where an elastic net of 1 in 1000 would.
    largest = float(np.max(slope[some] / rows.factors[some], initial=0.0)) / max(l1_ratio, 1e-3)
    if not largest > 0:
        raise ValueError("`X` has no column that is penalised and tells anything; there is no path")
    return largest * np.geomspace(1.0, ratio, n_lambdas)


def _fit(rows: _Rows, penalties: Floats, l1_ratio: float, tol: float, max_sweeps: int) -> CoxPath:
    coef, loglik, converged = native.core().survival_cox_path(
        rows.Z, rows.time, rows.event, penalties, rows.factors, float(l1_ratio), float(tol), int(max_sweeps)
    )
    if not converged.all():
        first = penalties[np.argmin(converged)]
        warnings.warn(
            f"max_sweeps = {max_sweeps} did not suffice at penalty {first:.4g}", ConvergenceWarning, stacklevel=3
        )
    nothing = native.core().cox_partial_likelihood(np.zeros(len(rows.time)), rows.time, rows.event, None, False)[0]
    return CoxPath(penalties, coef / rows.scale, loglik, float(nothing), converged, l1_ratio, rows.names, rows.mean)


def _saturated(time: Floats, event: NDArray[np.bool_]) -> float:
    """Breslow's log likelihood of a model with a coefficient for every row: -sum of d log d over the event times."""
    d = np.unique(time[event], return_counts=True)[1]
    return -float(d @ np.log(d))


def _deal(event: NDArray[np.bool_], folds: int, fold: Any, seed: int) -> NDArray[np.int64]:
    n = len(event)
    if fold is None:
        if not 2 <= folds <= event.sum():
            raise ValueError(f"`folds` is {folds}; expected a number from 2 to {event.sum()}, that of the events")
        dealt = np.empty(n, np.int64)
        shuffled = np.random.default_rng(seed).permutation(n)
        dealt[np.concatenate([shuffled[event[shuffled]], shuffled[~event[shuffled]]])] = np.arange(n) % folds
        return dealt
    dealt = np.asarray(fold)
    if dealt.shape != (n,) or dealt.dtype.kind not in "iu" or dealt.min() < 0 or dealt.max() < 1:
        raise ValueError(f"`fold` has shape {dealt.shape}, dtype {dealt.dtype}; expected (n,) = ({n},) of 0, 1, ...")
    dealt = dealt.astype(np.int64)
    if not (np.bincount(dealt, event) > 0).all():
        raise ValueError(f"`fold` leaves fold {int(np.argmin(np.bincount(dealt, event) > 0))} without an event")
    return dealt
