"""What Python adds to a checkpoint: the space, the plan of the run, its history. JSON, whose floats are exact."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from marey._runtime import native
from marey.moo import stop, variables
from marey.moo.result import History
from marey.moo.space import Space, as_space

if TYPE_CHECKING:
    from marey.moo.optimizer import Optimizer

    Kind = TypeVar("Kind", bound=Optimizer)

__all__ = ["extra", "load"]


def extra(optimizer: Optimizer) -> bytes:
    """What the native state does not know."""
    plan = dict(optimizer._plan)
    plan["stop"] = [[type(condition).__name__, condition.state] for condition in plan.get("stop") or []]
    plan = {name: plan[name] for name in plan if _is_json(plan[name])}
    content = {
        "space": _space(optimizer.space),
        "elapsed": optimizer._elapsed,
        "history": optimizer._history.state,
        "plan": plan,
    }
    return json.dumps(content).encode()


def load(cls: type[Kind], path: Any, space: Any) -> Kind:
    """The optimizer of a file."""
    rust, content = native.rust().Optimizer.from_bytes(Path(path).read_bytes())
    if rust.algorithm != cls._name:
        raise ValueError(
            f"`{path}` is a run of {rust.algorithm}; expected one of {cls._name}: use moo.{rust.algorithm}"
        )
    try:
        known = json.loads(bytes(content))
        described = known["space"]
        optimizer = cls.__new__(cls)
        optimizer._native = rust
        optimizer._elapsed = float(known["elapsed"])
        optimizer._history = History(known["history"])
        plan = dict(known["plan"])
        stops = [stop.restored(name, state) for name, state in plan.get("stop", [])]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"`{path}` is not a checkpoint of this library: its plan is broken ({error})") from error
    plan["stop"] = [condition for condition in stops if condition is not None]
    optimizer._plan = plan
    if space is not None:
        optimizer.space = as_space(space)
        if described is not None and _space(optimizer.space) != described:
            raise ValueError(f"`space` is not the one that `{path}` was written with")
    elif described is None:
        raise ValueError(f"`{path}` holds choices that a file cannot hold; pass the `space` it was written with")
    else:
        optimizer.space = _restored(path, described)
    if not rust.fits(optimizer.space._native):
        raise ValueError(f"`space` is not the one that `{path}` was written with")
    return optimizer


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value)
    except TypeError:
        return False
    return True


def _space(space: Space) -> list[Any] | None:
    """Type and arguments of each variable; None where a choice is no plain value."""
    described: list[Any] = []
    for variable in space.variables:
        arguments = {name: getattr(variable, name) for name in variable.__dataclass_fields__}
        arguments["active_if"] = {
            name: list(v) if isinstance(v, (set, frozenset, range)) else v for name, v in variable.conditions.items()
        }
        described.append([type(variable).__name__, arguments])
    try:
        # Through JSON and back, so that what was read equals what is described.
        text = json.dumps(described, default=lambda v: v.item() if isinstance(v, np.generic) else _no(v))
    except TypeError:
        return None
    back = json.loads(text)
    plain = all(
        all(isinstance(c, (str, int, float, bool, type(None))) for c in arguments.get("choices", []))
        for _, arguments in back
    )
    return back if plain else None


def _no(value: Any) -> Any:
    raise TypeError(f"{value!r} is no JSON")


def _restored(path: Any, described: list[Any]) -> Space:
    kinds = {"Real", "Int", "Categorical", "Bool", "Permutation"}
    made = []
    try:
        for kind, arguments in described:
            if kind not in kinds:
                raise ValueError(f"{kind!r} is no variable")
            made.append(getattr(variables, kind)(**arguments))
        return Space(made)
    except (TypeError, ValueError, KeyError) as error:
        raise ValueError(f"`{path}` is not a checkpoint of this library: its space is broken ({error})") from error
