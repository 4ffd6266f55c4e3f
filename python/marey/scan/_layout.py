"""How signals (..., D, T) lie in memory: time last, or a view of channel-last data."""

from __future__ import annotations

from typing import Any

import numpy as np

from marey._runtime.doors import is_torch

__all__ = ["contiguous", "is_channels_last"]


def contiguous(array: Any) -> Any:
    return array.contiguous() if is_torch(array) else np.ascontiguousarray(array)


def is_channels_last(x: Any) -> bool:
    """Whether the last two axes are exchanged in memory."""
    if is_torch(x):
        return bool(x.mT.is_contiguous() and not x.is_contiguous())
    return bool(x.swapaxes(-1, -2).flags.c_contiguous and not x.flags.c_contiguous)
