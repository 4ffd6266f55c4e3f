"""Minimising a smooth function of few variables (Liu and Nocedal, Math Program 45:503, 1989)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["minimize"]

_KEPT, _HALVINGS, _DESCENT = 10, 40, 1e-4


def minimize(
    function: Callable[[Any], tuple[float, Any]], x: Any, rounds: int, tolerance: float
) -> tuple[Any, float, int]:
    """Where `function`, which gives its value and gradient, is least near `x`; that value; the steps taken.

    It stops where a step lowers the value by no more than `tolerance` times its size, or none lowers it.
    """
    value, gradient = function(x)
    moves: list[tuple[Any, Any]] = []
    for taken in range(rounds):
        direction = -_times_inverse_curvature(gradient, moves)
        slope = float((direction * gradient).sum())
        if not slope < 0:
            return x, value, taken
        step = 1.0 if moves else 1.0 / max(1.0, float(np.sqrt((gradient**2).sum())))
        for _ in range(_HALVINGS):
            other = x + step * direction
            lower, new = function(other)
            if lower <= value + _DESCENT * step * slope:
                break
            step /= 2
        else:
            return x, value, taken
        along, change = other - x, new - gradient
        if (along * change).sum() > 1e-12 * (change**2).sum():  # curved upwards
            moves = [*moves[1 - _KEPT :], (along, change)]
        enough = value - lower <= tolerance * max(abs(value), abs(lower))
        x, value, gradient = other, lower, new
        if enough:
            return x, value, taken + 1
    return x, value, rounds


def _times_inverse_curvature(gradient: Any, moves: list[tuple[Any, Any]]) -> Any:
    """The two loops, from the last moves and what they changed in the gradient."""
    result, shares = gradient, []
    for along, change in reversed(moves):
        share = (along * result).sum() / (along * change).sum()
        shares.append(share)
        result = result - share * change
    if moves:
        along, change = moves[-1]
        result = result * ((along * change).sum() / (change**2).sum())
    for (along, change), share in zip(moves, reversed(shares), strict=True):
        result = result + along * (share - (change * result).sum() / (along * change).sum())
    return result
