"""The rows of a Cox regression as the native passes want them: sorted, centred, scaled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marey._runtime import native
from marey.survival._rows import Floats, as_codes, as_column, as_rows

__all__ = ["CoxRows", "as_cox_rows", "as_matrix", "standardized"]


@dataclass(frozen=True)
class CoxRows:
    """Stratum by stratum in rising time; ``order[i]`` is the caller's row of sorted row i."""

    order: NDArray[np.int64]
    offsets: NDArray[np.int64]
    strata: NDArray[Any]
    Z: Floats
    mean: Floats
    scale: Floats
    time: Floats
    event: NDArray[np.bool_]
    weights: Floats
    offset: Floats
    entry: Floats | None
    entering: NDArray[np.int64] | None
    efron: bool
    names: tuple[str, ...]

    @property
    def n(self) -> int:
        return len(self.time)

    @property
    def p(self) -> int:
        return int(self.Z.shape[1])

    def eta(self, beta: Floats) -> Floats:
        return self.Z @ beta + self.offset

    def run(self, beta: Floats) -> Any:
        """Log likelihood, gradient, hessian of its negative, exposure and hazard steps of each row."""
        return native.core().survival_cox_pass(*self._arguments(beta))

    def residuals(self, beta: Floats) -> tuple[Floats, Floats]:
        """Score residuals of each row and Schoenfeld residuals of each event, for the scaled columns."""
        score, schoenfeld = native.core().survival_cox_residuals(*self._arguments(beta))
        return score, schoenfeld

    def _arguments(self, beta: Floats) -> tuple[Any, ...]:
        columns = (self.time, self.event, self.weights, self.eta(beta), self.entry, self.entering)
        return (self.offsets, self.Z, *columns, self.efron)

    def unsorted(self, values: Floats) -> Floats:
        out = np.empty_like(values)
        out[self.order] = values
        return out


def as_matrix(X: Any, names: tuple[str, ...] | None = None) -> tuple[NDArray[Any], tuple[str, ...]]:
    """(n, p) finite numbers and the names of the columns."""
    found = tuple(map(str, X.columns)) if hasattr(X, "columns") else None
    array = np.asarray(X)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"`X` has dtype {array.dtype}; expected numbers")
    if array.ndim != 2 or (names is not None and array.shape[1] != len(names)):
        raise ValueError(f"`X` has shape {array.shape}; expected (n, {'p' if names is None else len(names)})")
    if not np.isfinite(array.sum()):
        finite = np.isfinite(array)
        if not finite.all():
            row, column = np.argwhere(~finite)[0]
            raise ValueError(f"`X` of row {row}, column {column} is {array[row, column]}; expected a number")
    return array, found or tuple(f"x{j}" for j in range(array.shape[1]))


def standardized(matrix: NDArray[Any], order: NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
    """Rows in another order, every column centred and scaled; the means and the scales."""
    mean = matrix.mean(axis=0, dtype=np.float64)
    Z = np.take(np.asarray(matrix, dtype=np.float64), order, axis=0)
    Z -= mean
    scale = np.sqrt(np.einsum("ij,ij->j", Z, Z) / max(len(Z), 1))
    scale[~(scale > 1e-13 * np.abs(mean))] = 1.0  # constant columns are found and refused later
    Z /= scale
    return Z, mean, scale


def as_cox_rows(
    X: Any, time: Any, event: Any, entry: Any, strata: Any, weights: Any, offset: Any, ties: str
) -> CoxRows:
    matrix, names = as_matrix(X)
    rows = as_rows(time, event, entry, weights)
    n = len(rows)
    if len(matrix) != n:
        raise ValueError(f"`X` has shape {matrix.shape}; expected (n, p) with n = {n}, that of `time`")
    if not rows.event.any():
        raise ValueError("`event` marks no event; there is nothing to fit")
    if rows.weights is not None and not (rows.weights > 0).all():
        row = int(np.argmin(rows.weights > 0))
        raise ValueError(f"`weights` of row {row} is {rows.weights[row]}; expected a weight > 0")
    codes, labels = (None, np.array([None])) if strata is None else as_codes("strata", strata, n)
    core = native.core()
    order, offsets = core.survival_sort_rows(rows.time, codes, len(labels))
    Z, mean, scale = standardized(matrix, order)
    entering = sorted_entry = None
    if rows.entry is not None:
        sorted_entry = rows.entry[order]
        entering = core.survival_sort_rows(sorted_entry, None if codes is None else codes[order], len(labels))[0]
    return CoxRows(
        order=order,
        offsets=offsets,
        strata=labels,
        Z=Z,
        mean=mean,
        scale=scale,
        time=rows.time[order],
        event=rows.event[order],
        weights=np.ones(n) if rows.weights is None else rows.weights[order],
        offset=np.zeros(n) if offset is None else as_column("offset", offset, n)[order],
        entry=sorted_entry,
        entering=entering,
        efron=ties == "efron",
        names=names,
    )
