"""What the elastic distances share: their parameters, with the rules for them, as the kernels take them."""

from __future__ import annotations

import math
from typing import Any

from marey._runtime.doors import is_torch

__all__ = ["MEASURES", "measure_arguments"]

# Each measure with its parameters' values where they are left out; the order is that of the kernels' numbers.
MEASURES: dict[str, dict[str, Any]] = {
    "lcss": {"epsilon": 1.0},
    "erp": {"g": 0.0},
    "edr": {"epsilon": None},
    "msm": {"c": 1.0},
    "twe": {"nu": 0.001, "lmbda": 1.0},
    "wdtw": {"g": 0.05},
}


def measure_arguments(measure: str, given: dict[str, Any], like: Any, channels: int) -> tuple[Any, ...]:
    """The measure's number, its two parameters, and the gap value of each channel."""
    if measure not in MEASURES:
        raise ValueError(f"`measure` is {measure!r}; expected one of {', '.join(map(repr, MEASURES))}")
    defaults = MEASURES[measure]
    unknown = set(given) - set(defaults)
    if unknown:
        raise TypeError(f"{measure} has no parameter `{min(unknown)}`; it has {', '.join(f'`{p}`' for p in defaults)}")
    values = [given.get(name, default) for name, default in defaults.items()]
    number = list(MEASURES).index(measure)
    if measure == "erp":
        return number, 0.0, 0.0, _gap(values[0], like, channels)
    if measure == "edr" and values[0] is None:
        return number, -1.0, 0.0, None
    first, second = (*(_positive(name, value) for name, value in zip(defaults, values, strict=True)), 0.0)[:2]
    return number, first, second, None


def _positive(name: str, value: Any) -> float:
    number = _number(name, value)
    if not 0 <= number < math.inf:
        raise ValueError(f"`{name}` is {value}; expected a finite number, 0 or more")
    return number


def _number(name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise TypeError(f"`{name}` is {value!r}; expected a number") from None


def _gap(g: Any, like: Any, channels: int) -> Any:
    values = [_number("g", v) for v in g] if hasattr(g, "__len__") else [_number("g", g)] * channels
    if len(values) != channels:
        raise ValueError(f"`g` has {len(values)} values; expected one for each of the {channels} channels")
    if not all(math.isfinite(v) for v in values):
        raise ValueError(f"`g` is {g}; expected finite numbers")
    if is_torch(like):
        return like.new_tensor(values)
    import numpy as np

    return np.array(values, dtype=like.dtype)
