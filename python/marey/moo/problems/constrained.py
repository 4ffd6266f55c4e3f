"""DTLZ with constraints (Jain, Deb, IEEE Trans. Evol. Comput. 18(4), 2014, section IV)."""

from __future__ import annotations

import numpy as np

from marey.moo.problems.dtlz import DTLZ1, DTLZ2, DTLZ3, DTLZ4
from marey.moo.problems.problem import Array, simplex, sphere

__all__ = ["C1DTLZ1", "C1DTLZ3", "C2DTLZ2", "C3DTLZ1", "C3DTLZ4"]


class C1DTLZ1(DTLZ1):
    """The front is DTLZ1's; the constraint leaves a thin wedge above it."""

    n_con = 1

    def constraints(self, X: Array, F: Array) -> Array:
        return F[:, -1:] / 0.6 + F[:, :-1].sum(1, keepdims=True) / 0.5 - 1


class C1DTLZ3(DTLZ3):
    """The front is DTLZ3's, behind an infeasible shell between the radii 4 and `r`."""

    n_con = 1

    def __init__(self, n_var: int | None = None, n_obj: int = 3) -> None:
        super().__init__(n_var, n_obj)
        self.r = 9.0 if n_obj < 5 else 12.5 if n_obj <= 12 else 15.0

    def constraints(self, X: Array, F: Array) -> Array:
        square = (F**2).sum(1, keepdims=True)
        return -(square - 16) * (square - self.r**2)


class C2DTLZ2(DTLZ2):
    """Only what lies within `r` of a corner or of the middle of DTLZ2's front is feasible."""

    n_con = 1

    def __init__(self, n_var: int | None = None, n_obj: int = 3) -> None:
        super().__init__(n_var, n_obj)
        self.r = 0.2 if n_obj == 2 else 0.4 if n_obj == 3 else 0.5

    def constraints(self, X: Array, F: Array) -> Array:
        square = (F**2).sum(1, keepdims=True)
        corner = (square + 1 - 2 * F).min(1)  # (f_i - 1)^2 and the squares of the others
        middle = ((F - 1 / np.sqrt(self.n_obj)) ** 2).sum(1)
        return (np.minimum(corner, middle) - self.r**2)[:, None]

    def front(self, n: int = 1000) -> Array:
        F = sphere(3 * n, self.n_obj)
        return F[self.constraints(F, F)[:, 0] <= 0]


class C3DTLZ1(DTLZ1):
    """The front is made by the constraints: M planes."""

    def __init__(self, n_var: int | None = None, n_obj: int = 3) -> None:
        super().__init__(n_var, n_obj)
        self.n_con = self.n_obj

    def constraints(self, X: Array, F: Array) -> Array:
        return 1 - F - F.sum(1, keepdims=True)

    def front(self, n: int = 1000) -> Array:
        direction = simplex(n, self.n_obj)
        return direction / (1 + direction.min(1, keepdims=True))


class C3DTLZ4(DTLZ4):
    """The front is made by the constraints: M ellipsoids."""

    def __init__(self, n_var: int | None = None, n_obj: int = 3) -> None:
        super().__init__(n_var, n_obj)
        self.n_con = self.n_obj

    def constraints(self, X: Array, F: Array) -> Array:
        return 1 + 0.75 * F**2 - (F**2).sum(1, keepdims=True)

    def front(self, n: int = 1000) -> Array:
        direction = sphere(n, self.n_obj)
        return direction / np.sqrt(1 - 0.75 * (direction**2).max(1, keepdims=True))
