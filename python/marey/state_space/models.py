"""Continuous-time models, observed at any times: their transition over a gap, in closed form.

Each is a linear stochastic differential equation dx = A x dt + noise. Over a gap dt its state moves by
F(dt) = expm(A dt) and gathers covariance Q(dt), the integral of F(s) L q L^T F(s)^T over it (Van Loan 1978). The
kernels evaluate both themselves; :meth:`Model.discretize` gives them as arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from marey._runtime.doors import is_torch

__all__ = ["Model", "constant_velocity", "integrated_ou", "matern12", "matern32", "matern52", "ou"]


@dataclass(frozen=True)
class Model:
    """A continuous-time model of one quantity; made by the functions of this module.

    Attributes
    ----------
    name
        Of the model.
    n
        Number of states. The first is the quantity itself, each further one the derivative of that before.
    parameters
        Two numbers, each for all series or (B,) for each, in the time unit of ``dt``.
    """

    name: str
    n: int
    kind: int  # of enum Model in kalman.hpp
    parameters: tuple[Any, Any]

    def discretize(self, dt: Any) -> tuple[Any, Any]:
        """F and Q of gaps ``dt`` (..., T): both (..., T, n, n). Differentiable in torch."""
        F, Q = _DISCRETIZE[self.name](*(_column(p) for p in self.parameters), dt)
        return F, Q

    def stationary(self) -> tuple[Any, Any]:
        """Mean and covariance that the model forgets everything for: ``x0`` (n,) and ``P0`` (n, n), or (B, n, n).

        Raises
        ------
        ValueError
            If the model has none: its variance grows without bound.
        """
        if self.name not in _STATIONARY:
            raise ValueError(f"{self.name} has no stationary distribution; give `x0` and `P0`")
        entries = _STATIONARY[self.name](*self.parameters)
        P0 = _matrix([[entries[min(i, j)][abs(i - j)] for j in range(self.n)] for i in range(self.n)])
        if is_torch(P0):
            return P0.new_zeros(self.n), P0
        return np.zeros(self.n), P0


def _check(name: str, **parameters: Any) -> None:
    for parameter, (value, lowest) in parameters.items():
        if is_torch(value):
            continue  # a look at its values would wait for a GPU; the filter gives a failed series a status
        if np.ndim(value) > 1:
            raise ValueError(f"`{parameter}` of {name} has shape {np.shape(value)}; expected a number or (B,)")
        least = float(np.min(value))
        if not (least >= 0.0 if lowest else least > 0.0):
            raise ValueError(f"`{parameter}` of {name} is {least}; expected {'>= 0' if lowest else '> 0'}")


def ou(rate: Any, q: Any) -> Model:
    """Ornstein-Uhlenbeck: dx = -rate x dt + sqrt(q) dW; ``rate`` 0 is Brownian motion."""
    _check("ou", rate=(rate, True), q=(q, True))
    return Model("ou", 1, 1, (rate, q))


def integrated_ou(rate: Any, q: Any) -> Model:
    """Position whose velocity is an Ornstein-Uhlenbeck process: dx = v dt, dv = -rate v dt + sqrt(q) dW."""
    _check("integrated_ou", rate=(rate, True), q=(q, True))
    return Model("integrated_ou", 2, 2, (rate, q))


def constant_velocity(q: Any) -> Model:
    """Position and velocity, the velocity a Brownian motion: dx = v dt, dv = sqrt(q) dW."""
    _check("constant_velocity", q=(q, True))
    return Model("constant_velocity", 2, 3, (q, 0.0))


def matern12(length: Any, variance: Any) -> Model:
    """Gaussian process of covariance variance * exp(-r / length): an Ornstein-Uhlenbeck process."""
    _check("matern12", length=(length, False), variance=(variance, True))
    return Model("ou", 1, 1, (1.0 / length, 2.0 * variance / length))


def matern32(length: Any, variance: Any) -> Model:
    """Gaussian process of covariance variance * (1 + a) exp(-a), a = sqrt(3) r / length; once smooth."""
    _check("matern32", length=(length, False), variance=(variance, True))
    return Model("matern32", 2, 4, (length, variance))


def matern52(length: Any, variance: Any) -> Model:
    """Gaussian process of covariance variance * (1 + a + a^2 / 3) exp(-a), a = sqrt(5) r / length; twice smooth."""
    _check("matern52", length=(length, False), variance=(variance, True))
    return Model("matern52", 3, 5, (length, variance))


# Entry [i][k]: the stationary covariance of derivatives i and i + k.
_STATIONARY: dict[str, Any] = {
    "ou": lambda rate, q: [[q / (2.0 * rate)]],
    "matern32": lambda length, variance: [[variance, 0.0 * variance], [3.0 / length**2 * variance]],
    "matern52": lambda length, variance: [
        [variance, 0.0 * variance, -5.0 / (3.0 * length**2) * variance],
        [5.0 / (3.0 * length**2) * variance, 0.0 * variance],
        [25.0 / length**4 * variance],
    ],
}


def _column(parameter: Any) -> Any:
    return parameter[:, None] if getattr(parameter, "ndim", 0) else parameter


def _module(array: Any) -> Any:
    if is_torch(array):
        import torch

        return torch
    return np


def _matrix(rows: list[list[Any]]) -> Any:
    flat = [entry for row in rows for entry in row]
    like = next((entry for entry in flat if is_torch(entry)), None)
    n = len(rows)
    if like is not None:
        import torch

        flat = torch.broadcast_tensors(*(torch.as_tensor(e, dtype=like.dtype, device=like.device) for e in flat))
        return torch.stack(flat, -1).unflatten(-1, (n, n))
    stacked = np.stack(np.broadcast_arrays(*flat), -1)
    return stacked.reshape(*stacked.shape[:-1], n, n)


def _gammas(z: Any, top: int) -> list[Any]:
    """1 - exp(-z) sum_{j <= k} z^j / j! for k = 0 .. top, without cancellation: the highest by its series."""
    xp = _module(z)
    decay = xp.exp(-z)
    finite = xp.where(decay == 0, 0.0 * decay, z)  # an infinite gap: 0 * inf has no place below
    terms = [decay]
    for k in range(1, top + 1):
        terms.append(terms[-1] * finite / k)
    small = xp.where(z < 2.0, z, 0.0 * decay)
    series = 1.0 + 0.0 * decay
    for k in range(top + 26, top + 1, -1):
        series = 1.0 + series * small / k
    series = terms[top] * (small / (top + 1)) * series
    gammas = [xp.where(z < 2.0, series, 1.0 - sum(terms))]
    for k in range(top, 0, -1):
        gammas.append(gammas[-1] + terms[k])
    return gammas[::-1]


def _relative_rise(a: Any) -> Any:
    """(1 - exp(-a)) / a."""
    xp = _module(a)
    safe = xp.where(a == 0, a + 1.0, a)
    return xp.where(a == 0, 1.0 - 0.5 * a, _gammas(a, 0)[0] / safe)


def _ou(rate: Any, q: Any, dt: Any) -> tuple[Any, Any]:
    xp = _module(dt)
    a = rate * dt
    decay = xp.exp(-a)
    none = 0.0 * decay
    short = a < 1.0
    brief = q * xp.where(short, dt, none) * _relative_rise(xp.where(short, 2.0 * a, none))
    long = q * _gammas(2.0 * a, 0)[0] / xp.where(short, 1.0 + none, 2.0 * rate + none)
    return _matrix([[decay]]), _matrix([[xp.where(short, brief, long)]])


def _constant_velocity(q: Any, _: Any, dt: Any) -> tuple[Any, Any]:
    one = 1.0 + 0.0 * dt
    F = _matrix([[one, dt], [0.0 * dt, one]])
    return F, _matrix([[q * dt**3 / 3.0, q * dt**2 / 2.0], [q * dt**2 / 2.0, q * dt]])


def _integrated_ou(rate: Any, q: Any, dt: Any) -> tuple[Any, Any]:
    xp = _module(dt)
    a = rate * dt
    rise = _relative_rise(a) * dt
    small = xp.where(a < 0.5, a, 0.0 * a)
    series, factorial = 0.0 * a, 2432902008176640000.0
    for k in range(20, 2, -1):
        series = series * small + (-1.0) ** k * (2.0 - 2.0 ** (k - 1)) / factorial
        factorial /= k
    far = xp.where(a < 0.5, 1.0 + 0.0 * a, a)
    direct = (far + (_relative_rise(2.0 * far) - 2.0 * _relative_rise(far)) * far) / far**3
    position = q * dt**3 * xp.where(a < 0.5, series, direct)
    both, velocity = q * rise**2 / 2.0, q * _relative_rise(2.0 * a) * dt
    F = _matrix([[1.0 + 0.0 * a, rise], [0.0 * a, xp.exp(-a)]])
    return F, _matrix([[position, both], [both, velocity]])


def _matern32(length: Any, variance: Any, dt: Any) -> tuple[Any, Any]:
    rate = 3.0**0.5 / length
    a = rate * dt
    xp = _module(a)
    decay = xp.exp(-a)
    g = _gammas(2.0 * a, 2)
    a, dt = (xp.where(decay == 0, 0.0 * decay, value) for value in (a, dt))  # an infinite gap forgets the state
    F = _matrix([[decay * (1.0 + a), decay * dt], [-decay * a * rate, decay * (1.0 - a)]])
    both = variance * rate * (g[1] - g[2])
    return F, _matrix([[variance * g[2], both], [both, variance * rate**2 * (2.0 * (g[0] - g[1]) + g[2])]])


def _matern52(length: Any, variance: Any, dt: Any) -> tuple[Any, Any]:
    rate = 5.0**0.5 / length
    a = rate * dt
    xp = _module(a)
    decay = xp.exp(-a)
    g = _gammas(2.0 * a, 4)
    a = xp.where(decay == 0, 0.0 * decay, a)
    half = a**2 / 2.0
    scaled = [
        [1.0 + a + half, a + 2.0 * half, half],
        [-half, 1.0 + a - 2.0 * half, a - half],
        [half - a, 2.0 * half - 3.0 * a, 1.0 - 2.0 * a + half],
    ]
    F = _matrix([[decay * scaled[i][j] * rate ** (i - j) for j in range(3)] for i in range(3)])
    moments = [
        [3 / 16 * g[4], 3 / 16 * (g[3] - g[4]), g[2] / 8 - 3 / 8 * g[3] + 3 / 16 * g[4]],
        [g[2] / 4 - 3 / 8 * g[3] + 3 / 16 * g[4], g[1] / 4 - 5 / 8 * g[2] + 9 / 16 * g[3] - 3 / 16 * g[4]],
        [g[0] / 2 - g[1] + 5 / 4 * g[2] - 3 / 4 * g[3] + 3 / 16 * g[4]],
    ]
    q = 16.0 / 3.0 * variance
    Q = _matrix([[q * rate ** (i + j) * moments[min(i, j)][abs(i - j)] for j in range(3)] for i in range(3)])
    return F, Q


_DISCRETIZE: dict[str, Any] = {
    "ou": _ou,
    "constant_velocity": _constant_velocity,
    "integrated_ou": _integrated_ou,
    "matern32": _matern32,
    "matern52": _matern52,
}
