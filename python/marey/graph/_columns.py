"""Two groups of subjects as columns: what is measured, what must be equal, what must be near."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Columns"]

Labels = tuple[NDArray[np.int64], NDArray[np.int64]]


@dataclass(frozen=True)
class Columns:
    """The columns of treated and controls by name; categories are codes that both groups share."""

    names: tuple[str, ...]
    treated: NDArray[np.float64]
    control: NDArray[np.float64]
    is_text: tuple[bool, ...]

    @classmethod
    def read(cls, treated: Any, control: Any) -> Columns:
        """Arrays (T, d) and (C, d), or data frames with the same columns."""
        names, first = _columns("treated", treated)
        others, second = _columns("control", control)
        if len(first) != len(second):
            expected = f"expected (C, {len(first)}), the columns of `treated`"
            rows = len(second[0]) if second else 0
            raise ValueError(f"`control` has shape {(rows, len(second))}; {expected}")
        if others != names:
            raise ValueError(f"`control` has columns {list(others)}; expected {list(names)}, those of `treated`")
        is_text = []
        values: tuple[list[Any], list[Any]] = ([], [])
        for x, y in zip(first, second, strict=True):
            text = x.dtype.kind not in "biuf" or y.dtype.kind not in "biuf"
            is_text.append(text)
            if text:
                x, y = _codes_with_missing(x, y)
            values[0].append(np.asarray(x, dtype=np.float64))
            values[1].append(np.asarray(y, dtype=np.float64))
        if not names:
            raise ValueError("`treated` has no columns; expected at least one")
        return cls(names, np.stack(values[0], axis=1), np.stack(values[1], axis=1), tuple(is_text))

    def position(self, argument: str, column: Any) -> int:
        if isinstance(column, str) and column in self.names:
            return self.names.index(column)
        if not isinstance(column, str) and 0 <= int(column) < len(self.names):
            return int(column)
        raise ValueError(f"`{argument}` names column {column!r}; expected one of {list(self.names)}")

    def labels(self, argument: str, given: Any) -> tuple[Labels, list[int]]:
        """Codes of both groups from column names or from a pair of label arrays, and which columns were named."""
        columns = [given] if isinstance(given, (str, int, np.integer)) else list(given)
        if all(isinstance(column, (str, int, np.integer)) for column in columns):
            positions = [self.position(argument, column) for column in columns]
            return _codes(self.treated[:, positions], self.control[:, positions]), positions
        if len(columns) != 2:
            raise ValueError(f"`{argument}` has {len(columns)} items; expected columns, or labels of both groups")
        first, second = (np.asarray(labels) for labels in columns)
        t, c = len(self.treated), len(self.control)
        if first.shape != (t,) or second.shape != (c,):
            raise ValueError(f"`{argument}` has shapes {first.shape} and {second.shape}; expected ({t},) and ({c},)")
        return _codes(first, second), []


def _columns(name: str, value: Any) -> tuple[tuple[str, ...], list[NDArray[Any]]]:
    if hasattr(value, "columns") and hasattr(value, "shape"):
        names = tuple(str(column) for column in value.columns)
        return names, [np.asarray(value[column]) for column in value.columns]
    array = np.asarray(value)
    if array.ndim != 2:
        raise ValueError(f"`{name}` has shape {array.shape}; expected 2 dimensions")
    if array.dtype.kind not in "biuf":
        raise TypeError(f"`{name}` has dtype {array.dtype}; expected real numbers, or a data frame")
    return tuple(f"x{j}" for j in range(array.shape[1])), list(array.T)


def _codes(first: NDArray[Any], second: NDArray[Any]) -> Labels:
    """Equal rows get equal codes; a missing label is one of its own."""
    _, codes = np.unique(np.concatenate([first, second]), axis=0, return_inverse=True)
    codes = codes.reshape(-1).astype(np.int64)
    return codes[: len(first)], codes[len(first) :]


def _codes_with_missing(first: NDArray[Any], second: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    both = np.concatenate([first, second]).astype(object)
    missing = np.array([value is None or value != value for value in both], dtype=bool)
    codes = np.full(len(both), np.nan)
    if not missing.all():
        codes[~missing] = np.unique(both[~missing].astype(str), return_inverse=True)[1]
    return codes[: len(first)], codes[len(first) :]
