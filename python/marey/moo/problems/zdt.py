"""ZDT: two objectives over real variables (Zitzler, Deb, Thiele, Evol. Comput. 8(2), 2000)."""

from __future__ import annotations

import numpy as np

from marey.moo.problems.problem import Array, Problem, best

__all__ = ["ZDT1", "ZDT2", "ZDT3", "ZDT4", "ZDT6"]


class _ZDT(Problem):
    """f1(x1) and f2 = g h(f1, g), where g is 1 on the front."""

    def __init__(self, n_var: int = 30, *, lower: float = 0.0, upper: float = 1.0) -> None:
        super().__init__(n_var, 2, lower=lower, upper=upper)
        self.lower[0], self.upper[0] = 0.0, 1.0

    def f1(self, x: Array) -> Array:
        return x

    def g(self, rest: Array) -> Array:
        return 1 + 9 * rest.mean(1)

    def h(self, f1: Array, g: Array) -> Array:
        raise NotImplementedError(f"{type(self).__name__} defines no `h`")

    def objectives(self, X: Array) -> Array:
        f1, g = self.f1(X[:, 0]), self.g(X[:, 1:])
        return np.column_stack([f1, g * self.h(f1, g)])

    def front(self, n: int = 1000) -> Array:
        f1 = np.linspace(self.f1(np.linspace(0, 1, 100_001)).min(), 1, n)
        return np.column_stack([f1, self.h(f1, np.ones(n))])


class ZDT1(_ZDT):
    """A convex front."""

    def h(self, f1: Array, g: Array) -> Array:
        return 1 - np.sqrt(f1 / g)


class ZDT2(_ZDT):
    """A concave front."""

    def h(self, f1: Array, g: Array) -> Array:
        return 1 - (f1 / g) ** 2


class ZDT3(_ZDT):
    """A front of five pieces."""

    def h(self, f1: Array, g: Array) -> Array:
        return 1 - np.sqrt(f1 / g) - f1 / g * np.sin(10 * np.pi * f1)

    def front(self, n: int = 1000) -> Array:
        return best(super().front(20 * n), n)


class ZDT4(ZDT1):
    """ZDT1's front behind 21^9 local ones."""

    def __init__(self, n_var: int = 10) -> None:
        super().__init__(n_var, lower=-5.0, upper=5.0)

    def g(self, rest: Array) -> Array:
        return 1 + 10 * rest.shape[1] + (rest**2 - 10 * np.cos(4 * np.pi * rest)).sum(1)


class ZDT6(ZDT2):
    """A concave front that few variables reach evenly."""

    def __init__(self, n_var: int = 10) -> None:
        super().__init__(n_var)

    def f1(self, x: Array) -> Array:
        return 1 - np.exp(-4 * x) * np.sin(6 * np.pi * x) ** 6

    def g(self, rest: Array) -> Array:
        return 1 + 9 * rest.mean(1) ** 0.25
