"""What a batch of solved problems gives back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

__all__ = ["OUTCOMES", "Solution", "collect"]

OUTCOMES = (
    "finished",
    "stopped at an event",
    "too many steps",
    "step too small",
    "not finite",
    "stiff",
    "no steady state",
)


@dataclass(frozen=True, repr=False)
class Solution:
    """Solved problems.

    Attributes
    ----------
    t : (T,) or (N, T)
        Times of the outputs.
    y : (N, n, T)
        The states; NaN where a problem did not get.
    status : (N,) int
        0 finished, 1 stopped at a terminal event, 2 too many steps, 3 step too small, 4 not finite, 5 stiff (an
        explicit method that was asked to notice), 6 no steady state (`marey.pk`). `message` says it in words.
    accepted, rejected : (N,) int
        Steps.
    stiff : (N,) bool
        Which ``method="auto"`` gave to the stiff method.
    event_offsets : (N + 1,) int, event_time, event_index : (E,), event_y : (E, n)
        Roots found, those of problem i from ``event_offsets[i]`` on, in the order of time; ``event_index`` is the
        number of the event function.
    sens : (N, n, k, T) or None
        Derivatives of ``y`` by what ``sens`` asked for.
    """

    t: Any
    y: Any
    status: Any
    accepted: Any
    rejected: Any
    stiff: Any
    event_offsets: Any = None
    event_time: Any = None
    event_index: Any = None
    event_y: Any = None
    sens: Any = None
    _again: Callable[[Any], Solution] | None = field(default=None, compare=False)

    @property
    def success(self) -> Any:
        """(N,) bool: finished, or stopped where it was told to."""
        return self.status <= 1

    def message(self, problem: int) -> str:
        """The status of a problem in words."""
        return OUTCOMES[int(self.status[problem])]

    def at(self, t: Any) -> Solution:
        """The same problems at other times, solved again from the start: dense output without its memory."""
        if self._again is None:
            raise ValueError("this solution does not know its problems any more")
        return self._again(t)

    def raise_for_status(self) -> Solution:
        """Itself if every problem succeeded; else ValueError that names the first that did not."""
        failed = np.flatnonzero(~_host(self.success))
        if len(failed):
            i = int(failed[0])
            raise ValueError(f"{len(failed)} of {len(self.status)} problems failed; problem {i}: {self.message(i)}")
        return self

    def __repr__(self) -> str:
        n = len(self.status)
        counts = np.bincount(_host(self.status), minlength=len(OUTCOMES))
        told = ", ".join(f"{c} {OUTCOMES[k]}" for k, c in enumerate(counts) if c)
        steps = float(_host(self.accepted).mean()) if n else 0.0
        events = "" if self.event_time is None else f", {len(self.event_time)} events"
        *_, states, times = self.y.shape if self.y.ndim == 3 else self.y.T.shape
        outputs = "times" if self.y.ndim == 3 else "observations"
        return f"Solution({n} problems, {states} states, {times} {outputs}: {told}; {steps:.1f} steps each{events})"


def _host(x: Any) -> np.ndarray[Any, Any]:
    return np.asarray(x.cpu() if hasattr(x, "cpu") else x)


def collect(
    result: dict[str, Any],
    times: Any,
    stiff: Any,
    n_states: int,
    columns: int,
    n_events: int,
    max_events: int,
    xp: Any = np,
    contiguous: Callable[[Any], Any] = np.ascontiguousarray,
) -> Solution:
    """The solution out of a solver's arrays, or tensors where ``xp`` is torch."""
    y, sens = result["y"], None
    if columns:
        n, _, length = y.shape
        sens = contiguous(y[:, n_states:].reshape(n, columns, n_states, length).swapaxes(1, 2))
        y = contiguous(y[:, :n_states])
    found: dict[str, Any] = {}
    if n_events:
        counts = result["root_count"]
        if (counts > max_events).any():
            i = int(counts.argmax())
            raise ValueError(f"problem {i} has {counts[i]} events; `max_events` is {max_events}")
        kept = xp.cumsum(xp.ones_like(result["root_index"]), 1) <= counts[:, None]
        found = {
            "event_offsets": xp.concatenate([counts.sum()[None] * 0, xp.cumsum(counts, 0)]),
            "event_time": result["root_time"][kept],
            "event_index": result["root_index"][kept],
            "event_y": result["root_y"][kept][:, :n_states],
        }
    return Solution(times, y, result["outcome"], result["accepted"], result["rejected"], stiff, sens=sens, **found)
