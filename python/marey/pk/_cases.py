"""Subjects and dose histories for the tests and benchmarks of simulate."""

from __future__ import annotations

from typing import Any

import numpy as np

from marey._runtime.specs import Case, Inputs
from marey.pk.compartments import named
from marey.pk.event_table import EventTable

__all__ = ["case", "history", "people"]

_TYPICAL = {"CL": 5.0, "V": 40.0, "V1": 40.0, "Q": 8.0, "V2": 60.0, "Q2": 8.0, "Q3": 2.0, "V3": 150.0, "KA": 1.2}


def people(rng: np.random.Generator, model: str, n: int, *, scaled: bool = False) -> np.ndarray[Any, Any]:
    """(n, p) parameters about typical ones, litres and hours; with F and LAG if ``scaled``."""
    typical = [_TYPICAL[name] for name in named(model).parameters] + ([0.8, 0.4] if scaled else [])
    made: np.ndarray[Any, Any] = np.array(typical) * np.exp(0.2 * rng.normal(size=(n, len(typical))))
    return made


def history(n: int, oral: bool) -> EventTable:
    """Repeats for all; in turn an infusion into the central compartment, a steady state, a reset."""
    rows: list[dict[str, float]] = []
    for i in range(n):
        infused = 16.0 if i % 2 else 0.0
        more: tuple[dict[str, float], ...] = (
            {"time": 10.0, "evid": 1, "cmt": 2 if oral else 1, "amt": 50.0, "rate": 20.0},
            {"time": 20.0, "evid": 1, "amt": 80.0, "ii": 8.0, "ss": 1 + i % 2, "rate": infused},
            {"time": 30.0, "evid": 3 + i % 2, "amt": 70.0 * (i % 2)},
        )
        rows.append({"id": i, "time": 0.0, "evid": 1, "amt": 100.0, "ii": 12.0, "addl": 2 + i % 3, "lag": 0.25})
        rows.append({"id": i, **more[i % 3]})
    names = ("id", "time", "evid", "cmt", "amt", "rate", "ii", "addl", "ss", "lag")
    return EventTable({name: np.array([row.get(name, int(name == "cmt")) for row in rows]) for name in names})


def case(name: str, model: str, n: int, length: int, tags: str = "", *, scaled: bool = False) -> Case:
    def make(rng: np.random.Generator) -> Inputs:
        params = people(rng, model, n, scaled=scaled)
        if "nan" in tags:
            params[n // 2, 1] = np.nan
        times = np.sort(rng.uniform(-2.0, 60.0, size=length))
        return {"model": model, "params": params, "events": history(n, model.endswith("oral")), "t_obs": times}

    return Case(name, make, frozenset(tags.split()))
