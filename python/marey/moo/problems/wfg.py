"""WFG: problems from transformations of the variables and shapes of the front.

Source: Huband, Hingston, Barone, While, IEEE Trans. Evol. Comput. 10(5), 2006: the transformations of table XI, the
shapes of table X, the problems of table XIV. The first k variables are positions on the front, the rest distances.
"""

from __future__ import annotations

import numpy as np

from marey.moo._points import as_count
from marey.moo.problems.problem import Array, Problem, best, grid, sphere

__all__ = ["WFG1", "WFG2", "WFG3", "WFG4", "WFG5", "WFG6", "WFG7", "WFG8", "WFG9"]


def unit(y: Array) -> Array:
    """Rounding must not leave [0, 1]: later transformations take powers and floors."""
    return np.clip(y, 0.0, 1.0)


def b_flat(y: Array, A: float, B: float, C: float) -> Array:
    below = np.minimum(0, np.floor(y - B)) * A * (B - y) / B
    above = np.minimum(0, np.floor(C - y)) * (1 - A) * (y - C) / (1 - C)
    return unit(A + below - above)


def b_param(y: Array, u: Array, A: float = 0.98 / 49.98, B: float = 0.02, C: float = 50.0) -> Array:
    v = A - (1 - 2 * u) * np.abs(np.floor(0.5 - u) + A)
    return unit(y ** (B + (C - B) * v))


def s_linear(y: Array, A: float = 0.35) -> Array:
    return unit(np.abs(y - A) / np.abs(np.floor(A - y) + A))


def s_decept(y: Array, A: float = 0.35, B: float = 0.001, C: float = 0.05) -> Array:
    left = np.floor(y - A + B) * (1 - C + (A - B) / B) / (A - B)
    right = np.floor(A + B - y) * (1 - C + (1 - A - B) / B) / (1 - A - B)
    return unit(1 + (np.abs(y - A) - B) * (left + right + 1 / B))


def s_multi(y: Array, A: float, B: float, C: float = 0.35) -> Array:
    z = np.abs(y - C) / (2 * (np.floor(C - y) + C))
    return unit((1 + np.cos((4 * A + 2) * np.pi * (0.5 - z)) + 4 * B * z**2) / (B + 2))


def r_sum(y: Array, w: Array | None = None) -> Array:
    return unit(y.mean(1) if w is None else y @ w / w.sum())


