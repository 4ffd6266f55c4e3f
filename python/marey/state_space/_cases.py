"""The cases and tolerances of the Kalman operations' specs."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from marey._runtime.specs import Case, Inputs, Tolerance
from marey.state_space import models as named_models
from marey.state_space._problem import Problem, as_problem, named

__all__ = ["BENCH", "DIFFERENTIABLE", "TOLERANCE", "estimates", "logliks", "models", "problem", "split"]

DIFFERENTIABLE = ("y", "F", "H", "Q", "R", "x0", "P0")

TOLERANCE = {
    "float64": Tolerance(
        1e-9, 1e-9, "scalar updates against one solve a step: rounding by the condition of S, up to 1e4 in these cases"
    ),
    "float32": Tolerance(4e-6, 4e-6, "computed in float64; outputs are rounded to float32, gradients' inputs too"),
}


def _covariance(rng: np.random.Generator, *shape: int, scale: float = 1.0) -> Any:
    root = rng.normal(size=(*shape, shape[-1])) / np.sqrt(shape[-1])
    return scale * (root @ root.swapaxes(-1, -2) + 0.3 * np.eye(shape[-1]))


def _transition(rng: np.random.Generator, *shape: int) -> Any:
    matrix = rng.normal(size=(*shape, shape[-1]))
    return 0.95 * matrix / np.linalg.norm(matrix, ord=2, axis=(-2, -1), keepdims=True)


def _inputs(
    rng: np.random.Generator, B: int, m: int, n: int, T: int, *, mask: str = "", varying: str = "", shared: bool = False
) -> Inputs:
    """``varying`` names matrices to come one for each series (``Fb``), step (``Ft``) or both (``Fbt``)."""
    lead = {}
    for name in "FHQR":
        how = next((word[1:] for word in varying.split() if word[0] == name), "")
        lead[name] = {"": (), "b": (B, 1), "t": (1, T), "bt": (B, T)}[how]
    per_series = () if shared else (B,)
    inputs: Inputs = {
        "y": rng.normal(size=(B, m, T)),
        "F": _transition(rng, *lead["F"], n),
        "H": rng.normal(size=(*lead["H"], m, n)),
        "Q": _covariance(rng, *lead["Q"], n, scale=0.2),
        "R": _covariance(rng, *lead["R"], m),
        "x0": rng.normal(size=(*per_series, n)),
        "P0": _covariance(rng, *per_series, n),
    }
    if mask:
        seen = rng.random((B, m, T) if mask == "per_output" else (B, T)) < 0.6
        inputs["mask"] = seen
        inputs["y"][~np.broadcast_to(seen if mask == "per_output" else seen[:, None], inputs["y"].shape)] = np.nan
    return inputs


def _case(name: str, *shape: int, tags: str = "", **options: Any) -> Case:
    return Case(name, lambda rng: _inputs(rng, *shape, **options), frozenset(tags.split()))


def _with(name: str, *shape: int, tags: str = "", steps: int = 0, continued: bool = False, **options: Any) -> Case:
    extra: Inputs = ({"steps": steps} if steps else {}) | ({"continued": True} if continued else {})
    return Case(name, lambda rng: _inputs(rng, *shape, **options) | extra, frozenset(tags.split()))


def _alone(rng: np.random.Generator) -> Inputs:
    return _inputs(rng, 1, 2, 2, 13, shared=True) | {"y": rng.normal(size=(2, 13))}


def _diagonal(rng: np.random.Generator) -> Inputs:
    return _inputs(rng, 9, 3, 2, 11) | {"R": np.diag([0.5, 1.0, 2.0])}


def logliks() -> tuple[Case, ...]:
    """Cases of every Kalman operation."""
    return (
        _case("shared matrices", 11, 2, 3, 9, tags="odd batch chunks"),
        _case("shared covariances", 11, 2, 2, 71, tags="odd", shared=True),
        _case("scalar observations", 9, 1, 2, 70, tags="odd batch chunks"),
        _case("masked", 9, 2, 3, 13, tags="nan odd batch chunks", mask="shared"),
        _case("masked per output", 9, 3, 4, 7, tags="nan odd batch chunks", mask="per_output"),
        Case("diagonal noise", _diagonal, frozenset({"odd", "batch"})),
        _case("by series", 9, 2, 2, 7, tags="odd", varying="Fb Hb Qb Rb"),
        _case("by step", 9, 2, 2, 7, tags="odd chunks", varying="Ft Ht Qt Rt", shared=True),
        _case("by series and step", 5, 2, 3, 7, tags="odd chunks", varying="Fbt Hbt Qbt Rbt", mask="per_output"),
        _case("ten states", 3, 2, 10, 6, tags="odd batch", mask="per_output"),
        _case("one step", 3, 2, 2, 1, tags="one batch"),
        _case("no steps", 3, 2, 2, 0, tags="empty"),
        _case("no series", 0, 2, 2, 5, tags="empty"),
        Case("alone", _alone),
        _case("for gradients", 2, 2, 2, 4, tags="grad", mask="per_output"),
        _case("for gradients, by step", 2, 1, 2, 3, tags="grad", varying="Fbt Ht Qb Rbt"),
        _with("for gradients, continued", 2, 3, 1, 3, tags="grad", continued=True, shared=True),
        _case("large", 90, 1, 2, 2000, tags="threads", mask="shared"),
        _case("large, shared covariances", 90, 1, 2, 2000, tags="threads", shared=True),
    )


def estimates() -> tuple[Case, ...]:
    """Those of the filter and the smoother: with forecasts too."""
    return (*logliks(), _with("forecast", 5, 2, 2, 6, steps=4, mask="shared"))


def _model(rng: np.random.Generator, model: named_models.Model) -> Inputs:
    inputs = _inputs(rng, 5, 1, model.n, 12, mask="shared")
    H = np.eye(1, model.n)
    return inputs | {"F": model, "Q": None, "H": H, "dt": rng.exponential(size=(5, 12))}


def models() -> tuple[Case, ...]:
    """A named model each."""
    every = {
        "ou": named_models.ou(0.4, 0.7),
        "integrated_ou": named_models.integrated_ou(0.4, 0.7),
        "constant_velocity": named_models.constant_velocity(0.3),
        "matern32": named_models.matern32(2.0, 1.5),
        "matern52": named_models.matern52(3.0, 1.5),
    }
    return tuple(
        Case(name, functools.partial(_model, model=model), frozenset({"nan", "odd"})) for name, model in every.items()
    )


BENCH = (
    _case("1,000 x 500, 2 states", 1000, 1, 2, 500, tags="bench", shared=True),
    _case("1,000 x 500, 6 states, 3 outputs", 1000, 3, 6, 500, tags="bench", shared=True),
    _case("1,000 x 500, 2 states, half missing", 1000, 1, 2, 500, tags="bench", mask="shared"),
)


def split(inputs: Inputs, t: int) -> tuple[Inputs, Inputs]:
    """The inputs before and from step t."""

    def cut(name: str, value: Any, part: slice) -> Any:
        if name in ("y", "mask"):
            return value[..., part]
        if name in ("F", "H", "Q", "R") and value.ndim == 4 and value.shape[1] == inputs["y"].shape[-1]:
            return value[:, part]
        return value

    first = {name: cut(name, value, slice(None, t)) for name, value in inputs.items()}
    second = {name: cut(name, value, slice(t, None)) for name, value in inputs.items()}
    return first, second


def problem(inputs: Inputs) -> Problem:
    """The operators' arguments."""
    options = {"mask": None, "dt": None, "steps": 0, "continued": False} | {
        name: value for name, value in inputs.items() if name in ("mask", "dt", "steps", "continued")
    }
    F, Q = inputs["F"], inputs["Q"]
    model = named(F, Q, options["dt"])
    arrays = (inputs["y"], None if model else F, inputs["H"], Q, inputs["R"], inputs["x0"], inputs["P0"])
    return as_problem(*arrays, options["mask"], options["dt"], model, options["steps"], options["continued"])
