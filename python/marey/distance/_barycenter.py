"""What the barycenters share: their result, checks, and the center to begin with."""

from __future__ import annotations

import itertools
import operator
from typing import Any, NamedTuple

import numpy as np

from marey.distance._series import channels_of, check_series, layout, reach

__all__ = ["Barycenter", "Problem", "problem"]

_Array = np.ndarray[Any, Any]


class Barycenter(NamedTuple):
    """A center of series.

    Attributes
    ----------
    center : (M,) or (d, M)
        In the dtype of the series.
    cost : float
        What it minimises, at `center`: a weighted mean over the series.
    rounds : int
        How often the center was moved.
    """

    center: np.ndarray[Any, Any]
    cost: float
    rounds: int


class Problem(NamedTuple):
    x: _Array  # (n, d, L), or (d, total)
    offsets: _Array | None
    start: _Array  # (d, M)
    weights: _Array  # (n,), of sum 1
    window: int
    rounds: int
    tolerance: float
    one_channel: bool

    def series(self) -> list[_Array]:
        return _series(self.x, self.offsets)

    def refuse_overflow(self, cost: float) -> float:
        if cost < np.inf:
            return cost
        raise ValueError(f"the series lie too far apart for {self.x.dtype}: their squared distances overflow")

    def result(self, center: _Array, cost: float, rounds: int) -> Barycenter:
        center = np.asarray(center, dtype=self.x.dtype)
        return Barycenter(center[0] if self.one_channel else center, cost, rounds)


def problem(
    X: Any, start: Any, length: Any, window: Any, weights: Any, rounds: Any, tolerance: Any, offsets: Any
) -> Problem:
    X, start, weights, offsets = (None if a is None else np.asarray(a) for a in (X, start, weights, offsets))
    check_series("X", X, "x_offsets", offsets)
    one_channel = X.ndim == (2 if offsets is None else 1)
    x = layout(X, offsets)
    every = _series(x, offsets)
    for k, one in enumerate(every):
        if one.shape[1] == 0:
            raise ValueError(f"series {k} of `X` has no steps; a center of series needs all to have some")
        if not np.isfinite(one).all():
            raise ValueError(f"series {k} of `X` has a value that is not finite")
    shares = _weights(weights, len(every))
    center = _start(every, start, length, shares, channels_of(X, offsets), x.dtype)
    width = reach(window)
    for k, one in enumerate(every):
        if abs(one.shape[1] - center.shape[1]) > width:
            raise ValueError(
                f"`window` is {width}; series {k} of `X` has {one.shape[1]} steps and the center {center.shape[1]}, "
                "and no path between them keeps to it"
            )
    rounds = operator.index(rounds)
    if rounds < 0:
        raise ValueError(f"`rounds` is {rounds}; expected 0 or more")
    if not 0 <= tolerance < np.inf:
        raise ValueError(f"`tolerance` is {tolerance}; expected a finite number, 0 or more")
    offsets = None if offsets is None else np.ascontiguousarray(offsets)
    return Problem(x, offsets, center, shares, width, rounds, float(tolerance), one_channel)


def _series(x: _Array, offsets: _Array | None) -> list[_Array]:
    if offsets is None:
        return list(x)
    if offsets[0] != 0 or offsets[-1] != x.shape[1] or (np.diff(offsets) < 0).any():
        raise ValueError(f"`x_offsets` must rise from 0 to the {x.shape[1]} steps of `X`")
    return [x[:, a:b] for a, b in itertools.pairwise(offsets)]


def _weights(weights: _Array | None, n: int) -> _Array:
    if n == 0:
        raise ValueError("`X` has no series; a center needs one or more")
    if weights is None:
        return np.full(n, 1.0 / n)
    if weights.shape != (n,):
        raise ValueError(f"`weights` has shape {weights.shape}; expected ({n},), one a series")
    weights = weights.astype(np.float64)
    if not (np.isfinite(weights).all() and (weights >= 0).all() and weights.sum() > 0):
        raise ValueError("`weights` must be finite, 0 or more, and one of them positive")
    return np.array(weights / weights.sum())


def _start(
    series: list[_Array], start: _Array | None, length: Any, weights: _Array, channels: int, dtype: Any
) -> _Array:
    if start is None:
        m = max(s.shape[1] for s in series) if length is None else operator.index(length)
        if m < 1:
            raise ValueError(f"`length` is {m}; expected 1 or more steps")
        mean = np.zeros((channels, m))
        for weight, one in zip(weights, series, strict=True):
            at = np.linspace(0.0, one.shape[1] - 1.0, m)
            mean += weight * np.stack([np.interp(at, np.arange(one.shape[1]), row) for row in one])
        return np.array(mean, dtype=dtype)
    if length is not None:
        raise TypeError("`length` and `start` were both given; the center keeps the length of `start`")
    center = start[None, :] if start.ndim == 1 else start
    if center.ndim != 2 or center.shape[0] != channels or center.shape[1] == 0:
        expected = "(M,)" if channels == 1 else f"({channels}, M)"
        raise ValueError(f"`start` has shape {start.shape}; expected {expected} with M of 1 or more")
    if not np.isfinite(center).all():
        raise ValueError("`start` has a value that is not finite")
    return np.ascontiguousarray(center, dtype=dtype)
