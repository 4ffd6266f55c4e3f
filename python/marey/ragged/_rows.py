"""What the operations on ragged rows share: checks, the two-dimensional view that the kernels take, inputs of cases."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from marey._runtime.checks import check_dtype
from marey._runtime.doors import is_torch
from marey._runtime.specs import Inputs

__all__ = ["as_matrix", "calls_without_nan", "check_rows", "contiguous", "ragged_inputs"]


def check_rows(values: Any, offsets: Any) -> None:
    check_dtype("values", values, ("float32", "float64"))
    check_dtype("offsets", offsets, ("int64",))
    if values.ndim < 1:
        raise ValueError("`values` has shape (); expected (total, ...)")
    if offsets.ndim != 1 or offsets.shape[0] < 1:
        raise ValueError(f"`offsets` has shape {tuple(offsets.shape)}; expected (S + 1,)")


def contiguous(array: Any) -> Any:
    return array.contiguous() if is_torch(array) else np.ascontiguousarray(array)


def as_matrix(values: Any) -> Any:
    """``(total, ...)`` as contiguous ``(total, channels)``."""
    return contiguous(values).reshape(values.shape[0], math.prod(values.shape[1:]))


def calls_without_nan(operator: Any, arguments: tuple[Any, ...]) -> list[tuple[Any, tuple[Any, ...]]]:
    """This call for ``opcheck``, which compares by ``==`` and so takes no NaN in a result or a gradient."""
    values = arguments[0]
    return [] if not values.isfinite().all() or operator(*arguments).isnan().any() else [(operator, arguments)]


def ragged_inputs(
    rng: np.random.Generator, lengths: Any, *trailing: int, special: tuple[float, ...] = (), **more: Any
) -> Inputs:
    """Rows of these lengths, normally distributed; ``special`` values strewn over a third of the rows' places."""
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    values = rng.normal(scale=3.0, size=(offsets[-1], *trailing))
    if special:
        places = rng.random(values.shape) < 0.1
        values[places] = rng.choice(np.array(special), size=values.shape)[places]
    return {"values": values, "offsets": offsets, **more}
