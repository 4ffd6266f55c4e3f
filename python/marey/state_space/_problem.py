"""What the Kalman operations share: their arguments, checked and laid out for the kernels, and their result."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from marey._runtime.checks import check_dtype, check_same_dtype, check_shape, dtype_name
from marey._runtime.doors import is_torch
from marey.state_space.models import Model

__all__ = ["ARRAYS", "Estimate", "Problem", "as_problem", "contiguous", "named"]

ARRAYS = ("y", "F", "H", "Q", "R", "x0", "P0", "mask", "dt")


class Estimate(NamedTuple):
    """Of the state, step by step; unpacks as ``mean, cov, loglik``.

    Attributes
    ----------
    mean : (B, n, T)
    cov : (B, n, n, T), or None where not asked for
    loglik : (B,)
        Log-likelihood of each series' observations.
    """

    mean: Any
    cov: Any
    loglik: Any

    @property
    def status(self) -> Any:
        """(B,) int64: -1 where all went well, else the first step at which the series failed.

        A series fails where the variance of an innovation is not positive and finite, or an observed value is NaN; its
        mean is NaN from that step on, its loglik NaN, and no other series notices. A smoothed series fails as a whole.
        """
        if is_torch(self.mean):
            import torch

            failed = self.mean.isnan().any(-2)
            first = (~failed).long().cumprod(-1).sum(-1)
            return torch.where(first == failed.shape[-1], -1, first)
        failed = np.isnan(self.mean).any(-2)
        first = np.cumprod(~failed, -1, dtype=np.int64).sum(-1)
        return np.where(first == failed.shape[-1], -1, first)


class Problem(NamedTuple):
    """Arguments as the kernels take them, in their order; series first, one where shared."""

    y: Any  # (B, m, T)
    F: Any  # (1 or B, 1 or T, n, n), None with a model
    H: Any
    Q: Any
    R: Any
    x0: Any  # (1 or B, n)
    P0: Any  # (1 or B, n, n)
    mask: Any
    dt: Any  # (1 or B, T), with a model
    parameters: Any  # (1 or B, 2), with a model
    model: int
    continued: bool


def named(F: Any, Q: Any, dt: Any) -> Model | None:
    """The model where ``F`` names one; then ``Q`` and ``dt`` must fit."""
    if not isinstance(F, Model):
        if dt is not None:
            raise TypeError("`dt` needs a model of marey.state_space.models as `F`; leave it out with arrays")
        return None
    if Q is not None:
        raise TypeError(f"`Q` must be None: the model {F.name} gives its own")
    if dt is None:
        raise TypeError(f"the model {F.name} needs `dt`")
    return F


def contiguous(array: Any) -> Any:
    return array.contiguous() if is_torch(array) else np.ascontiguousarray(array)


def as_problem(
    y: Any,
    F: Any,
    H: Any,
    Q: Any,
    R: Any,
    x0: Any,
    P0: Any,
    mask: Any,
    dt: Any,
    model: Model | None,
    steps: int,
    continued: bool,
) -> Problem:
    """Checks everything and lays it out."""
    check_dtype("y", y, ("float32", "float64"))
    given = (("F", F), ("H", H), ("Q", Q), ("R", R)) if model is None else (("dt", dt), ("H", H), ("R", R))
    for name, array in given:
        check_same_dtype(name, array, "y", y)
    if dtype_name(x0) != "float64":
        check_same_dtype("x0", x0, "y", y)
    check_same_dtype("P0", P0, "x0", x0)
    if y.ndim not in (2, 3):
        raise ValueError(f"`y` has shape {tuple(y.shape)}; expected (B, m, T) or (m, T)")
    if not isinstance(steps, int) or steps < 0:
        raise ValueError(f"`steps` is {steps!r}; expected an int >= 0")
    alone = y.ndim == 2
    if mask is not None:
        check_dtype("mask", mask, ("bool",))
        if mask.ndim == y.ndim:
            check_shape("mask", mask, tuple(y.shape), "(B, m, T)")
        else:
            check_shape("mask", mask, (*y.shape[:-2], y.shape[-1]), "(B, T) or (B, m, T)")
        mask = mask[None] if alone else mask
    y = y[None] if alone else y
    if steps:
        y, mask = _past_the_end(y, mask, steps)
    B, m, T = y.shape
    if m < 1:
        raise ValueError(f"`y` has shape {tuple(y.shape)}; expected at least one output")
    if x0.ndim not in (1, 2) or x0.shape[-1] < 1:
        raise ValueError(f"`x0` has shape {tuple(x0.shape)}; expected (n,) or (B, n)")
    n = x0.shape[-1]
    x0, P0 = _state("x0", x0, B, (n,), "(n,)"), _state("P0", P0, B, (n, n), "(n, n)")
    H, R = _matrix("H", H, B, T, (m, n), "m, n", alone), _matrix("R", R, B, T, (m, m), "m, m", alone)
    parameters = None
    if model is None:
        F, Q = _matrix("F", F, B, T, (n, n), "n, n", alone), _matrix("Q", Q, B, T, (n, n), "n, n", alone)
    else:
        if model.n != n:
            raise ValueError(f"`x0` has {n} states; the model {model.name} has {model.n}")
        if dt.ndim == 1:
            dt = dt[None]
        if tuple(dt.shape) not in {(1, T), (B, T)}:
            raise ValueError(
                f"`dt` has shape {tuple(dt.shape)}; expected (T,) or (B, T) = {(B, T)}, forecasts included"
            )
        F, parameters = None, _parameters(model, y, B)
    y, F, H, Q, R, x0, P0, mask, dt, parameters = (
        None if a is None else contiguous(a) for a in (y, F, H, Q, R, x0, P0, mask, dt, parameters)
    )
    kind = 0 if model is None else model.kind
    return Problem(y, F, H, Q, R, x0, P0, mask, dt, parameters, kind, bool(continued))


def _past_the_end(y: Any, mask: Any, steps: int) -> tuple[Any, Any]:
    """Steps more, none of them observed."""
    if is_torch(y):
        import torch

        mask = y.new_ones(y.shape[0], y.shape[-1], dtype=torch.bool) if mask is None else mask
        return torch.nn.functional.pad(y, (0, steps)), torch.nn.functional.pad(mask, (0, steps))
    mask = np.ones((y.shape[0], y.shape[-1]), dtype=bool) if mask is None else mask
    return tuple(np.pad(a, [(0, 0)] * (a.ndim - 1) + [(0, steps)]) for a in (y, mask))  # type: ignore[return-value]


def _state(name: str, array: Any, B: int, shape: tuple[int, ...], meaning: str) -> Any:
    if tuple(array.shape) == shape:
        return array[None]
    if tuple(array.shape) not in {(B, *shape), (1, *shape)}:
        expected = f"{meaning} = {shape} or (B, {meaning[1:]} = {(B, *shape)}"
        raise ValueError(f"`{name}` has shape {tuple(array.shape)}; expected {expected}")
    return array


def _matrix(name: str, array: Any, B: int, T: int, shape: tuple[int, int], meaning: str, alone: bool) -> Any:
    """(1 or B, 1 or T, rows, columns)."""
    leading, trailing = tuple(array.shape[:-2]), tuple(array.shape[-2:])
    if array.ndim >= 2 and trailing == shape:
        if not leading:
            return array[None, None]
        if len(leading) == 2 and leading[0] in (1, B) and leading[1] in (1, T):
            return array
        if len(leading) == 1:
            by_series, by_step = leading[0] in (1, B) and not alone, leading[0] in (1, T)
            if by_series and by_step and leading[0] != 1:
                raise ValueError(
                    f"`{name}` has shape {tuple(array.shape)}, which could be one for each of {B} series or "
                    f"for each of {T} steps; make it (B, 1, {meaning}) or (1, T, {meaning})"
                )
            if by_series:
                return array[:, None]
            if by_step:
                return array[None]
    raise ValueError(
        f"`{name}` has shape {tuple(array.shape)}; expected ({meaning}) = {shape}, with (B, ...), (T, ...) or "
        f"(B, T, ...) before it, B = {B}, T = {T}"
    )


def _parameters(model: Model, y: Any, B: int) -> Any:
    """(1 or B, 2)"""
    values = model.parameters
    if is_torch(y):
        import torch

        tensors = [torch.as_tensor(v, dtype=torch.float64, device=y.device) for v in values]
        stacked = torch.stack(torch.broadcast_tensors(*tensors), -1)
    else:
        if any(is_torch(v) for v in values):
            raise TypeError(f"a parameter of {model.name} is a torch.Tensor and `y` a numpy.ndarray")
        stacked = np.stack(np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in values)), -1)
    stacked = stacked[None] if stacked.ndim == 1 else stacked
    if stacked.shape[0] not in (1, B):
        raise ValueError(f"the parameters of {model.name} have shape {tuple(stacked.shape[:-1])}; expected () or (B,)")
    return stacked
