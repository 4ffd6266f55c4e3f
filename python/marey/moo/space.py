"""The search space: variables of several types as one flat row of numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marey._runtime import native
from marey.moo._points import as_count, as_floats
from marey.moo.variables import Bool, Categorical, Int, Permutation, Real, Variable

__all__ = ["Space"]


class Space:
    """The variables of a problem, laid side by side: a point is one row of float64.

    Parameters
    ----------
    variables : sequence of Real, Int, Categorical, Bool, Permutation
        With different names. A variable may be active only with some values of variables before it (`active_if`).

    Attributes
    ----------
    names : list of str
        The variables' names.
    columns : dict of str to slice
        Where each variable lies in a row.
    width : int
        Numbers in a row: one a variable, for a permutation one an item.

    Raises
    ------
    ValueError
        If a name occurs twice, or a condition names a variable or a value that is not there.

    Notes
    -----
    In a row a real or an integer is itself (not its logarithm), a choice is its index, a bool is 0 or 1, a permutation
    is the indices of its items in their order, and a variable that is not active is NaN. Points in `minimize`, `ask`,
    `tell` and results have this form.

    Examples
    --------
    >>> from marey import moo
    >>> space = moo.Space([
    ...     moo.Real("lr", 1e-5, 1e-1, log=True),
    ...     moo.Categorical("opt", ["adam", "sgd"]),
    ...     moo.Real("momentum", 0.0, 1.0, active_if={"opt": "sgd"}),
    ... ])
    >>> space.decode([0.001, 0, float("nan")])
    {'lr': 0.001, 'opt': 'adam'}
    >>> space.encode({"lr": 0.01, "opt": "sgd", "momentum": 0.9})
    array([0.01, 1.  , 0.9 ])
    >>> space.sample(4, seed=1).shape
    (4, 3)
    """

    def __init__(self, variables: Iterable[Variable]) -> None:
        self.variables: tuple[Variable, ...] = tuple(variables)
        for variable in self.variables:
            if not isinstance(variable, Variable):
                raise TypeError(f"`variables` holds {variable!r}; expected Real, Int, Categorical, Bool or Permutation")
        self.names = [variable.name for variable in self.variables]
        twice = {name for name in self.names if self.names.count(name) > 1}
        if twice:
            raise ValueError(f"`variables` has several of the name {min(twice)!r}; expected different names")
        self.columns: dict[str, slice] = {}
        self.width = 0
        for variable in self.variables:
            self.columns[variable.name] = slice(self.width, self.width + variable.width)
            self.width += variable.width
        self._native = native.rust().Space([self._spec(i) for i in range(len(self.variables))])

    def _spec(self, i: int) -> tuple[str, float, float, bool, list[tuple[int, list[float]]]]:
        variable = self.variables[i]
        conditions = []
        for name, values in variable.conditions.items():
            if name not in self.names[:i]:
                raise ValueError(f"`active_if` of '{variable.name}' names '{name}'; expected a variable before it")
            parent = self.variables[self.names.index(name)]
            if isinstance(parent, (Real, Permutation)):
                raise ValueError(
                    f"`active_if` of '{variable.name}' names '{name}', a {type(parent).__name__}; "
                    "expected an Int, a Categorical or a Bool"
                )
            several = isinstance(values, (list, set, frozenset, range)) or (
                isinstance(values, tuple) and not (isinstance(parent, Categorical) and values in parent.choices)
            )
            conditions.append(
                (self.names.index(name), [parent.encode(v)[0] for v in (values if several else [values])])
            )
        if isinstance(variable, Real):
            return ("real", variable.low, variable.high, variable.log, conditions)
        if isinstance(variable, Int):
            return ("int", variable.low, variable.high, variable.log, conditions)
        if isinstance(variable, Categorical):
            return ("choice", 0.0, len(variable.choices) - 1.0, False, conditions)
        if isinstance(variable, Bool):
            return ("choice", 0.0, 1.0, False, conditions)
        return ("permutation", 0.0, variable.width - 1.0, False, conditions)

    def sample(self, n: int, *, seed: int = 0, method: str = "random") -> NDArray[np.float64]:
        """`n` rows: independent (``"random"``), or a Latin hypercube (``"lhs"``)."""
        return self._rows(self._native.sample(as_count("n", n), as_seed(seed), as_sampling("method", method)))

    def encode(self, point: Any) -> NDArray[np.float64]:
        """The row of a point given as a dict, or the (n, width) rows of a sequence of such.

        Raises
        ------
        ValueError
            If a variable that is active is missing, a name is unknown or a value is not in its range.
        """
        if not isinstance(point, dict):
            return np.array([self.encode(p) for p in point]).reshape(-1, self.width)
        unknown = set(point) - set(self.names)
        if unknown:
            raise ValueError(f"the point has {min(unknown)!r}; expected names of {self.names}")
        row = np.full(self.width, np.nan)
        for variable in self.variables:
            if variable.name in point:
                row[self.columns[variable.name]] = variable.encode(point[variable.name])
            elif not variable.conditions:
                raise ValueError(f"the point has no {variable.name!r}")
        self.check(row)
        inactive = np.isnan(self.repair(row))
        missing = [
            v.name
            for v in self.variables
            if np.isnan(row[self.columns[v.name]][0]) and not inactive[self.columns[v.name]][0]
        ]
        if missing:
            raise ValueError(f"the point has no {missing[0]!r}, which is active in it")
        row[inactive] = np.nan
        return row

    def decode(self, x: Any) -> Any:
        """The dict of a row, or the list of dicts of (n, width) rows; variables that are not active are left out."""
        rows = self._as_rows("x", x)
        points = []
        for row in rows:
            active = {name: row[columns] for name, columns in self.columns.items() if not np.isnan(row[columns]).any()}
            points.append({v.name: v.decode(active[v.name]) for v in self.variables if v.name in active})
        return points[0] if np.ndim(x) == 1 else points

    def to_columns(self, X: Any) -> dict[str, NDArray[Any]]:
        """The decoded values of (n, width) rows, one array a variable; what is not active is None, or NaN in a Real."""
        rows = self._as_rows("X", X)
        columns = {}
        for variable in self.variables:
            values = rows[:, self.columns[variable.name]]
            absent = [bool(np.isnan(v).any()) for v in values]
            if isinstance(variable, Real):
                columns[variable.name] = values[:, 0].copy()
                continue
            decoded = np.empty(len(rows), object)
            decoded[:] = [None if gone else variable.decode(v) for gone, v in zip(absent, values, strict=True)]
            plain = {Int: np.int64, Bool: np.bool_}.get(type(variable))
            columns[variable.name] = decoded.astype(plain) if plain is not None and not any(absent) else decoded
        return columns

    def repair(self, x: Any) -> NDArray[np.float64]:
        """The nearest rows of the space: clipped, rounded, permutations by the order of their numbers, NaN where a
        variable is not active."""
        repaired = self._rows(self._native.repair(self._as_rows("x", x).ravel()))
        return repaired[0] if np.ndim(x) == 1 else repaired

    def check(self, x: Any) -> None:
        """A ValueError unless every row lies in the space."""
        self._native.check(self._as_rows("x", x).ravel())

    def _rows(self, flat: NDArray[np.float64]) -> NDArray[np.float64]:
        return flat.reshape(-1, self.width)

    def _as_rows(self, name: str, x: Any) -> NDArray[np.float64]:
        rows = np.atleast_2d(as_floats(name, x))
        if rows.ndim != 2 or rows.shape[1] != self.width:
            raise ValueError(f"`{name}` has shape {np.shape(x)}; expected (n, {self.width})")
        return rows

    def __len__(self) -> int:
        return len(self.variables)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Space) and self._described() == other._described()

    def __hash__(self) -> int:
        return hash(tuple(self.names))

    def _described(self) -> list[tuple[str, Any]]:
        return [(repr(v), self._spec(i)[4]) for i, v in enumerate(self.variables)]

    def __repr__(self) -> str:
        lines = [f"{v!r} if {dict(v.conditions)}" if v.conditions else repr(v) for v in self.variables]
        return "Space([" + "".join(f"\n    {line}," for line in lines) + "\n])"


def as_space(space: Any) -> Space:
    """A space as it is; a sequence of variables, or of (low, high) for real numbers x0, x1, ... made one."""
    if isinstance(space, Space):
        return space
    if isinstance(space, Sequence) and all(isinstance(v, Variable) for v in space):
        return Space(space)
    bounds = as_floats("space", space)
    if bounds.ndim != 2 or bounds.shape[1] != 2:
        raise ValueError(f"`space` has shape {bounds.shape}; expected a Space, variables, or (n, 2) bounds")
    return Space([Real(f"x{i}", low, high) for i, (low, high) in enumerate(bounds.tolist())])


def as_seed(seed: Any) -> int:
    """A seed from 0 to 2^64 - 1."""
    number = as_count("seed", seed, least=0)
    if number >= 2**64:
        raise ValueError(f"`seed` is {number}; expected less than 2^64")
    return number


def as_sampling(name: str, method: Any) -> bool:
    """True for a Latin hypercube."""
    if method not in ("random", "lhs"):
        raise ValueError(f"`{name}` is {method!r}; expected 'random' or 'lhs'")
    return bool(method == "lhs")
