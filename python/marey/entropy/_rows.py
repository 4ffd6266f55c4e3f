"""What the entropies share: series along the last axis, or rows of different lengths, as the core takes them."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marey._runtime.checks import dtype_name
from marey._runtime.doors import is_torch

__all__ = ["Rows", "as_rows", "check_length", "check_template", "ratio_entropy"]


@dataclass(frozen=True)
class Rows:
    """Series one after the other in float64, and how their results go back to the caller."""

    values: NDArray[np.float64]
    offsets: NDArray[np.int64]
    shape: tuple[int, ...]
    like: Any

    def back(self, results: NDArray[np.float64], *trailing: int) -> Any:
        """Results in the caller's kind and floating dtype, shaped ``(..., *trailing)``."""
        shaped = results.reshape((*self.shape, *trailing))
        if is_torch(self.like):
            import torch

            return torch.from_numpy(shaped).to(self.like.dtype if self.like.dtype.is_floating_point else torch.float64)
        return shaped.astype(self.like.dtype if self.like.dtype.kind == "f" else np.float64, copy=False)


def as_rows(x: Any, offsets: Any) -> Rows:
    kind = dtype_name(x)
    if not kind.startswith(("float32", "float64", "int", "uint")):
        raise TypeError(f"`x` has dtype {kind}; expected float32, float64 or integers")
    if x.ndim < 1:
        raise ValueError("`x` has shape (); expected (..., T)")
    like = x
    if is_torch(x):
        if x.device.type != "cpu":
            raise TypeError(f"`x` is on {x.device}; entropies run on the CPU: pass `x.cpu()`")
        x = x.detach().numpy()
    if offsets is None:
        rows = math.prod(x.shape[:-1])
        bounds = np.arange(rows + 1, dtype=np.int64) * x.shape[-1]
        shape = tuple(x.shape[:-1])
    else:
        if x.ndim != 1:
            raise ValueError(f"`x` has shape {tuple(x.shape)}; with `offsets` it is (total,)")
        bounds = np.ascontiguousarray(offsets.numpy() if is_torch(offsets) else offsets)
        if bounds.dtype.kind not in "iu" or bounds.ndim != 1 or len(bounds) < 1:
            raise ValueError(f"`offsets` has dtype {bounds.dtype} and shape {bounds.shape}; expected (S + 1,) int64")
        bounds = bounds.astype(np.int64, copy=False)
        shape = (len(bounds) - 1,)
    values = np.ascontiguousarray(x, dtype=np.float64).reshape(-1)
    return Rows(values, bounds, shape, like)


def check_template(m: int, r: float, tolerance: float | None) -> tuple[int, float, bool]:
    """``m``, the tolerance, and whether it is absolute."""
    m = check_length("m", m, 1, 63)
    name, given = ("r", r) if tolerance is None else ("tolerance", tolerance)
    if not (float(given) >= 0 and math.isfinite(given)):
        raise ValueError(f"`{name}` is {given}; expected a finite number >= 0")
    return m, float(given), tolerance is not None


def check_length(name: str, value: int, least: int, most: int | None = None) -> int:
    number = operator.index(value)
    if number < least or (most is not None and number > most):
        rule = f"at least {least}" if most is None else f"{least} to {most}"
        raise ValueError(f"`{name}` is {number}; expected {rule}")
    return number


def ratio_entropy(b: Any, a: Any) -> Any:
    """``log(b / a)``: inf where only longer templates find no match, NaN where none does."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(b) - np.log(a)
