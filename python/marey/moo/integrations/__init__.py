"""marey.moo inside other tools: Optuna, pymoo, BoTorch and Ray, each imported when its name is first used."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from marey.errors import BackendError

__all__ = [
    "DominatedPartitioning",
    "FastNondominatedPartitioning",
    "Hypervolume",
    "OptunaSampler",
    "RayExecutor",
    "from_pymoo",
]

_HOME = {
    "DominatedPartitioning": "botorch",
    "FastNondominatedPartitioning": "botorch",
    "Hypervolume": "botorch",
    "OptunaSampler": "optuna",
    "RayExecutor": "ray",
    "from_pymoo": "pymoo",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    library = _HOME[name]
    try:
        module = import_module(f"{__name__}.{library}")
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] != library:
            raise
        raise BackendError(f"{name} needs {library}, which is not installed: pip install {library}") from error
    return getattr(module, name)
