"""The cases of the specs of losses over right-censored rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from marey._runtime.specs import Case, Inputs

__all__ = ["case", "common"]


def _inputs(rng: np.random.Generator, n: int, *, tied: int = 0, strata: int = 0, **options: Any) -> Inputs:
    time = rng.integers(1, tied + 1, n).astype(float) if tied else rng.permutation(n) + 1.0
    inputs: Inputs = {"risk": rng.normal(size=n), "time": time, "event": rng.random(n) < 0.6}
    if strata:
        inputs["strata"] = rng.integers(-1, strata - 1, n)
    return inputs | options


def _special(rng: np.random.Generator, value: float) -> Inputs:
    inputs = _inputs(rng, 21, tied=6)
    inputs["risk"][4] = value
    return inputs


def _no_events(rng: np.random.Generator) -> Inputs:
    inputs = _inputs(rng, 9)
    inputs["event"][:] = False
    return inputs


def case(name: str, n: int, tags: str, **options: Any) -> Case:
    return Case(name, lambda rng: _inputs(rng, n, **options), frozenset(tags.split()))


def common(large_risk: float) -> tuple[Case, ...]:
    """What every such loss must stand."""
    return (
        case("distinct times", 133, "odd"),
        case("tied times", 77, "odd", tied=9),
        case("one row", 1, "one"),
        case("no rows", 0, "empty"),
        Case("no events", _no_events),
        Case("a risk is NaN", lambda rng: _special(rng, np.nan), frozenset({"nan"})),
        Case("a large risk", lambda rng: _special(rng, large_risk)),
        case("for gradients", 11, "grad", tied=4),
        case("100,000 rows", 100_000, "bench"),
    )
