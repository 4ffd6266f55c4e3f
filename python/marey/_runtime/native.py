"""Loads the native parts, each at its first use, and says what is missing."""

from __future__ import annotations

import importlib
import importlib.util
from functools import cache
from pathlib import Path
from types import ModuleType

from marey.errors import BackendError

__all__ = ["core", "library", "rust"]

_BUILD_HINT = {
    "_core": "reinstall marey: the C++ core is part of every build",
    "_rust": "build marey where cargo is installed and without -DMAREY_RUST=OFF",
    "_torch": "build marey where torch >= 2.10 is installed and without -DMAREY_TORCH=OFF",
    "_torch_cuda": "build marey where nvcc is found and without -DMAREY_CUDA=OFF",
}


@cache
def _extension(name: str) -> ModuleType:
    try:
        return importlib.import_module(f"marey.{name}")
    except ImportError as error:
        raise BackendError(f"marey.{name} is not here ({error}); {_BUILD_HINT[name]}") from error


def core() -> ModuleType:
    """The C++ core for NumPy arrays."""
    return _extension("_core")


def rust() -> ModuleType:
    """The Rust optimizers."""
    return _extension("_rust")


def library(name: str) -> Path:
    """The path of a library of torch operations, ``_torch`` or ``_torch_cuda``."""
    spec = importlib.util.find_spec("marey")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / f"{name}.so"
        if path.exists():
            return path
    raise BackendError(f"marey/{name}.so is not here; {_BUILD_HINT[name]}")
