"""Numerator and denominator forward and backward over the extended signal."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from marey.reference.lfilter import lfilter

__all__ = ["filtfilt"]


def filtfilt(
    b: ArrayLike, a: ArrayLike, x: ArrayLike, padtype: str | None = "odd", padlen: int | None = None
) -> NDArray[np.float64]:
    """See :func:`marey.filters.filtfilt`."""
    b, a, x = (np.asarray(array, dtype=np.float64) for array in (b, a, x))
    taps = max(b.shape[-1], a.shape[-1])
    padlen = 0 if padtype is None else 3 * taps if padlen is None else padlen
    extended = extend(x, padtype, padlen)
    zi = settled(b, a)
    forth, _ = lfilter(b, a, extended, zi * extended[..., :1])
    back, _ = lfilter(b, a, forth[..., ::-1], zi * forth[..., -1:])
    return np.array(back[..., ::-1][..., padlen : padlen + x.shape[-1]])


def extend(x: Any, padtype: str | None, padlen: int) -> Any:
    """`padlen` more samples at both ends."""
    if padlen == 0:
        return x
    first, last = x[..., :1], x[..., -1:]
    left, right = x[..., padlen:0:-1], x[..., -2 : -padlen - 2 : -1]
    if padtype == "odd":
        left, right = 2 * first - left, 2 * last - right
    if padtype == "constant":
        left, right = np.repeat(first, padlen, -1), np.repeat(last, padlen, -1)
    return np.concatenate([left, x, right], axis=-1)


def settled(b: Any, a: Any) -> NDArray[np.float64]:
    """The state that an input of ones leaves as it is: one linear system a filter."""
    b, a = b / a[..., :1], a / a[..., :1]
    order = max(b.shape[-1], a.shape[-1]) - 1
    shape = np.broadcast_shapes(b.shape[:-1], a.shape[:-1])
    zi = np.empty((*shape, order))
    for i in np.ndindex(shape):
        taps_b, taps_a = np.zeros(order + 1), np.zeros(order + 1)
        taps_b[: b.shape[-1]], taps_a[: a.shape[-1]] = b[i], a[i]
        # z_k = z_{k+1} + b_{k+1} - a_{k+1} y with y = b_0 + z_0
        matrix = np.eye(order) - np.eye(order, k=1)
        matrix[:, :1] += taps_a[1:, None]
        zi[i] = np.linalg.solve(matrix, taps_b[1:] - taps_a[1:] * taps_b[0])
    return zi
