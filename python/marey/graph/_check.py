"""The argument checks that the functions of marey.graph share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from marey.graph.graph import Graph


def as_nodes(name: str, value: Any) -> NDArray[np.int64]:
    """`value` as a contiguous (k,) int64 array."""
    array = np.asarray(value)
    if array.ndim != 1:
        raise ValueError(f"`{name}` has shape {array.shape}; expected one dimension")
    if array.dtype.kind not in "iu" and array.size:
        raise TypeError(f"`{name}` has dtype {array.dtype}; expected integers")
    if array.dtype == np.uint64 and array.size and (most := array.max()) >> 63:
        raise ValueError(f"`{name}` has {most}; expected less than 2^63")
    return np.ascontiguousarray(array, dtype=np.int64)


def as_floats(name: str, value: Any, *, ndim: int) -> NDArray[np.float64]:
    """`value` as a contiguous float64 array of `ndim` dimensions."""
    array = np.asarray(value)
    if array.ndim != ndim:
        raise ValueError(f"`{name}` has shape {array.shape}; expected {ndim} dimension{'s' * (ndim > 1)}")
    if array.dtype.kind not in "biuf":
        raise TypeError(f"`{name}` has dtype {array.dtype}; expected real numbers")
    return np.ascontiguousarray(array, dtype=np.float64)


def need_numbers(name: str, values: NDArray[np.float64]) -> None:
    """That none of `values` is NaN."""
    bad = np.flatnonzero(np.isnan(values))
    if len(bad):
        raise ValueError(f"`{name}` is NaN at index {bad[0]}; expected numbers")


def as_count(name: str, value: Any, *, least: int = 0) -> int:
    """`value` as an int of at least `least`."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"`{name}` is {value!r}; expected an integer")
    if value < least:
        raise ValueError(f"`{name}` is {value}; expected at least {least}")
    return int(value)


def need_undirected(graph: Graph, operation: str) -> None:
    if graph.directed:
        raise ValueError(f"`graph` is directed; {operation} needs an undirected graph: graph.to_undirected()")
