"""MW: constrained problems, most of two objectives (Ma, Wang, IEEE Trans. Evol. Comput. 23(6), 2019)."""

from __future__ import annotations

from typing import Any

import numpy as np

from marey.moo.problems.problem import Array, Problem, best, grid, simplex, sphere

__all__ = [f"MW{i}" for i in range(1, 15)]


def smooth(X: Array, M: int) -> Array:
    """The distance g1."""
    n = X.shape[1]
    at = 0.5 + np.arange(M - 1, n) / (2 * n)
    return 1 + (1 - np.exp(-10 * (X[:, M - 1 :] ** (n - M) - at) ** 2)).sum(1)


def multimodal(X: Array, M: int) -> Array:
    """The distance g2."""
    n = X.shape[1]
    z = 1 - np.exp(-10 * (X[:, M - 1 :] - np.arange(M - 1, n) / n) ** 2)
    return 1 + (1.5 + 0.1 / n * z**2 - 1.5 * np.cos(2 * np.pi * z)).sum(1)


def linked(X: Array, M: int) -> Array:
    """The distance g3."""
    return 1 + (2 * (X[:, M - 1 :] + (X[:, M - 2 : -1] - 0.5) ** 2 - 1) ** 2).sum(1)


def wave(A: float, B: float, D: float, t: Array) -> Array:
    return A * np.sin(B * np.pi * t) ** D


class _Plane(Problem):
    """Two objectives (g u, g h(u)) of a position u and a distance g >= 1."""

    distance = staticmethod(smooth)
    top = 1.0

    def __init__(self, n_var: int = 15) -> None:
        super().__init__(n_var, 2, upper=self.top)

    def h(self, u: Array) -> Array:
        """The front's shape."""
        raise NotImplementedError(f"{type(self).__name__} defines no `h`")

    def bounds(self, f1: Array, f2: Array) -> list[Array]:
        """The constraints."""
        raise NotImplementedError(f"{type(self).__name__} defines no `bounds`")

    def place(self, x: Array, g: Array) -> Array:
        """u of the first variable."""
        return x

    def objectives(self, X: Array) -> Array:
        g = self.distance(X, 2)
        return self._at(X[:, 0], g)

    def _at(self, x: Array, g: Array) -> Array:
        u = self.place(x, g)
        return np.stack([g * u, g * self.h(u)], axis=-1)

    def constraints(self, X: Array, F: Array) -> Array:
        return np.stack(self.bounds(F[..., 0], F[..., 1]), axis=-1)

    def front(self, n: int = 1000) -> Array:
        # For each position the least distance that is feasible: a scan, then halving.
        x = np.linspace(0, self.top, n)
        steps = np.linspace(1, 3, 501)
        open_ = self._feasible(x[:, None], steps)
        first = open_.argmax(1)
        kept = open_[np.arange(len(x)), first]
        x, high, low = x[kept], steps[first[kept]], steps[np.maximum(first[kept] - 1, 0)]
        for _ in range(50):
            middle = (low + high) / 2
            inside = self._feasible(x, middle)
            low, high = np.where(inside, low, middle), np.where(inside, middle, high)
        return best(self._at(x, high), n)

    def _feasible(self, x: Array, g: Array) -> Any:
        F = self._at(x, g)
        return (self.constraints(F, F) <= 0).all(-1)


class _Upright(_Plane):
    """f1 is the first variable itself, and the distance is in f2 alone."""

    def place(self, x: Array, g: Array) -> Array:
        return x / g


class MW1(_Upright):
    n_con = 1

    def h(self, u: Array) -> Array:
        return 1 - 0.85 * u

    def bounds(self, f1: Array, f2: Array) -> list[Array]:
        return [f1 + f2 - 1 - wave(0.5, 2, 8, np.sqrt(2) * (f2 - f1))]


class MW2(_Upright):
    n_con = 1
    distance = staticmethod(multimodal)

    def h(self, u: Array) -> Array:
        return 1 - u

    def bounds(self, f1: Array, f2: Array) -> list[Array]:
        return [f1 + f2 - 1 - wave(0.5, 3, 8, np.sqrt(2) * (f2 - f1))]


