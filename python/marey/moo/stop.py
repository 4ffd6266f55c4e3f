"""When a run ends before its budget is spent: after some time, at a target, when the hypervolume stalls."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from marey.moo._points import as_count, as_floats
from marey.moo.hypervolume import hypervolume

if TYPE_CHECKING:
    from marey.moo.optimizer import Optimizer

__all__ = ["HVStall", "Stop", "Target", "Wall"]


class Stop(ABC):
    """A condition asked after every generation. `state` is what a checkpoint keeps of it."""

    @abstractmethod
    def reason(self, optimizer: Optimizer) -> str | None:
        """Why the run ends now, or None."""

    @property
    def state(self) -> dict[str, Any]:
        """The arguments and the memory, as JSON has them."""
        return {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in vars(self).items()}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self.state.items() if v is not None)})"


class Wall(Stop):
    """Ends after some seconds of `minimize`, those before a resumption included.

    Examples
    --------
    >>> from marey.moo import stop
    >>> stop.Wall(60.0)
    Wall(seconds=60.0)
    """

    def __init__(self, seconds: float) -> None:
        if not seconds > 0:
            raise ValueError(f"`seconds` is {seconds}; expected a positive number")
        self.seconds = float(seconds)

    def reason(self, optimizer: Optimizer) -> str | None:
        return "wall" if optimizer.elapsed_s >= self.seconds else None


class Target(Stop):
    """Ends when a feasible point is as good as `F` in every objective, or the hypervolume below `ref` reaches `hv`.

    Examples
    --------
    >>> from marey.moo import stop
    >>> stop.Target([0.1, 0.2])
    Target(F=[0.1, 0.2])
    """

    def __init__(self, F: Any = None, *, hv: float | None = None, ref: Any = None) -> None:
        if (F is None) == (hv is None):
            raise ValueError("`F` or `hv` is left out, or both are given; expected one of them")
        if hv is not None and ref is None:
            raise ValueError("`ref` is left out; expected a reference point with `hv`")
        self.F = None if F is None else np.atleast_1d(as_floats("F", F))
        self.hv = None if hv is None else float(hv)
        self.ref = None if ref is None else as_floats("ref", ref)

    def reason(self, optimizer: Optimizer) -> str | None:
        F = optimizer.result().F
        if self.F is not None:
            if self.F.shape != (optimizer.n_obj,):
                raise ValueError(f"`F` of the target has shape {self.F.shape}; expected ({optimizer.n_obj},)")
            return "target" if (F <= self.F).all(axis=1).any() else None
        return "target" if len(F) and hypervolume(F, self.ref) >= self.hv else None


class HVStall(Stop):
    """Ends when the best hypervolume has not grown by a share of more than `tol` for `generations`.

    Parameters
    ----------
    generations : int
        How long nothing may happen.
    tol : float
        Growth below this share of the hypervolume is nothing.
    ref : (n_obj,) array_like, optional
        Reference point; left out, a tenth of the range beyond the worst of the first feasible front.

    Examples
    --------
    >>> from marey.moo import stop
    >>> stop.HVStall(50)
    HVStall(generations=50, tol=1e-06, best=0.0, since=0)
    """

    def __init__(self, generations: int, *, tol: float = 1e-6, ref: Any = None) -> None:
        self.generations = as_count("generations", generations)
        self.tol = float(tol)
        self.ref = None if ref is None else as_floats("ref", ref)
        self.best = 0.0
        self.since = 0

    def reason(self, optimizer: Optimizer) -> str | None:
        F = optimizer.result().F
        if len(F) == 0:
            return None
        if self.ref is None:
            self.ref = reference_of(F)
        volume = float(hypervolume(F, self.ref))
        if volume > self.best * (1 + self.tol):
            self.best, self.since = volume, optimizer.generation
        return "stalled hypervolume" if optimizer.generation - self.since >= self.generations else None


def reference_of(F: Any) -> Any:
    """A tenth of the range beyond the worst value of each objective."""
    low, high = F.min(axis=0), F.max(axis=0)
    return high + 0.1 * np.where(high > low, high - low, np.maximum(np.abs(high), 1.0))


def as_stops(stop: Any) -> list[Stop]:
    """One condition or several, as a list."""
    stops = [stop] if isinstance(stop, Stop) else list(stop) if isinstance(stop, Iterable) else [stop]
    for condition in stops:
        if not isinstance(condition, Stop):
            raise TypeError(f"`stop` holds {condition!r}; expected marey.moo.stop.Wall, Target, HVStall or a Stop")
    return stops


def restored(name: str, state: dict[str, Any]) -> Stop | None:
    """A condition of this module as a checkpoint kept it; None for one that is not of this module."""
    kinds: dict[str, type[Stop]] = {"Wall": Wall, "Target": Target, "HVStall": HVStall}
    if name not in kinds:
        return None
    condition = kinds[name].__new__(kinds[name])
    for key, value in state.items():
        setattr(condition, key, np.array(value, float) if isinstance(value, list) else value)
    return condition
