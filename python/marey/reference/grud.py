"""grud in plain NumPy float64: one series after another, one step after another."""

from __future__ import annotations

import itertools
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["grud"]

Array: TypeAlias = NDArray[Any]


def grud(
    x: Array,
    mask: Array,
    dt: Array,
    x_mean: Array,
    W: Array,
    U: Array,
    V: Array,
    b: Array,
    w_x: Array,
    b_x: Array,
    W_h: Array,
    b_h: Array,
    h0: Array | None = None,
    x_last: Array | None = None,
    age: Array | None = None,
    offsets: Array | None = None,
) -> tuple[Array, Array, Array, Array]:
    """h, and the state after the last step: hidden, last observed values, hours since. As `marey.scan.grud`, with the
    fields of its `params` as arguments."""
    weights = [np.asarray(a, np.float64) for a in (x_mean, W, U, V, b, w_x, b_x, W_h, b_h)]
    variables, hidden = W.shape[1], U.shape[1]
    # Where each series stands: an index of its batch axes, or its steps among all.
    series: list[Any]
    if offsets is None:
        leading, series = x.shape[:-2], [(i, slice(None)) for i in np.ndindex(x.shape[:-2])]
    else:
        leading = (len(offsets) - 1,)
        series = [((), slice(begin, end)) for begin, end in itertools.pairwise(offsets)]
    h = np.zeros((*x.shape[:-2], hidden, x.shape[-1]))
    hT, last, since = np.zeros((*leading, hidden)), np.zeros((*leading, variables)), np.zeros((*leading, variables))
    hT[...] = 0 if h0 is None else h0
    last[...] = x_mean if x_last is None else x_last
    since[...] = 0 if age is None else age
    for state, (item, steps) in zip(np.ndindex(leading), series, strict=True):
        inputs = x[item][:, steps], mask[item][:, steps], dt[item][steps]
        _series(*inputs, weights, hT[state], last[state], since[state], h[item][:, steps])
    return h, hT, last, since


def _series(
    x: Array, mask: Array, dt: Array, weights: list[Array], h: Array, x_last: Array, age: Array, out: Array
) -> None:
    x_mean, W, U, V, b, w_x, b_x, W_h, b_h = weights
    H = len(h)
    for t in range(x.shape[1]):
        m = mask[:, t]
        delta = dt[t] + age
        gamma_x = np.exp(-np.maximum(0, w_x * delta + b_x))
        gamma_h = np.exp(-np.maximum(0, W_h @ delta + b_h))
        x_hat = np.where(m, x[:, t], gamma_x * x_last + (1 - gamma_x) * x_mean)
        h_hat = gamma_h * h
        a = W @ x_hat + V @ m.astype(np.float64) + b
        r = _sigmoid(a[:H] + U[:H] @ h_hat)
        z = _sigmoid(a[H : 2 * H] + U[H : 2 * H] @ h_hat)
        candidate = np.tanh(a[2 * H :] + U[2 * H :] @ (r * h_hat))
        h[:] = (1 - z) * h_hat + z * candidate
        out[:, t] = h
        x_last[:] = np.where(m, x[:, t], x_last)
        age[:] = np.where(m, 0, delta)


def _sigmoid(a: Array) -> Array:
    result: Array = 1 / (1 + np.exp(-a))
    return result
