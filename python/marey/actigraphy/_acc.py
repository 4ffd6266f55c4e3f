"""What the measures of raw acceleration share: the array as the core takes it, and lengths in whole samples."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marey._runtime import native
from marey._runtime.checks import dtype_name
from marey._runtime.doors import is_torch

__all__ = ["COLUMNS", "ENMO", "MAD", "ANGLE", "MOMENTS", "as_acc", "back", "one_pass", "whole_samples"]  # noqa: RUF022

# Bits that choose what a pass tells of each epoch, and the columns of what it tells.
ENMO, MAD, ANGLE, MOMENTS = 1, 2, 4, 8
COLUMNS = {
    "observed": slice(0, 1),
    "enmo": slice(1, 2),
    "mad": slice(2, 3),
    "angle_z": slice(3, 4),
    "mean": slice(4, 7),
    "squares": slice(7, 10),
    "least": slice(10, 13),
    "most": slice(13, 16),
}


def as_acc(acc: Any) -> NDArray[Any]:
    """``(..., 3, T)`` as NumPy on the CPU; float32 stays, everything else is float64."""
    kind = dtype_name(acc)
    if not kind.startswith(("float32", "float64", "int", "uint")):
        raise TypeError(f"`acc` has dtype {kind}; expected float32, float64 or integers")
    if acc.ndim < 2 or acc.shape[-2] != 3:
        raise ValueError(f"`acc` has shape {tuple(acc.shape)}; expected (..., 3, T)")
    if is_torch(acc):
        if acc.device.type != "cpu":
            raise TypeError(f"`acc` is on {acc.device}; actigraphy runs on the CPU: pass `acc.cpu()`")
        acc = acc.detach().numpy()
    return np.ascontiguousarray(acc, dtype=np.float32 if kind == "float32" else np.float64)


def back(result: NDArray[Any], like: Any) -> Any:
    """The caller's kind, and its floating dtype."""
    if is_torch(like):
        import torch

        tensor = torch.from_numpy(np.ascontiguousarray(result))
        return tensor.to(like.dtype) if tensor.is_floating_point() and like.is_floating_point() else tensor
    single = result.dtype.kind == "f" and dtype_name(like) == "float32"
    return result.astype(np.float32) if single else result


def check_fs(fs: float) -> float:
    fs = float(fs)
    if not (fs > 0 and math.isfinite(fs)):
        raise ValueError(f"`fs` is {fs}; expected a frequency in Hz")
    return fs


def whole_samples(fs: float, seconds: float, name: str = "epoch") -> int:
    """So many seconds in samples, which must be a whole number of at least one."""
    seconds = float(seconds)
    samples = seconds * check_fs(fs)
    if not (seconds > 0 and math.isfinite(samples)) or round(samples) < 1 or abs(samples - round(samples)) > 1e-6:
        raise ValueError(f"`{name}` is {seconds:g} s, {samples:g} samples at {fs:g} Hz; expected a whole number")
    return round(samples)


def one_pass(
    acc: NDArray[Any],
    fs: float = 0,
    tenths: int = 0,
    samples: int = 0,
    what: int = 0,
    scale: Any = (1, 1, 1),
    offset: Any = (0, 0, 0),
) -> tuple[Any, Any]:
    """Counts ``(..., 3, E)`` and epochs ``(..., E', columns)``, each None unless asked for."""
    *leading, _, length = acc.shape
    flat = acc.reshape(math.prod(leading), 3, length)
    counts, epochs = native.core().actigraphy_pass(
        flat, round(fs), tenths, samples, what, [float(v) for v in scale], [float(v) for v in offset]
    )
    if counts is not None:
        counts = counts.reshape(*leading, *counts.shape[1:])
    if epochs is not None:
        epochs = epochs.reshape(*leading, *epochs.shape[1:])
    return counts, epochs
