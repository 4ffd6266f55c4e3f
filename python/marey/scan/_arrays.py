"""What the recurrences of this domain share: layouts, and complex numbers as pairs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from marey._runtime.checks import check_dtype, check_shape, dtype_name
from marey._runtime.doors import is_torch

__all__ = ["check_reset", "contiguous", "double_of", "is_channels_last", "is_complex", "pairs", "unpaired"]


def contiguous(array: Any) -> Any:
    return array.contiguous() if is_torch(array) else np.ascontiguousarray(array)


def is_channels_last(x: Any) -> bool:
    """Whether (..., D, T) lies in memory as (..., T, D)."""
    if is_torch(x):
        return x.mT.is_contiguous() and not x.is_contiguous()
    return bool(x.swapaxes(-1, -2).flags.c_contiguous and not x.flags.c_contiguous)


def is_complex(array: Any) -> bool:
    return dtype_name(array).startswith("complex")


def double_of(array: Any) -> str:
    """The dtype of full precision of the same kind."""
    return "complex128" if is_complex(array) else "float64"


def pairs(array: Any) -> Any:
    """A contiguous complex array as real (..., 2); a real one as it is."""
    if not is_complex(array):
        return contiguous(array)
    if is_torch(array):
        import torch

        return torch.view_as_real(array.resolve_conj().contiguous())
    array = np.ascontiguousarray(array)
    return array.view(array.real.dtype).reshape(*array.shape, 2)


def unpaired(array: Any, is_complex: bool) -> Any:
    """Back from :func:`pairs`."""
    if not is_complex:
        return array
    if is_torch(array):
        import torch

        return torch.view_as_complex(array)
    return array.view(np.complex64 if array.dtype == np.float32 else np.complex128)[..., 0]


def check_reset(reset: Any, x: Any) -> Any:
    """(..., T) or (..., D, T) marks as (B, 1 or D, T)."""
    check_dtype("reset", reset, ("bool",))
    *leading, channels, length = x.shape
    if reset.ndim == x.ndim:
        check_shape("reset", reset, tuple(x.shape), "(..., D, T)")
        return contiguous(reset).reshape(math.prod(leading), channels, length)
    check_shape("reset", reset, (*leading, length), "(..., T) or (..., D, T)")
    return contiguous(reset).reshape(math.prod(leading), 1, length)
