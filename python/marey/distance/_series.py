"""What the distances share: checks of sets of series and the layout that the kernels take."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from marey._runtime.checks import check_dtype, check_same_dtype
from marey._runtime.specs import Inputs
from marey.ragged._rows import contiguous

__all__ = ["channels_of", "check_pair", "check_series", "layout", "reach", "set_arguments", "sets_of_inputs"]

_UNBOUNDED = 2**62  # wider than any series, and twice it still fits int64's range


def check_series(name: str, values: Any, offsets_name: str, offsets: Any) -> None:
    check_dtype(name, values, ("float32", "float64"))
    if offsets is None:
        if values.ndim not in (2, 3):
            raise ValueError(f"`{name}` has shape {tuple(values.shape)}; expected (n, L) or (n, d, L)")
        return
    check_dtype(offsets_name, offsets, ("int64",))
    if offsets.ndim != 1 or offsets.shape[0] < 1:
        raise ValueError(f"`{offsets_name}` has shape {tuple(offsets.shape)}; expected (n + 1,)")
    if values.ndim not in (1, 2):
        raise ValueError(
            f"`{name}` has shape {tuple(values.shape)}; expected (total,) or (d, total) with `{offsets_name}`"
        )


def check_pair(X: Any, Y: Any, x_offsets: Any, y_offsets: Any) -> None:
    check_series("X", X, "x_offsets", x_offsets)
    if Y is None:
        if y_offsets is not None:
            raise ValueError("`y_offsets` was given without `Y`; those of `X` are `x_offsets`")
        return
    check_series("Y", Y, "y_offsets", y_offsets)
    check_same_dtype("Y", Y, "X", X)
    d, e = channels_of(X, x_offsets), channels_of(Y, y_offsets)
    if d != e:
        raise ValueError(f"`Y` has {e} channels and `X` {d}; expected the same number")


def channels_of(values: Any, offsets: Any) -> int:
    if offsets is None:
        return 1 if values.ndim == 2 else int(values.shape[1])
    return 1 if values.ndim == 1 else int(values.shape[0])


def layout(values: Any, offsets: Any) -> Any:
    """Contiguous (n, d, L), or (d, total) for packed series."""
    values = contiguous(values)
    if offsets is None:
        return values[:, None, :] if values.ndim == 2 else values
    return values[None, :] if values.ndim == 1 else values


def reach(window: Any) -> int:
    """``window`` as a whole number of steps; None reaches everywhere."""
    if window is None:
        return _UNBOUNDED
    try:
        steps = operator.index(window)
    except TypeError:
        raise TypeError(f"`window` is {window!r}; expected a whole number of steps, or None") from None
    if steps < 0:
        raise ValueError(f"`window` is {steps}; expected 0 or more steps, or None")
    return min(steps, _UNBOUNDED)


def set_arguments(X: Any, Y: Any, x_offsets: Any, y_offsets: Any, window: Any) -> tuple[Any, ...]:
    """Two sets as the kernels take them."""
    return (
        layout(X, x_offsets),
        None if Y is None else layout(Y, y_offsets),
        None if x_offsets is None else contiguous(x_offsets),
        None if y_offsets is None else contiguous(y_offsets),
        reach(window),
    )


def sets_of_inputs(
    rng: np.random.Generator, x: Any, y: Any = None, channels: int = 1, nan: bool = False, **more: Any
) -> Inputs:
    """Sets for cases; ``x`` and ``y``: the shape of a batch, or a list of lengths."""
    inputs: Inputs = {"window": None, **more}
    for name, given in (("X", x), ("Y", y)):
        if isinstance(given, list):
            offsets = np.concatenate([[0], np.cumsum(given)]).astype(np.int64)
            inputs[name], inputs[f"{name.lower()}_offsets"] = rng.normal(size=(channels, offsets[-1])), offsets
        elif given is not None:
            inputs[name] = rng.normal(size=given)
    if nan:
        inputs["X"][..., 1, -1] = np.nan
        inputs["Y"][..., 0, 2] = np.inf
    return inputs
