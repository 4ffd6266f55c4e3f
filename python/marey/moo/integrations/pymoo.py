"""pymoo's problems as they are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from marey.moo.space import Space
from marey.moo.variables import Bool, Categorical, Int, Real

__all__ = ["PymooProblem", "from_pymoo"]


class PymooProblem:
    """A problem of pymoo with the face of :class:`marey.moo.problems.Problem`; see :func:`from_pymoo`."""

    def __init__(self, problem: Any, *, eq_tolerance: float = 1e-4) -> None:
        self.problem = problem
        self.eq_tolerance = eq_tolerance
        self.n_obj = int(problem.n_obj)
        self.n_con = int(problem.n_ieq_constr + problem.n_eq_constr)
        self._space = Space(_mixed(problem.vars) if getattr(problem, "vars", None) else _uniform(problem))

    def space(self) -> Space:
        """The variables."""
        return self._space

    def __call__(self, X: Any) -> Any:
        out = self.problem.evaluate(self._points(np.asarray(X, float)), return_as_dictionary=True)
        F = np.asarray(out["F"], float).reshape(len(X), self.n_obj)
        if self.n_con == 0:
            return F
        unequal = np.abs(np.asarray(out.get("H", np.zeros((len(X), 0))), float)) - self.eq_tolerance
        return F, np.column_stack([np.asarray(out.get("G", unequal[:, :0]), float), unequal])

    def _points(self, X: NDArray[np.float64]) -> Any:
        if getattr(self.problem, "vars", None):
            return np.array(self._space.decode(X), dtype=object)
        kind = self.problem.vtype
        if kind is bool:
            return X > 0.5
        return X.astype(int) if kind is int else X

    def __repr__(self) -> str:
        return f"from_pymoo({self.problem.name()})"


def from_pymoo(problem: Any, *, eq_tolerance: float = 1e-4) -> PymooProblem:
    """A pymoo problem as an objective, with its space and its numbers of objectives and constraints.

    Parameters
    ----------
    problem : pymoo.core.problem.Problem
        Vectorised or elementwise; real, integer, binary or mixed variables.
    eq_tolerance : float
        An equality constraint is met where it is at most this far from zero.

    Returns
    -------
    PymooProblem

    Raises
    ------
    TypeError
        If a variable of a mixed problem is of no known type.

    Examples
    --------
    >>> from pymoo.problems import get_problem  # doctest: +SKIP
    >>> problem = from_pymoo(get_problem("bnh"))  # doctest: +SKIP
    >>> moo.NSGA2(problem.space(), n_obj=2, n_con=2, seed=1).minimize(problem, evals=5_000)  # doctest: +SKIP
    Result of NSGA2: 100 solutions, 2 objectives; 5000 evaluations, 0.12 s, stopped by evals
    """
    return PymooProblem(problem, eq_tolerance=eq_tolerance)


def _uniform(problem: Any) -> list[Any]:
    names = [f"x{i}" for i in range(problem.n_var)]
    if problem.vtype is bool:
        return [Bool(name) for name in names]
    kind = Int if problem.vtype is int else Real
    return [kind(n, a, b) for n, a, b in zip(names, problem.xl.tolist(), problem.xu.tolist(), strict=True)]


def _mixed(variables: dict[str, Any]) -> list[Any]:
    return [_variable(name, variable) for name, variable in variables.items()]


def _variable(name: str, variable: Any) -> Any:
    kind = type(variable).__name__
    if kind == "Real":
        return Real(name, *variable.bounds)
    if kind == "Integer":
        return Int(name, *variable.bounds)
    if kind == "Binary":
        return Bool(name)
    if kind == "Choice":
        return Categorical(name, list(variable.options))
    raise TypeError(f"variable {name!r} is a {kind}; expected Real, Integer, Binary or Choice")
