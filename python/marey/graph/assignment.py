"""Pairs of rows and columns at least cost."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from marey._runtime import native

__all__ = ["assignment"]

Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]


def assignment(cost: Any, *, maximize: bool = False) -> Pairs:
    """Pairs of rows and columns, each used at most once, of least total cost.

    Parameters
    ----------
    cost : (n, m) or (B, n, m) array_like, or (n, m) SciPy sparse matrix
        Cost of each pair; inf forbids it, and so does being left out of a sparse matrix, whose stored zeros count. The
        shorter side is matched completely. Matrices of a batch are solved in parallel.
    maximize : bool
        Look for the largest total instead; -inf forbids a pair then.

    Returns
    -------
    rows, columns : (min(n, m),) or (B, min(n, m)) int64
        The pairs, rows ascending; -1 throughout for a matrix of a batch without a complete assignment.

    Raises
    ------
    ValueError
        If a cost is NaN (or infinite the wrong way).
    marey.errors.InfeasibleError
        If the forbidden pairs leave no complete assignment. Its ``certificate`` holds rows (of the shorter side) that
        share one allowed column fewer than they are.

    Notes
    -----
    Augmenting row reduction (Jonker and Volgenant, Computing 38, 1987), then shortest augmenting paths (Crouse, IEEE
    Trans. Aerospace and Electronic Systems 52(4), 2016); O(min(n, m)^2 max(n, m)) at worst, float64. Sparse matrices
    take paths over their stored entries alone.

    Examples
    --------
    >>> from marey.graph import assignment
    >>> assignment([[4.0, 1.0, 3.0], [2.0, 0.0, 5.0]])
    (array([0, 1]), array([1, 0]))
    """
    if hasattr(cost, "tocsr"):
        return _sparse(cost, maximize)
    matrix = np.asarray(cost)
    if matrix.ndim not in (2, 3):
        raise ValueError(f"`cost` has shape {matrix.shape}; expected (n, m) or (B, n, m)")
    if matrix.dtype.kind not in "biuf":
        raise TypeError(f"`cost` has dtype {matrix.dtype}; expected real numbers")
    matrix = matrix.astype(np.float64, copy=False)
    _check(matrix, maximize)
    turned = matrix.shape[-2] > matrix.shape[-1]
    # Copied only where it must be: to change the sign, or to have the shorter side as rows.
    work = -matrix if maximize else matrix
    work = np.ascontiguousarray(work.swapaxes(-1, -2) if turned else work)
    n, m = work.shape[-2:]
    count = 1 if work.ndim == 2 else len(work)
    if count == 0 or n == 0:
        empty = np.zeros((*work.shape[:-2], n), dtype=np.int64)
        return empty, empty.copy()
    columns: NDArray[np.int64] = native.rust().graph_assignment(work.reshape(-1), count, n, m)
    return _pairs(columns.reshape(*work.shape[:-2], n), turned)


def _check(matrix: NDArray[np.float64], maximize: bool) -> None:
    wrong = -np.inf if not maximize else np.inf
    # In one pass: NaN is an extreme too.
    extreme = matrix.max(initial=-np.inf) if maximize else matrix.min(initial=np.inf)
    if extreme < wrong if maximize else extreme > wrong:
        return
    bad = np.argwhere(np.isnan(matrix) | (matrix == wrong))
    if len(bad):
        *item, row, column = bad[0]
        where = f"row {row}, column {column}" + (f" of matrix {item[0]}" if item else "")
        raise ValueError(f"`cost` is {matrix[tuple(bad[0])]} in {where}; expected numbers; {-wrong} forbids a pair")


def _pairs(columns: NDArray[np.int64], turned: bool) -> Pairs:
    rows = np.where(columns < 0, -1, np.broadcast_to(np.arange(columns.shape[-1]), columns.shape))
    if not turned:
        # An array of its own: SciPy indexes a sparse matrix by no other.
        return rows, columns.copy()
    order = np.argsort(columns, axis=-1)
    return np.take_along_axis(columns, order, -1), np.take_along_axis(rows, order, -1)


def _sparse(cost: Any, maximize: bool) -> Pairs:
    if cost.ndim != 2:
        raise ValueError(f"`cost` has shape {cost.shape}; expected (n, m)")
    turned = cost.shape[0] > cost.shape[1]
    matrix = (cost.T if turned else cost).tocsr()
    data = np.asarray(matrix.data, dtype=np.float64)
    columns: NDArray[np.int64] = native.rust().graph_sparse_assignment(
        np.ascontiguousarray(matrix.indptr, dtype=np.int64),
        np.ascontiguousarray(matrix.indices, dtype=np.int32),
        np.ascontiguousarray(-data if maximize else data),
        matrix.shape[1],
    )
    return _pairs(columns, turned)