class MW3(_Upright):
    n_con = 2
    distance = staticmethod(linked)

    def h(self, u: Array) -> Array:
        return 1 - u

    def bounds(self, f1: Array, f2: Array) -> list[Array]:
        along = np.sqrt(2) * (f2 - f1)
        return [f1 + f2 - 1.05 - wave(0.45, 0.75, 6, along), 0.85 - f1 - f2 + wave(0.3, 0.75, 2, along)]


class MW4(Problem):
    """Any number of objectives."""

    n_con = 1

    def __init__(self, n_var: int | None = None, n_obj: int = 3) -> None:
        super().__init__(n_obj + 12 if n_var is None else n_var, n_obj)

    def objectives(self, X: Array) -> Array:
        x, ones = X[:, : self.n_obj - 1], np.ones((len(X), 1))
        products = np.column_stack([ones, np.cumprod(1 - x, 1)])[:, ::-1]
        return smooth(X, self.n_obj)[:, None] * products * np.column_stack([ones, x[:, ::-1]])

    def constraints(self, X: Array, F: Array) -> Array:
        along = F[:, -1] - F[:, :-1].sum(1)
        return (F.sum(1) - 1 - wave(0.4, 2.5, 8, along))[:, None]

    def front(self, n: int = 1000) -> Array:
        return simplex(n, self.n_obj)


def _angle(f1: Array, f2: Array) -> Array:
    return np.arctan2(f2, f1)


class MW5(_Plane):
    n_con = 3

    def h(self, u: Array) -> Array:
        return np.sqrt(1 - u**2)

    def bounds(self, f1: Array, f2: Array) -> list[Array]:
        angle, square = _angle(f1, f2), f1**2 + f2**2
        t = 0.5 * np.pi - 2 * np.abs(angle - 0.25 * np.pi)
        rings = (1 + 0.5 * np.sin(6 * t**3)) ** 2, (1 - 0.45 * np.sin(6 * t**3)) ** 2
        return [square - (1.7 - 0.2 * np.sin(2 * angle)) ** 2, rings[0] - square, rings[1] - square]


class MW6(_Plane):
    n_con = 1
    top = 1.1
    distance = staticmethod(multimodal)

    def h(self, u: Array) -> Array:
        return np.sqrt(np.maximum(1.21 - u**2, 0))

    def bounds(self, f1: Array, f2: Array) -> list[Array]:
        petals = np.cos(6 * _angle(f1, f2) ** 4) ** 10
        return [(f1 / (1 + 0.15 * petals)) ** 2 + (f2 / (1 + 0.75 * petals)) ** 2 - 1]


class MW7(_Plane):
    n_con = 2
    distance = staticmethod(linked)

    def h(self, u: Array) -> Array:
        return np.sqrt(1 - u**2)

    def bounds(self, f1: Array, f2: Array) -> list[Array]:
        angle, square = _angle(f1, f2), f1**2 + f2**2
        return [
            square - (1.2 + 0.4 * np.sin(4 * angle) ** 16) ** 2,
            (1.15 - 0.2 * np.sin(4 * angle) ** 8) ** 2 - square,
        ]


class MW8(Problem):
    """Any number of objectives."""

    n_con = 1

    def __init__(self, n_var: int | None = None, n_obj: int = 3) -> None:
        super().__init__(n_obj + 12 if n_var is None else n_var, n_obj)

    def objectives(self, X: Array) -> Array:
        angles, ones = X[:, : self.n_obj - 1] * np.pi / 2, np.ones((len(X), 1))
        products = np.column_stack([ones, np.cumprod(np.cos(angles), 1)])[:, ::-1]
        return multimodal(X, self.n_obj)[:, None] * products * np.column_stack([ones, np.sin(angles)[:, ::-1]])

    def constraints(self, X: Array, F: Array) -> Array:
        square = (F**2).sum(1)
        height = np.arcsin(np.minimum(F[:, -1] / np.sqrt(square), 1))
        return (square - (1.25 - 0.5 * np.sin(6 * height) ** 2) ** 2)[:, None]

    def front(self, n: int = 1000) -> Array:
        F = sphere(2 * n, self.n_obj)
        return F[self.constraints(F, F)[:, 0] <= 0]


