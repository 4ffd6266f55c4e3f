"""The elastic distances, by the table of each definition, one pair after the other.

``table[i, j]`` compares the first i steps of x with the first j of y; cells with |i - j| > window stay out of reach.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["elastic", "pair"]


def elastic(
    x: Any,
    y: Any,
    measure: str,
    *,
    window: Any = None,
    x_lengths: Any = None,
    y_lengths: Any = None,
    **parameters: Any,
) -> Any:
    xs, ys = ([a[:, :n] for a, n in zip(*both, strict=True)] for both in (_cut(x, x_lengths), _cut(y, y_lengths)))
    values = [pair(a, b, measure, window, **parameters) for a, b in zip(xs, ys, strict=True)]
    return np.array(values, dtype=np.float64)


def _cut(values: Any, lengths: Any) -> tuple[Any, Any]:
    values = np.asarray(values, dtype=np.float64)
    values = values[:, None, :] if values.ndim == 2 else values
    return values, np.full(len(values), values.shape[2]) if lengths is None else lengths


def pair(x: Any, y: Any, measure: str, window: Any = None, **parameters: Any) -> float:
    """x: (channels, n), y: (channels, m)."""
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return np.nan
    if x.shape[1] == 0 and y.shape[1] == 0:
        return 0.0
    return _MEASURES[measure](x, y, np.inf if window is None else window, **parameters)


def _fill(n: int, m: int, window: float, border: tuple[Any, Any], cell: Callable[[Any, int, int], float]) -> Any:
    """A table with its borders' values where the window lets them be."""
    table = np.full((n + 1, m + 1), np.inf)
    for i in range(n + 1):
        for j in range(m + 1):
            if abs(i - j) > window:
                continue
            if i == 0 and j == 0:
                table[i, j] = 0.0
            elif i == 0 or j == 0:
                table[i, j] = border[0][j] if i == 0 else border[1][i]
            else:
                table[i, j] = cell(table, i, j)
    return table


def _nowhere(n: int, m: int) -> tuple[Any, Any]:
    return np.full(m + 1, np.inf), np.full(n + 1, np.inf)


def _apart(a: Any, b: Any) -> float:
    return float(np.sqrt(((a - b) ** 2).sum()))


def _lcss(x: Any, y: Any, window: float, epsilon: float = 1.0) -> float:
    n, m = x.shape[1], y.shape[1]
    common = np.zeros((n + 1, m + 1))  # cells beyond the window count too: only their match is forbidden
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            if abs(i - j) <= window and _apart(x[:, i - 1], y[:, j - 1]) <= epsilon:
                common[i, j] = common[i - 1, j - 1] + 1
            else:
                common[i, j] = max(common[i - 1, j], common[i, j - 1])
    return 1.0 if min(n, m) == 0 else float(1.0 - common[n, m] / min(n, m))


def _edr(x: Any, y: Any, window: float, epsilon: float | None = None) -> float:
    n, m = x.shape[1], y.shape[1]
    if epsilon is None:
        epsilon = max((float(np.std(s)) for s in (x, y) if s.size), default=0.0) / 4

    def cell(table: Any, i: int, j: int) -> float:
        differ = _apart(x[:, i - 1], y[:, j - 1]) > epsilon
        return float(min(table[i - 1, j] + 1, table[i, j - 1] + 1, table[i - 1, j - 1] + differ))

    return float(_fill(n, m, window, (np.arange(m + 1.0), np.arange(n + 1.0)), cell)[n, m] / max(n, m))


def _erp(x: Any, y: Any, window: float, g: Any = 0.0) -> float:
    n, m = x.shape[1], y.shape[1]
    gap = np.broadcast_to(np.asarray(g, dtype=np.float64), (x.shape[0],))
    of_x, of_y = ([_apart(step, gap) for step in s.T] for s in (x, y))

    def cell(table: Any, i: int, j: int) -> float:
        match = table[i - 1, j - 1] + _apart(x[:, i - 1], y[:, j - 1])
        return float(min(match, table[i - 1, j] + of_x[i - 1], table[i, j - 1] + of_y[j - 1]))

    border = tuple(np.concatenate([[0.0], np.cumsum(gaps)]) for gaps in (of_y, of_x))
    return float(_fill(n, m, window, (border[0], border[1]), cell)[n, m])


def _msm(x: Any, y: Any, window: float, c: float = 1.0) -> float:
    return float(sum(_msm_of_channel(a, b, window, c) for a, b in zip(x, y, strict=True)))


def _msm_of_channel(x: Any, y: Any, window: float, c: float) -> float:
    n, m = len(x), len(y)

    def change(value: float, before: float, other: float) -> float:
        if before <= value <= other or other <= value <= before:
            return c
        return c + min(abs(value - before), abs(value - other))

    def cell(table: Any, i: int, j: int) -> float:
        least = table[i - 1, j - 1] + abs(x[i - 1] - y[j - 1])
        if i > 1:
            least = min(least, table[i - 1, j] + change(x[i - 1], x[i - 2], y[j - 1]))
        if j > 1:
            least = min(least, table[i, j - 1] + change(y[j - 1], x[i - 1], y[j - 2]))
        return float(least)

    return float(_fill(n, m, window, _nowhere(n, m), cell)[n, m])


def _twe(x: Any, y: Any, window: float, nu: float = 0.001, lmbda: float = 1.0) -> float:
    n, m = x.shape[1], y.shape[1]
    x, y = (np.concatenate([np.zeros((len(s), 1)), s], axis=1) for s in (x, y))  # both begin at 0

    def cell(table: Any, i: int, j: int) -> float:
        leave_x = table[i - 1, j] + _apart(x[:, i], x[:, i - 1]) + nu + lmbda
        leave_y = table[i, j - 1] + _apart(y[:, j], y[:, j - 1]) + nu + lmbda
        match = _apart(x[:, i], y[:, j]) + _apart(x[:, i - 1], y[:, j - 1]) + 2 * nu * abs(i - j)
        return float(min(leave_x, leave_y, table[i - 1, j - 1] + match))

    return float(_fill(n, m, window, _nowhere(n, m), cell)[n, m])


def _wdtw(x: Any, y: Any, window: float, g: float = 0.05) -> float:
    n, m = x.shape[1], y.shape[1]
    middle = max(n, m) / 2

    def cell(table: Any, i: int, j: int) -> float:
        weight = 1 / (1 + np.exp(-g * (abs(i - j) - middle)))
        square = ((x[:, i - 1] - y[:, j - 1]) ** 2).sum()
        return float(weight * square + min(table[i - 1, j], table[i, j - 1], table[i - 1, j - 1]))

    return float(_fill(n, m, window, _nowhere(n, m), cell)[n, m])


_MEASURES: dict[str, Callable[..., float]] = {
    "lcss": _lcss,
    "erp": _erp,
    "edr": _edr,
    "msm": _msm,
    "twe": _twe,
    "wdtw": _wdtw,
}
