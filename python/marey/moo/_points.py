"""The argument checks that the functions of marey.moo share."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from marey._runtime.doors import is_torch


def as_points(name: str, value: Any, *, d: int | None = None) -> NDArray[np.float64]:
    """`value` as an (N, d) float64 array; float64 input is not copied."""
    array = as_floats(name, value)
    if array.ndim != 2 or array.shape[1] == 0:
        raise ValueError(f"`{name}` has shape {array.shape}; expected (N, d) with d >= 1 objectives")
    if d is not None and array.shape[1] != d:
        raise ValueError(f"`{name}` has shape {array.shape}; expected (N, {d}), one column per objective")
    return array


def as_floats(name: str, value: Any) -> NDArray[np.float64]:
    """`value` as a float64 array. Integers and narrower floats widen; anything else is an error."""
    if is_torch(value):
        if value.device.type != "cpu":
            raise TypeError(f"`{name}` is on {value.device}; this is computed on the CPU: pass {name}.cpu()")
        value = value.detach().numpy()
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"`{name}` is ragged; expected rows of equal length") from error
    if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
        raise TypeError(f"`{name}` has dtype {array.dtype}; expected real numbers of at most 64 bits")
    return array.astype(np.float64, copy=False)


def as_count(name: str, value: Any, *, least: int = 1) -> int:
    """`value` as an int of at least `least`."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"`{name}` is {value!r}; expected an integer")
    if value < least:
        raise ValueError(f"`{name}` is {value}; expected at least {least}")
    return int(value)


def as_reference(value: Any, d: int) -> NDArray[np.float64]:
    """`value` as the (d,) reference point `ref`."""
    array = as_floats("ref", value)
    if array.shape != (d,):
        raise ValueError(f"`ref` has shape {array.shape}; expected (d,) = ({d},)")
    return array


def like(F: Any, result: NDArray[np.float64]) -> Any:
    """`result` as an array of the kind of `F`, in its dtype where that is floating."""
    if is_torch(F):
        import torch

        return torch.from_numpy(result).to(F.dtype if F.is_floating_point() else torch.float64)
    dtype = getattr(F, "dtype", None)
    return result.astype(dtype, copy=False) if dtype is not None and dtype.kind == "f" else result
