"""Newton's method on a partial likelihood, and what is told when there is no maximum."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from marey.survival._rows import Floats

__all__ = ["ConvergenceWarning", "Maximum", "Regression", "inverse", "maximise"]

_SMALLEST_PIVOT = 1e-9  # of its diagonal element; what rounding leaves of a dependent column is near 1e-15
_LARGEST_LAST_STEP = 1e-3  # in log hazard; a step that gains nothing and is larger runs off to infinity


class ConvergenceWarning(UserWarning):
    """The coefficients are not the maximum of the likelihood; the fit's ``status`` says why."""


class Regression(Protocol):
    """Centred and scaled columns, and a pass: log likelihood, gradient, Hessian of its negative, and more."""

    @property
    def Z(self) -> Floats: ...
    @property
    def names(self) -> tuple[str, ...]: ...
    def run(self, beta: Floats) -> Any: ...


class Maximum(NamedTuple):
    beta: Floats
    result: Any  # of ``run`` at beta
    information: Floats  # the Hessian of what was minimised, the penalty included
    first_loglik: float
    score: float
    status: str
    iterations: int


def maximise(rows: Regression, max_iter: int, tol: float, ridge: Floats | float = 0.0, *, warn: bool = True) -> Maximum:
    """Log likelihood less ``ridge @ beta**2 / 2``, from 0 on; a step after which it has fallen is halved.

    Ends when the next step promises to gain less than ``tol`` in twice the aim.
    """
    if max_iter < 0:
        raise ValueError(f"`max_iter` is {max_iter}; expected a number >= 0")
    p = rows.Z.shape[1]
    ridge = np.broadcast_to(ridge, p)

    def aim(beta: Floats) -> tuple[Any, float, Floats, Floats]:
        result = rows.run(beta)
        value = float(result[0] - ridge @ beta**2 / 2)
        return result, value, result[1] - ridge * beta, result[2] + np.diag(ridge)

    beta = np.zeros(p)
    result, value, gradient, hessian = aim(beta)
    if not np.isfinite(value):
        raise ValueError(
            "`offset` spans more than exp can hold: a risk set is empty beside the largest; center or scale it"
        )
    _check_columns(rows, hessian)
    first_loglik = result[0]
    score = float(gradient @ np.linalg.solve(hessian, gradient)) if p else 0.0
    status, iterations = "max_iter" if p else "converged", 0
    while p and iterations < max_iter:
        try:
            step = np.linalg.solve(hessian, gradient)
        except np.linalg.LinAlgError:
            status = "separation"
            break
        gain = float(gradient @ step)
        slack = 1e-12 * abs(value)  # the rounding of a sum over the events
        with np.errstate(over="ignore", invalid="ignore"):
            for halvings in range(30):
                candidate = beta + step / 2**halvings
                found = aim(candidate)
                if np.isfinite(found[1]) and np.isfinite(found[3]).all() and found[1] >= value - slack:
                    break
            else:
                status = "converged" if gain < tol else "separation"
                break
        beta, (result, value, gradient, hessian) = candidate, found
        iterations += 1
        if gain < tol:
            status = "separation" if np.ptp(rows.Z @ step) > _LARGEST_LAST_STEP else "converged"
            break
    if warn:
        _warn(status, rows, beta, max_iter)
    return Maximum(beta, result, hessian, first_loglik, score, status, iterations)


def _check_columns(rows: Regression, hessian: NDArray[np.float64]) -> None:
    """Refuses columns that tell nothing new within the risk sets, by the pivots of a Cholesky factor."""
    L = np.zeros_like(hessian)
    largest = np.diagonal(hessian).max(initial=0.0)
    for j in range(len(hessian)):
        pivot = hessian[j, j] - L[j, :j] @ L[j, :j]
        if not pivot > _SMALLEST_PIVOT * hessian[j, j] or not hessian[j, j] > 1e-14 * largest:
            raise ValueError(
                f"`X` column {rows.names[j]!r} is constant among those at risk, or a linear combination of the columns "
                "before it; leave it out"
            )
        L[j, j] = np.sqrt(pivot)
        L[j + 1 :, j] = (hessian[j + 1 :, j] - L[j + 1 :, :j] @ L[j, :j]) / L[j, j]


def inverse(hessian: NDArray[np.float64]) -> Floats:
    """The inverse; infinite where separation has left no information."""
    try:
        found = np.asarray(np.linalg.inv(hessian), dtype=np.float64)
    except np.linalg.LinAlgError:
        return np.full_like(hessian, np.inf)
    return (found + found.T) / 2


def _warn(status: str, rows: Regression, beta: Floats, max_iter: int) -> None:
    if status == "separation":
        worst = rows.names[int(np.argmax(np.abs(beta)))]
        text = (
            f"the likelihood rises without end (separation): the coefficient of {worst!r}, perhaps others, is infinite"
        )
    elif status == "max_iter":
        text = f"no maximum after max_iter = {max_iter} steps"
    else:
        return
    warnings.warn(text, ConvergenceWarning, stacklevel=4)
