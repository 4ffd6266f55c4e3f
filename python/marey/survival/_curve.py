"""Step functions of time, one for each group: what kaplan_meier and nelson_aalen give back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marey._runtime import native
from marey.survival._rows import Floats, as_codes, as_rows, normal_quantile

__all__ = ["Curve", "risk_table"]


@dataclass(frozen=True, repr=False)
class Curve:
    """Estimates at the distinct times of every group, group after group.

    Attributes
    ----------
    groups : (G,)
        Labels of the groups; ``(None,)`` without groups.
    offsets : (G + 1,) int64
        Group ``g`` lies at ``offsets[g]:offsets[g + 1]`` of the arrays below.
    time : (m,)
        Distinct times of events and censorings, rising in each group.
    n_at_risk, n_events, n_censored : (m,)
        Sums of weights: at risk just before the time, with an event at it, censored at it.
    estimate : (m,)
        From the time on, to the next one.
    conf_level : float
        Of ``lower`` and ``upper``, which are worked out when first asked for.
    """

    groups: NDArray[Any]
    offsets: NDArray[np.int64]
    time: Floats
    n_at_risk: Floats
    n_events: Floats
    n_censored: Floats
    estimate: Floats
    variance_sum: Floats
    conf_level: float

    _start = 0.0

    @cached_property
    def _limits(self) -> tuple[Floats, Floats]:
        raise NotImplementedError

    @property
    def z(self) -> float:
        """Normal quantile of the limits."""
        return normal_quantile(self.conf_level)

    @property
    def lower(self) -> Floats:
        """(m,) lower confidence limits."""
        return self._limits[0]

    @property
    def upper(self) -> Floats:
        """(m,) upper confidence limits."""
        return self._limits[1]

    def __len__(self) -> int:
        return len(self.groups)

    def _slice(self, g: int) -> slice:
        return slice(int(self.offsets[g]), int(self.offsets[g + 1]))

    def at(self, times: Any) -> Floats:
        """The estimates at ``times``: (T,), or (G, T) of several groups."""
        wanted = np.asarray(times, dtype=np.float64)
        values = []
        for g in range(len(self)):
            part = self._slice(g)
            steps = np.concatenate([[self._start], self.estimate[part]])
            values.append(steps[np.searchsorted(self.time[part], wanted, side="right")])
        return values[0] if len(self) == 1 else np.stack(values)

    def to_frame(self) -> Any:
        """A pandas data frame, one row a time, with the limits."""
        import pandas

        columns: dict[str, Any] = {}
        if self.groups[0] is not None:
            columns["group"] = np.repeat(self.groups, np.diff(self.offsets))
        names = ("time", "n_at_risk", "n_events", "n_censored", "estimate", "lower", "upper")
        return pandas.DataFrame(columns | {name: getattr(self, name) for name in names})

    def plot(self, ax: Any = None, *, limits: bool = True) -> Any:
        """Draws the curves as steps, with their confidence bands, and gives the axes back."""
        if ax is None:
            from matplotlib import pyplot

            ax = pyplot.gca()
        for g, label in enumerate(self.groups):
            part = self._slice(g)
            time = np.concatenate([[min(0.0, *self.time[part][:1])], self.time[part]])
            (line,) = ax.step(
                time,
                np.concatenate([[self._start], self.estimate[part]]),
                where="post",
                label=None if label is None else str(label),
            )
            if limits:
                ax.fill_between(
                    self.time[part],
                    self.lower[part],
                    self.upper[part],
                    step="post",
                    alpha=0.2,
                    color=line.get_color(),
                    linewidth=0,
                )
        ax.set_xlabel("time")
        return ax


def risk_table(
    time: Any, event: Any, entry: Any, weights: Any, group: Any
) -> tuple[NDArray[Any], NDArray[np.int64], Floats, Floats, Floats, Floats]:
    """Labels of the groups, offsets, and the columns time, at risk, events, censored."""
    rows = as_rows(time, event, entry, weights)
    codes, labels = (None, np.array([None])) if group is None else as_codes("group", group, len(rows))
    if len(labels) == 0:
        raise ValueError("`group` is empty; expected at least one row")
    offsets, *columns, _ = native.core().survival_risk_table(
        rows.time, rows.event, rows.entry, rows.weights, codes, len(labels)
    )
    m = int(offsets[-1])
    return (labels, offsets, *(column[:m] for column in columns))
