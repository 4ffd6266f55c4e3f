"""Triton kernels as the CUDA implementation of operators that C++ registers for the CPU: one schema, one gradient.

Called eagerly, an operator launches its kernels. In a compiled graph it is taken apart into them, as
``torch.library.triton_op`` does for operators of its own, so that Inductor plans their buffers and launches.
"""

from __future__ import annotations

import importlib
from typing import Any

from marey.errors import BackendError

__all__ = ["register_triton"]


def register_triton(operator: str, module: str) -> None:
    """``module.operator(*args, launch=...)`` becomes ``marey::operator`` on CUDA tensors; it is imported when called.

    ``launch(kernel)[grid](...)`` is how the function starts its kernels: as they are, or as nodes of a traced graph.
    """
    import torch
    from torch._subclasses.functional_tensor import FunctionalTensorMode

    def function() -> Any:
        try:
            return getattr(importlib.import_module(module), operator)
        except ImportError as error:
            raise BackendError(f"marey::{operator} on a GPU needs Triton ({error}): install triton") from error

    @torch.library.impl(f"marey::{operator}", "cuda")
    def run(*args: Any) -> Any:
        with torch.cuda.device_of(args[0]):
            return function()(*args, launch=lambda kernel: kernel)

    @torch.library.register_torch_dispatch(f"marey::{operator}", FunctionalTensorMode)
    def trace(mode: Any, op: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if args[0].device.type != "cuda" or _exporting():
            return mode.__torch_dispatch__(op, types, args, kwargs)
        with mode:
            return function()(*args, **kwargs, launch=torch.library.wrap_triton)


def _exporting() -> bool:
    # torch.export keeps operators whole: a program with kernels in it could not be saved.
    from torch.export._trace import custom_triton_ops_decomposition_disabled

    return bool(custom_triton_ops_decomposition_disabled())
