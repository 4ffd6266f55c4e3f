"""DTLZ: any number of objectives (Deb, Thiele, Laumanns, Zitzler, Scalable test problems, 2005)."""

from __future__ import annotations

import numpy as np

from marey.moo.problems.problem import Array, Problem, best, grid, simplex, sphere

__all__ = ["DTLZ1", "DTLZ2", "DTLZ3", "DTLZ4", "DTLZ5", "DTLZ6", "DTLZ7"]


def spherical(x: Array) -> Array:
    """(N, M) points of the unit sphere at the angles x pi/2, of which there are M - 1."""
    cosines, sines = np.cos(x * (np.pi / 2)), np.sin(x * (np.pi / 2))
    ones = np.ones((len(x), 1))
    # Objective m is the product of the first M - m cosines, times the sine of the angle after them.
    return np.column_stack([ones, np.cumprod(cosines, 1)])[:, ::-1] * np.column_stack([ones, sines[:, ::-1]])


def rastrigin(rest: Array) -> Array:
    z = rest - 0.5
    return 100 * (rest.shape[1] + (z**2 - np.cos(20 * np.pi * z)).sum(1))


def sphere_distance(rest: Array) -> Array:
    return ((rest - 0.5) ** 2).sum(1)


class _DTLZ(Problem):
    """Position variables x1..x(M-1) and k distance variables, which are in g alone."""

    k = 10

    def __init__(self, n_var: int | None = None, n_obj: int = 3) -> None:
        super().__init__(n_obj - 1 + self.k if n_var is None else n_var, n_obj)

    def g(self, rest: Array) -> Array:
        return sphere_distance(rest)

    def shape(self, x: Array, g: Array) -> Array:
        """(N, M) objectives where g is zero, or their angles follow g."""
        return spherical(x)

    def objectives(self, X: Array) -> Array:
        x, g = X[:, : self.n_obj - 1], self.g(X[:, self.n_obj - 1 :])
        return (1 + g)[:, None] * self.shape(x, g)

    def front(self, n: int = 1000) -> Array:
        return sphere(n, self.n_obj)


class DTLZ1(_DTLZ):
    """A linear front behind 11^k - 1 local ones."""

    k = 5

    def g(self, rest: Array) -> Array:
        return rastrigin(rest)

    def shape(self, x: Array, g: Array) -> Array:
        ones = np.ones((len(x), 1))
        products = np.column_stack([ones, np.cumprod(x, 1)])[:, ::-1]
        return 0.5 * products * np.column_stack([ones, 1 - x[:, ::-1]])

    def front(self, n: int = 1000) -> Array:
        return 0.5 * simplex(n, self.n_obj)


class DTLZ2(_DTLZ):
    """A spherical front."""


class DTLZ3(_DTLZ):
    """A spherical front behind 3^k - 1 local ones."""

    def g(self, rest: Array) -> Array:
        return rastrigin(rest)


class DTLZ4(_DTLZ):
    """A spherical front that most of the space misses."""

    def shape(self, x: Array, g: Array) -> Array:
        return spherical(x**100)


class DTLZ5(_DTLZ):
    """A curve for a front."""

    def shape(self, x: Array, g: Array) -> Array:
        bent = (1 + 2 * g[:, None] * x) / (2 * (1 + g[:, None]))
        bent[:, 0] = x[:, 0]
        return spherical(bent)

    def front(self, n: int = 1000) -> Array:
        if self.n_obj > 3:
            raise ValueError(f"`n_obj` is {self.n_obj}; above 3 the front is no curve, and has no closed form")
        x = np.full((n, self.n_obj - 1), 0.5)
        x[:, 0] = np.linspace(0, 1, n)
        return spherical(x)


class DTLZ6(DTLZ5):
    """DTLZ5's front, behind a distance that falls steeply only near it."""

    def g(self, rest: Array) -> Array:
        return (rest**0.1).sum(1)


class DTLZ7(_DTLZ):
    """A front of 2^(M-1) pieces."""

    k = 20

    def objectives(self, X: Array) -> Array:
        f, g = X[:, : self.n_obj - 1], 1 + 9 * X[:, self.n_obj - 1 :].mean(1)
        return self._with_last(f, g)

    def _with_last(self, f: Array, g: Array) -> Array:
        h = self.n_obj - (f / (1 + g)[:, None] * (1 + np.sin(3 * np.pi * f))).sum(1)
        return np.column_stack([f, (1 + g) * h])

    def front(self, n: int = 1000) -> Array:
        f = grid(20 * n, self.n_obj - 1)
        return best(self._with_last(f, np.ones(len(f))), n)