class MW9(_Plane):
    n_con = 1

    def h(self, u: Array) -> Array:
        return 1 - u**0.6

    def bounds(self, f1: Array, f2: Array) -> list[Array]:
        first = (1 - 0.64 * f1**2 - f2) * (1 - 0.36 * f1**2 - f2)
        second = (1.35**2 - (f1 + 0.35) ** 2 - f2) * (1.15**2 - (f1 + 0.15) ** 2 - f2)
        return [np.minimum(first, second)]


class MW10(_Plane):
    n_con = 3
    distance = staticmethod(multimodal)

    def place(self, x: Array, g: Array) -> Array:
        return x**self.n_var

    def h(self, u: Array) -> Array:
        return 1 - u**2

    def bounds(self, f1: Array, f2: Array) -> list[Array]:
        s = f1**2
        return [
            -(2 - 4 * s - f2) * (2 - 8 * s - f2),
            (2 - 2 * s - f2) * (2 - 16 * s - f2),
            (1 - s - f2) * (1.2 - 1.2 * s - f2),
        ]


class MW11(_Plane):
    n_con = 4
    top = float(np.sqrt(2))
    distance = staticmethod(linked)

    def h(self, u: Array) -> Array:
        return np.sqrt(np.maximum(2 - u**2, 0))

    def bounds(self, f1: Array, f2: Array) -> list[Array]:
        s = f1**2
        return [
            -(3 - s - f2) * (3 - 2 * s - f2),
            (3 - 0.625 * s - f2) * (3 - 7 * s - f2),
            -(1.62 - 0.18 * s - f2) * (1.125 - 0.125 * s - f2),
            (2.07 - 0.23 * s - f2) * (0.63 - 0.07 * s - f2),
        ]


class MW12(_Plane):
    n_con = 2

    def h(self, u: Array) -> Array:
        return 0.85 - 0.8 * u - 0.08 * np.abs(np.sin(3.2 * np.pi * u))

    def bounds(self, f1: Array, f2: Array) -> list[Array]:
        def edge(height: float, slope: float, t: Array) -> Array:
            return height - slope * f1 - f2 + 0.08 * np.sin(2 * np.pi * t)

        return [
            -edge(1, 0.625, f2 - f1 / 1.6) * edge(1.4, 0.875, f2 / 1.4 - f1 / 1.6),
            edge(1, 0.8, f2 - f1 / 1.5) * edge(1.8, 1.125, f2 / 1.8 - f1 / 1.6),
        ]


class MW13(_Plane):
    n_con = 2
    top = 1.5
    distance = staticmethod(multimodal)

    def h(self, u: Array) -> Array:
        return 5 - np.exp(u) - np.abs(0.5 * np.sin(3 * np.pi * u))

    def bounds(self, f1: Array, f2: Array) -> list[Array]:
        rest = 5 - 0.5 * np.sin(3 * np.pi * f1) - f2
        return [
            -(rest - (1 + f1 + 0.5 * f1**2)) * (rest - (1 + 0.7 * f1)),
            (rest - np.exp(f1)) * (rest - (1 + 0.4 * f1)),
        ]


class MW14(Problem):
    """Any number of objectives."""

    n_con = 1

    def __init__(self, n_var: int | None = None, n_obj: int = 3) -> None:
        super().__init__(n_obj + 12 if n_var is None else n_var, n_obj, upper=1.5)

    def objectives(self, X: Array) -> Array:
        f = X[:, : self.n_obj - 1]
        last = (6 - np.exp(f) - 1.5 * np.sin(1.1 * np.pi * f**2)).mean(1)
        return np.column_stack([f, linked(X, self.n_obj) * last])

    def constraints(self, X: Array, F: Array) -> Array:
        f = F[:, :-1]
        return (F[:, -1] - (6.1 - 1 - f - 0.5 * f**2 - 1.5 * np.sin(1.1 * np.pi * f**2)).mean(1))[:, None]

    def front(self, n: int = 1000) -> Array:
        f = 1.5 * grid(20 * n, self.n_obj - 1)
        last = (6 - np.exp(f) - 1.5 * np.sin(1.1 * np.pi * f**2)).mean(1)
        return best(np.column_stack([f, last]), n)