def r_nonsep(y: Array, A: int) -> Array:
    n = y.shape[1]
    near = sum((np.abs(y - np.roll(y, -j, axis=1)).sum(1) for j in range(1, A)), np.zeros(len(y)))
    half = -(-A // 2)
    return unit((y.sum(1) + near) / (n / A * half * (1 + 2 * A - 2 * half)))


def _down(first: Array, last: Array) -> Array:
    """(N, M): objective m multiplies the first M - m of `first`, and the factor after them from `last`."""
    ones = np.ones((len(first), 1))
    return np.column_stack([ones, np.cumprod(first, 1)])[:, ::-1] * np.column_stack([ones, last[:, ::-1]])


def linear(x: Array) -> Array:
    return _down(x, 1 - x)


def convex(x: Array) -> Array:
    return _down(1 - np.cos(x * np.pi / 2), 1 - np.sin(x * np.pi / 2))


def concave(x: Array) -> Array:
    return _down(np.sin(x * np.pi / 2), np.cos(x * np.pi / 2))


class _WFG(Problem):
    def __init__(self, n_var: int = 24, n_obj: int = 2, k: int | None = None) -> None:
        super().__init__(n_var, n_obj, upper=2.0 * np.arange(1, n_var + 1))
        self.k = (4 if n_obj == 2 else 2 * (n_obj - 1)) if k is None else as_count("k", k)
        if self.k % (n_obj - 1) != 0:
            raise ValueError(f"`k` is {self.k}; expected a multiple of n_obj - 1 = {n_obj - 1}")
        if self.k >= self.n_var:
            raise ValueError(f"`n_var` is {n_var}; expected more than the {self.k} position variables")
        self.S = 2.0 * np.arange(1, n_obj + 1)

    def transform(self, z: Array) -> Array:
        """(N, n_var) variables in [0, 1] to (N, M): positions in all but the last column, the distance there."""
        raise NotImplementedError(f"{type(self).__name__} defines no `transform`")

    def shape(self, x: Array) -> Array:
        """(N, M - 1) positions to (N, M) values in [0, 1]."""
        return concave(x)

    def objectives(self, X: Array) -> Array:
        t = self.transform(X / self.upper)
        return t[:, -1:] + self.S * self.shape(self.degenerate(t))

    def degenerate(self, t: Array) -> Array:
        """The positions; those that count for nothing on the front go to the middle there."""
        return t[:, :-1]

    def positions(self, y: Array) -> list[Array]:
        """The k position variables in M - 1 groups."""
        return np.split(y[:, : self.k], self.n_obj - 1, axis=1)

    def sums(self, y: Array) -> Array:
        """The means of each group of positions and of the distances."""
        return np.column_stack([r_sum(group) for group in [*self.positions(y), y[:, self.k :]]])

    def shift(self, y: Array) -> Array:
        """The distances, zero where the variable is 0.35."""
        return np.column_stack([y[:, : self.k], s_linear(y[:, self.k :])])

    def front(self, n: int = 1000) -> Array:
        return self.S * sphere(n, self.n_obj)


class WFG1(_WFG):
    """Convex with waves, behind flat and biased distances."""

    def transform(self, z: Array) -> Array:
        y = self.shift(z)
        y[:, self.k :] = b_flat(y[:, self.k :], 0.8, 0.75, 0.85)
        y = unit(y**0.02)
        groups, weights = [*self.positions(y), y[:, self.k :]], np.arange(2.0, 2 * self.n_var + 1, 2)
        ends = np.cumsum([group.shape[1] for group in groups])
        return np.column_stack([r_sum(g, weights[end - g.shape[1] : end]) for g, end in zip(groups, ends, strict=True)])

    def shape(self, x: Array) -> Array:
        h, waves = convex(x), 10 * np.pi
        h[:, -1] = 1 - x[:, 0] - np.cos(waves * x[:, 0] + np.pi / 2) / waves
        return h

    def front(self, n: int = 1000) -> Array:
        return best(self.S * self.shape(grid(n, self.n_obj - 1)), n)


class WFG2(_WFG):
    """Convex pieces; distances that hang together in pairs."""

    def __init__(self, n_var: int = 24, n_obj: int = 2, k: int | None = None) -> None:
        super().__init__(n_var, n_obj, k)
        if (self.n_var - self.k) % 2 != 0:
            raise ValueError(f"`n_var` is {n_var}; expected an even number beside the {self.k} position variables")

    def transform(self, z: Array) -> Array:
        y = self.shift(z)
        pairs = [r_nonsep(y[:, i : i + 2], 2) for i in range(self.k, self.n_var, 2)]
        return self.sums(np.column_stack([y[:, : self.k], *pairs]))

    def shape(self, x: Array) -> Array:
        h = convex(x)
        h[:, -1] = 1 - x[:, 0] * np.cos(5 * np.pi * x[:, 0]) ** 2
        return h

    def front(self, n: int = 1000) -> Array:
        return best(self.S * self.shape(grid(20 * n, self.n_obj - 1)), n)


class WFG3(WFG2):
    """A line, for two objectives."""

    def degenerate(self, t: Array) -> Array:
        x = t[:, :-1].copy()
        x[:, 1:] = t[:, -1:] * (x[:, 1:] - 0.5) + 0.5
        return x

    def shape(self, x: Array) -> Array:
        return linear(x)

    def front(self, n: int = 1000) -> Array:
        if self.n_obj > 2:
            raise ValueError(f"`n_obj` is {self.n_obj}; above 2 the front is no line, and has no closed form")
        x = np.linspace(0, 1, n)[:, None]
        return self.S * linear(x)


class WFG4(_WFG):
    """Concave, multimodal."""

    def transform(self, z: Array) -> Array:
        return self.sums(s_multi(z, 30, 10))


class WFG5(_WFG):
    """Concave, deceptive."""

    def transform(self, z: Array) -> Array:
        return self.sums(s_decept(z))


class WFG6(_WFG):
    """Concave, non-separable."""

    def transform(self, z: Array) -> Array:
        return self.nonsep(self.shift(z))

    def nonsep(self, y: Array) -> Array:
        groups = [*self.positions(y), y[:, self.k :]]
        return np.column_stack([r_nonsep(group, group.shape[1]) for group in groups])


class WFG7(_WFG):
    """Concave; the bias of a position depends on the variables after it."""

    def transform(self, z: Array) -> Array:
        y = z.copy()
        for i in range(self.k):
            y[:, i] = b_param(z[:, i], r_sum(z[:, i + 1 :]))
        return self.sums(self.shift(y))


class WFG8(_WFG):
    """Concave; the bias of a distance depends on the variables before it."""

    def transform(self, z: Array) -> Array:
        y = z.copy()
        for i in range(self.k, self.n_var):
            y[:, i] = b_param(z[:, i], r_sum(z[:, :i]))
        return self.sums(self.shift(y))


class WFG9(WFG6):
    """Concave, deceptive, multimodal, non-separable; biases depend on the variables after."""

    def transform(self, z: Array) -> Array:
        y = z.copy()
        for i in range(self.n_var - 1):
            y[:, i] = b_param(z[:, i], r_sum(z[:, i + 1 :]))
        return self.nonsep(np.column_stack([s_decept(y[:, : self.k]), s_multi(y[:, self.k :], 30, 95)]))
