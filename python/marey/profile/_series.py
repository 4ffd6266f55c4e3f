"""Checks that the functions of windows share."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marey._runtime.checks import dtype_name
from marey._runtime.doors import is_torch

__all__ = ["as_given", "as_series", "default_exclusion", "whole"]


def as_series(name: str, values: Any, dimensions: tuple[int, ...] = (1, 2)) -> NDArray[np.float64]:
    """Contiguous float64; whole numbers and float32 are taken as such, anything else is refused."""
    array = np.asarray(values)
    if array.dtype.kind not in "fiu" or array.dtype.itemsize > 8:
        raise TypeError(f"`{name}` has dtype {array.dtype}; expected float64, float32 or whole numbers")
    _check_dimensions(name, array, dimensions)
    return np.ascontiguousarray(array, np.float64)


def as_given(name: str, values: Any, dimensions: tuple[int, ...] = (1, 2), *, on_gpu: bool = False) -> Any:
    """Float64, a tensor if it was one."""
    if not is_torch(values):
        return as_series(name, values, dimensions)
    if values.device.type not in (("cpu", "cuda") if on_gpu else ("cpu",)):
        raise TypeError(f"`{name}` is on {values.device}; expected a tensor on the CPU{' or a GPU' if on_gpu else ''}")
    if not dtype_name(values).startswith(("float32", "float64", "int", "uint")):
        raise TypeError(f"`{name}` has dtype {values.dtype}; expected float64, float32 or whole numbers")
    _check_dimensions(name, values, dimensions)
    return values.double()


def _check_dimensions(name: str, array: Any, dimensions: tuple[int, ...]) -> None:
    if array.ndim not in dimensions:
        shapes = {1: "(n,)", 2: "(B, n)" if 1 in dimensions else "(d, n)"}
        expected = " or ".join(shapes[d] for d in dimensions)
        raise ValueError(f"`{name}` has shape {tuple(array.shape)}; expected {expected}")


def whole(name: str, value: Any, least: int, most: int | None = None, why: str = "") -> int:
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"`{name}` is {value!r}; expected a whole number") from None
    if number < least or (most is not None and number > most):
        expected = f"at least {least}" if most is None else f"{least} to {most}{why}"
        raise ValueError(f"`{name}` is {number}; expected {expected}")
    return number


def default_exclusion(m: int) -> int:
    """A quarter of a window, rounded up: nearer ones are the window itself, moved."""
    return -(-m // 4)
