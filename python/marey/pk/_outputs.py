"""When outputs are wanted: at given times, or at the observations of the table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from marey._runtime.doors import is_torch
from marey.pk.event_table import EventTable

__all__ = ["Outputs", "outputs"]

Column = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Outputs:
    """The result's shape, whose the outputs are, their times, their rows of the table, and whether all share them."""

    shape: tuple[int, ...]
    offsets: Column
    times: Column
    rows: Column | None
    shared: bool


def outputs(events: EventTable, t_obs: Any) -> Outputs:
    n = events.n_subjects
    if t_obs is None:
        rows = events.observations.astype(np.int64)
        return Outputs(
            (len(rows),), np.searchsorted(rows, events.offsets).astype(np.int64), events.time[rows], rows, False
        )
    if is_torch(t_obs):
        if t_obs.requires_grad:
            raise ValueError("`t_obs` requires a gradient; gradients reach `params` alone, so pass it detached")
        t_obs = t_obs.cpu()
    times = np.ascontiguousarray(t_obs, dtype=np.float64)
    if times.ndim not in (1, 2) or (times.ndim == 2 and times.shape[0] != n):
        raise ValueError(f"`t_obs` has shape {times.shape}; expected (T,) or ({n}, T)")
    _rule(times, np.isfinite(times), "expected a finite number")
    falls = np.zeros(times.shape, dtype=bool)
    falls[..., 1:] = np.diff(times, axis=-1) < 0
    _rule(times, ~falls, "times must not fall")
    length = times.shape[-1]
    offsets = np.arange(n + 1, dtype=np.int64) * length
    return Outputs((n, length), offsets, times.reshape(-1), None, times.ndim == 1)


def _rule(times: Column, fine: Column, rule: str) -> None:
    if not fine.all():
        at = tuple(int(i) for i in np.argwhere(~fine)[0])
        raise ValueError(f"`t_obs[{', '.join(map(str, at))}]` is {times[at]:g}; {rule}")
