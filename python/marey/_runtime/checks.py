"""Checks of arguments. Each message names the argument, what it is, and the rule."""

from __future__ import annotations

from typing import Any

__all__ = ["check_dtype", "check_same_dtype", "check_shape", "dtype_name"]


def dtype_name(array: Any) -> str:
    """``float32`` for a NumPy array and a torch tensor alike."""
    return str(array.dtype).removeprefix("torch.")


def check_dtype(name: str, array: Any, allowed: tuple[str, ...]) -> None:
    if dtype_name(array) not in allowed:
        raise TypeError(f"`{name}` has dtype {dtype_name(array)}; expected {' or '.join(allowed)}")


def check_same_dtype(name: str, array: Any, other_name: str, other: Any) -> None:
    if array.dtype != other.dtype:
        raise TypeError(f"`{name}` has dtype {dtype_name(array)}; expected {dtype_name(other)}, that of `{other_name}`")


def check_shape(name: str, array: Any, expected: tuple[int, ...], meaning: str) -> None:
    if tuple(array.shape) != tuple(expected):
        raise ValueError(f"`{name}` has shape {tuple(array.shape)}; expected {meaning} = {tuple(expected)}")
