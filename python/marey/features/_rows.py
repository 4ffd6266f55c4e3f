"""Series in any of the forms that features are taken of, as the core takes them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marey._runtime.checks import dtype_name
from marey._runtime.doors import is_torch

__all__ = ["as_rows", "back", "windows"]

Bounds = tuple[NDArray[np.int64], NDArray[np.int64]]


def as_rows(x: Any, offsets: Any = None, bounds: Any = None) -> tuple[NDArray[np.float64], Bounds, tuple[int, ...]]:
    """Values one after the other, where each row begins and ends, and the shape of the rows."""
    kind = dtype_name(x)
    if not kind.startswith(("float32", "float64", "int", "uint")):
        raise TypeError(f"`x` has dtype {kind}; expected float32, float64 or integers")
    if x.ndim < 1:
        raise ValueError("`x` has shape (); expected (..., T)")
    if is_torch(x):
        if x.device.type != "cpu":
            raise TypeError(f"`x` is on {x.device}; features are made on the CPU: pass `x.cpu()`")
        x = x.detach().numpy()
    values = np.ascontiguousarray(x, dtype=np.float64).reshape(-1)
    if offsets is None and bounds is None:
        edges = np.arange(math.prod(x.shape[:-1]) + 1, dtype=np.int64) * x.shape[-1]
        return values, (edges[:-1].copy(), edges[1:].copy()), tuple(x.shape[:-1])
    if x.ndim != 1:
        raise ValueError(f"`x` has shape {tuple(x.shape)}; with `offsets` or `bounds` it is (total,)")
    if offsets is not None and bounds is not None:
        raise ValueError("`offsets` and `bounds` are both given; pass one")
    if offsets is not None:
        edges = _integers("offsets", offsets)
        if len(edges) < 1 or edges[0] != 0 or edges[-1] != len(values) or (np.diff(edges) < 0).any():
            raise ValueError(f"`offsets` must rise from 0 to {len(values)}")
        return values, (edges[:-1].copy(), edges[1:].copy()), (len(edges) - 1,)
    starts, stops = (_integers("bounds", b) for b in bounds)
    if len(starts) != len(stops):
        raise ValueError(f"`bounds` has {len(starts)} starts and {len(stops)} stops")
    wrong = np.flatnonzero((starts < 0) | (stops < starts) | (stops > len(values)))
    if len(wrong):
        i = int(wrong[0])
        raise ValueError(f"row {i} of `bounds`, {starts[i]} to {stops[i]}, does not lie within {len(values)} values")
    return values, (starts, stops), (len(starts),)


def _integers(name: str, values: Any) -> NDArray[np.int64]:
    array = np.asarray(values.numpy() if is_torch(values) else values)
    if array.ndim != 1 or (array.dtype.kind not in "iu" and array.size):
        raise ValueError(f"`{name}` has dtype {array.dtype} and shape {array.shape}; expected integers of one axis")
    return np.ascontiguousarray(array, dtype=np.int64)


def back(table: NDArray[np.float64], shape: tuple[int, ...], like: Any) -> Any:
    """The caller's kind, in float64."""
    shaped = table.reshape(*shape, table.shape[-1])
    if is_torch(like):
        import torch

        return torch.from_numpy(shaped)
    return shaped


def windows(t: Any, length: float, step: float | None = None) -> Bounds:
    """Windows that slide over time stamps, as ``bounds`` of `extract`.

    Parameters
    ----------
    t : (T,)
        Times of the samples, rising; any unit.
    length : float
        Of a window, in the unit of ``t``: window ``k`` holds the samples from ``t[0] + k * step`` to less than that
        plus ``length``.
    step : float, optional
        From one window's begin to the next; ``length`` by default.

    Returns
    -------
    starts, stops : (n,) int64
        Samples; windows that would reach beyond the last sample are left out, empty ones are kept.

    Examples
    --------
    >>> from marey.features import windows
    >>> windows([0.0, 1.0, 2.5, 6.0, 7.0], length=3, step=2)
    (array([0, 2, 3]), array([3, 3, 4]))
    """
    times = np.asarray(t, dtype=np.float64)
    if times.ndim != 1 or not np.isfinite(times).all() or (np.diff(times) < 0).any():
        raise ValueError("`t` must be one axis of finite times that do not fall")
    step = length if step is None else step
    if not (length > 0 and step > 0 and math.isfinite(length) and math.isfinite(step)):
        raise ValueError(f"`length` is {length} and `step` {step}; expected times above 0")
    if len(times) == 0:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    n = max(0, math.floor((times[-1] - times[0] - length) / step + 1e-9) + 1)
    begins = times[0] + np.arange(n) * step
    found = np.searchsorted(times, begins), np.searchsorted(times, begins + length)
    return found[0].astype(np.int64), found[1].astype(np.int64)
