"""marey: a native compute engine for health time series."""

from __future__ import annotations

import importlib
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from marey._runtime.threads import get_num_threads as get_num_threads
from marey._runtime.threads import set_num_threads as set_num_threads
from marey.errors import BackendError as BackendError
from marey.errors import TraceError as TraceError

if TYPE_CHECKING:
    from marey import actigraphy as actigraphy
    from marey import distance as distance
    from marey import ecg as ecg
    from marey import entropy as entropy
    from marey import events as events
    from marey import features as features
    from marey import filters as filters
    from marey import graph as graph
    from marey import kernels as kernels
    from marey import math as math
    from marey import moo as moo
    from marey import nn as nn
    from marey import ode as ode
    from marey import pk as pk
    from marey import profile as profile
    from marey import ragged as ragged
    from marey import scan as scan
    from marey import spectral as spectral
    from marey import state_space as state_space
    from marey import study as study
    from marey import survival as survival
    from marey import waveforms as waveforms
    from marey._model.model import Model as Model
    from marey._model.model import model as model
    from marey._runtime.doctor import doctor as doctor
    from marey._runtime.verify import verify as verify

# Domains load at their first use: `import marey` stays fast and needs NumPy alone.
_DOMAINS = (
    "actigraphy",
    "distance",
    "ecg",
    "entropy",
    "events",
    "features",
    "filters",
    "graph",
    "kernels",
    "math",
    "moo",
    "nn",
    "ode",
    "pk",
    "profile",
    "ragged",
    "scan",
    "spectral",
    "state_space",
    "study",
    "survival",
    "waveforms",
)

# Names of the package that live deeper.
_NAMES = {
    "Model": "marey._model.model",
    "doctor": "marey._runtime.doctor",
    "model": "marey._model.model",
    "verify": "marey._runtime.verify",
}

__all__ = ["BackendError", "Model", "TraceError", "doctor", "get_num_threads", "model", "set_num_threads", "verify"]

try:
    __version__ = version("marey")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+unknown"


def __getattr__(name: str) -> Any:
    if name in _DOMAINS:
        return importlib.import_module(f"marey.{name}")
    if name in _NAMES:
        return getattr(importlib.import_module(_NAMES[name]), name)
    raise AttributeError(f"module 'marey' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*__all__, *_DOMAINS, "__version__"})
