"""What the test problems share."""

from __future__ import annotations

from functools import cached_property
from importlib import import_module
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marey.moo._points import as_count, as_points
from marey.moo.pareto_rank import pareto_rank

__all__ = ["Problem"]

Array = NDArray[np.float64]


class Problem:
    """A test problem: calling it with X (N, n_var) gives F (N, n_obj), or (F, G) where there are constraints.

    Objectives are minimised; a point is feasible where all of G (N, n_con) is at most zero.

    Attributes
    ----------
    n_var, n_obj, n_con : int
        Numbers of variables, objectives and constraints.
    lower, upper : (n_var,) array
        Bounds of the variables.
    ref : (n_obj,) array
        Reference point for hypervolumes: 1.1 times the worst values on the true front.

    Examples
    --------
    >>> from marey.moo import hypervolume, problems
    >>> problem = problems.ZDT1()
    >>> problem
    ZDT1(n_var=30, n_obj=2)
    >>> round(float(hypervolume(problem.front(1000), problem.ref)), 3)
    0.876
    """

    n_con = 0

    def __init__(self, n_var: int, n_obj: int, *, lower: Any = 0.0, upper: Any = 1.0) -> None:
        self.n_var, self.n_obj = as_count("n_var", n_var, least=2), as_count("n_obj", n_obj, least=2)
        if self.n_var < self.n_obj:
            raise ValueError(f"`n_var` is {n_var}; expected at least the {n_obj} objectives")
        self.lower: Array = np.broadcast_to(np.asarray(lower, float), self.n_var).copy()
        self.upper: Array = np.broadcast_to(np.asarray(upper, float), self.n_var).copy()

    def __call__(self, X: Any) -> Any:
        points = as_points("X", X, d=self.n_var)
        F = self.objectives(points)
        return (F, self.constraints(points, F)) if self.n_con else F

    def objectives(self, X: Array) -> Array:
        """(N, n_obj) objective values."""
        raise NotImplementedError(f"{type(self).__name__} defines no `objectives`")

    def constraints(self, X: Array, F: Array) -> Array:
        """(N, n_con) constraint values, at most zero where satisfied."""
        return np.zeros((len(X), 0))

    def front(self, n: int = 1000) -> Array:
        """About `n` points of the true front, spread over it."""
        raise NotImplementedError(f"{type(self).__name__} has no closed form of its front")

    @cached_property
    def ref(self) -> Array:
        worst: Array = 1.1 * self.front(2000).max(0)
        return worst

    def space(self) -> Any:
        """The variables as a `marey.moo.Space`."""
        moo: Any = import_module("marey.moo")
        variables = zip(self.lower.tolist(), self.upper.tolist(), strict=True)
        return moo.Space([moo.Real(f"x{i + 1}", low, high) for i, (low, high) in enumerate(variables)])

    def __repr__(self) -> str:
        constraints = f", n_con={self.n_con}" if self.n_con else ""
        return f"{type(self).__name__}(n_var={self.n_var}, n_obj={self.n_obj}{constraints})"


def simplex(n: int, d: int) -> Array:
    """The points of the finest regular lattice on the unit simplex that has at most `n`."""
    parts = 1
    while comb(parts + d, d - 1) <= n:
        parts += 1
    rows = np.zeros((1, 0), dtype=np.int64)
    for _ in range(d - 1):
        left = parts - rows.sum(1)
        here = np.concatenate([np.arange(k + 1) for k in left])
        rows = np.column_stack([np.repeat(rows, left + 1, axis=0), here])
    return np.column_stack([rows, parts - rows.sum(1)]) / parts


def sphere(n: int, d: int) -> Array:
    """The lattice of the simplex, pulled onto the unit sphere."""
    points = simplex(n, d)
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def grid(n: int, d: int) -> Array:
    """At least `n` points of a regular grid over the unit cube."""
    side = int(np.ceil(n ** (1 / d)))
    axes = np.meshgrid(*[np.linspace(0, 1, side)] * d, indexing="ij")
    return np.stack(axes, axis=-1).reshape(-1, d)


def best(F: Array, n: int) -> Array:
    """The non-dominated points, thinned evenly to `n` at most."""
    front = np.unique(F[pareto_rank(F, k=1) == 0], axis=0)
    if len(front) <= n:
        return front
    return front[np.linspace(0, len(front) - 1, n).round().astype(int)]
