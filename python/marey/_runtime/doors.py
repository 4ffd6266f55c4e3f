"""How input reaches native code: by its type, without a silent copy between devices or change of dtype.

An operation's body sees NumPy arrays only or torch tensors only. ``numpy.ndarray`` and ``torch.Tensor`` pass as they
are; any other array with ``__dlpack__`` (CuPy, JAX, ...) goes in zero-copy and comes back as the caller's own type;
lists, tuples and data frame columns become NumPy arrays.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import numpy as np

__all__ = ["door", "is_half", "is_torch"]

P = ParamSpec("P")
R = TypeVar("R")


def is_torch(array: Any) -> bool:
    """Whether this is a torch tensor; torch is not imported to find out."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(array, torch.Tensor)


def door(
    *names: str, halves: tuple[str, ...] = (), narrow: bool = True, halves_on_gpu: tuple[str, ...] = ()
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorates an operation whose arguments ``names`` are arrays (or None).

    ``halves`` are signals that may be float16 or bfloat16 tensors: then everything of half precision is computed in
    float32, and the first output comes back as the signal came (with ``narrow``), states stay float32. With
    ``halves_on_gpu``, a tuple of dtypes, the kernels on a GPU read and write these themselves.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        positions = list(inspect.signature(function).parameters)

        @functools.wraps(function)
        def enter(*args: P.args, **kwargs: P.kwargs) -> R:
            arrays: dict[str, Any] = {
                n: a for n, a in zip(positions, args, strict=False) if n in names and a is not None
            }
            arrays.update({n: a for n, a in kwargs.items() if n in names and a is not None})
            if all(type(a) is np.ndarray for a in arrays.values()):
                return function(*args, **kwargs)
            if all(is_torch(a) for a in arrays.values()):
                _check_one_device(arrays)
                from marey._runtime import torch_ops  # noqa: F401  (loads and registers the operations)

                half = next((arrays[n].dtype for n in halves if n in arrays and is_half(arrays[n])), None)
                on_gpu = next(iter(arrays.values())).is_cuda
                if half is None or (on_gpu and str(half).removeprefix("torch.") in halves_on_gpu):
                    return function(*args, **kwargs)
                wide = {n: a.float() for n, a in arrays.items() if is_half(a)}
                given: Any = dict(zip(positions, args, strict=False)) | kwargs | wide
                answer: R = function(**given)  # type: ignore[call-arg]
                return _narrowed(answer, half) if narrow else answer
            brought, back = _bring(arrays)
            merged: Any = dict(zip(positions, args, strict=False)) | kwargs | brought
            result: R = back(function(**merged))  # type: ignore[call-arg]
            return result

        return enter

    return decorate


def is_half(tensor: Any) -> bool:
    """Whether a torch tensor is float16 or bfloat16."""
    return bool(tensor.is_floating_point()) and tensor.dtype.itemsize == 2


def _narrowed(result: Any, dtype: Any) -> Any:
    """The first output in ``dtype``; the states behind it as they are."""
    return (result[0].to(dtype), *result[1:]) if isinstance(result, tuple) else result.to(dtype)


def _check_one_device(tensors: dict[str, Any]) -> None:
    (first_name, first), *others = tensors.items()
    for name, tensor in others:
        if tensor.device != first.device:
            raise TypeError(
                f"`{name}` is on {tensor.device} and `{first_name}` on {first.device}; move them to one device"
            )


def _kind(array: Any) -> str:
    if is_torch(array):
        return "torch.Tensor"
    if isinstance(array, np.ndarray):
        return "numpy.ndarray"
    if hasattr(array, "__dlpack__") and hasattr(array, "__dlpack_device__"):
        return f"{type(array).__module__.partition('.')[0]}.{type(array).__name__}"
    return "list"  # anything that NumPy makes an array of


def _bring(arrays: dict[str, Any]) -> tuple[dict[str, Any], Callable[[Any], Any]]:
    kinds = {name: _kind(array) for name, array in arrays.items()}
    strong = {kind: name for name, kind in reversed(kinds.items()) if kind != "list"}
    if len(strong) > 1:
        told = ", ".join(f"`{name}` is a {kind}" for kind, name in sorted(strong.items()))
        raise TypeError(f"{told}; pass arrays of one kind")
    if not strong or "numpy.ndarray" in strong:
        return {name: np.asarray(array) for name, array in arrays.items()}, lambda result: result
    (kind, strong_name) = next(iter(strong.items()))
    weak = [name for name, k in kinds.items() if k == "list"]
    if weak:
        raise TypeError(
            f"`{weak[0]}` is a {type(arrays[weak[0]]).__name__} and `{strong_name}` a {kind}; pass arrays of one kind"
        )
    return _by_dlpack(arrays)


def _by_dlpack(arrays: dict[str, Any]) -> tuple[dict[str, Any], Callable[[Any], Any]]:
    cpu = 1  # kDLCPU
    some = next(iter(arrays.values()))
    module = sys.modules[type(some).__module__.partition(".")[0]]
    from_dlpack = getattr(module, "from_dlpack", None) or module.dlpack.from_dlpack
    if all(array.__dlpack_device__()[0] == cpu for array in arrays.values()):
        brought = {name: np.from_dlpack(array) for name, array in arrays.items()}
    else:
        import torch

        from marey._runtime import torch_ops  # noqa: F401

        brought = {name: torch.from_dlpack(array) for name, array in arrays.items()}
        _check_one_device(brought)

    def back(result: Any) -> Any:
        return tuple(back(r) for r in result) if isinstance(result, tuple) else from_dlpack(result)

    return brought, back
