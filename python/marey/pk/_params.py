"""Parameters of a closed form: by position or by name, checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from marey._runtime.doors import is_torch
from marey.pk.compartments import Compartments

__all__ = ["check_dtype", "check_params", "stacked"]


def stacked(params: Any, names: tuple[str, ...], optional: Mapping[str, float]) -> Any:
    """(N, p) or (p,) from an array, a tensor, or a mapping by name; the optional ones follow where any is given."""
    if not isinstance(params, Mapping):
        if is_torch(params):
            return params
        values = np.asarray(params)
        return values.astype(np.float64) if values.dtype.kind in "iu" else values
    told = ", ".join(names) + (f", and {', '.join(optional)}" if optional else "")
    for name in params:
        if name not in names and name not in optional:
            raise ValueError(f"`params` has an unknown name {name!r}; expected {told}")
    for name in names:
        if name not in params:
            raise ValueError(f"`params` has no {name!r}; expected {told}")
    if any(name in params for name in optional):
        names = (*names, *optional)
    columns: list[Any] = [params[name] if name in params else optional[name] for name in names]
    if any(is_torch(column) for column in columns):
        import torch

        like = next(column for column in columns if is_torch(column))
        made = [torch.as_tensor(column, dtype=like.dtype, device=like.device) for column in columns]
        return torch.stack(torch.broadcast_tensors(*made), dim=-1)
    arrays = [np.asarray(column) for column in columns]
    single = any(a.dtype == np.float32 for a in arrays) and not any(a.dtype == np.float64 and a.ndim for a in arrays)
    try:
        return np.stack(np.broadcast_arrays(*arrays), axis=-1).astype(np.float32 if single else np.float64)
    except ValueError:
        shapes = ", ".join(f"{name} {a.shape}" for name, a in zip(names, arrays, strict=True))
        raise ValueError(f"`params` has shapes {shapes}; expected numbers or (N,)") from None


def check_dtype(values: Any) -> Any:
    name = str(values.dtype).removeprefix("torch.")
    if name not in ("float32", "float64"):
        raise TypeError(f"`params` has dtype {name}; expected float32 or float64")
    return values.dtype


def check_params(form: Compartments, params: np.ndarray[Any, Any], n: int) -> bool:
    """Whether F and LAG are among them."""
    names = form.parameters
    if params.ndim not in (1, 2) or params.shape[-1] not in (len(names), len(names) + 2):
        expected = f"(N, {len(names)}) or ({len(names)},) for {', '.join(names)}; F and LAG may follow"
        raise ValueError(f"`params` has shape {params.shape}; expected {expected}")
    if params.ndim == 2 and params.shape[0] != n:
        raise ValueError(f"`params` has {params.shape[0]} rows; `events` has {n} subjects")
    fine = np.isfinite(params)
    fine[..., : len(names)] &= params[..., : len(names)] > 0
    fine[..., len(names) :] &= params[..., len(names) :] >= 0
    if not fine.all():
        *row, k = np.argwhere(~fine)[0]
        value = params[(*row, k)]
        place = f" in row {row[0]}" if row else ""
        rule = "> 0" if k < len(names) else ">= 0"
        told = "NaN" if np.isnan(value) else f"{value:g}"
        raise ValueError(f"`params` has {(*names, 'F', 'LAG')[k]} = {told}{place}; expected a finite number {rule}")
    return bool(params.shape[-1] > len(names))
