"""Do the coefficients of a Cox regression change in time?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from marey._runtime import native
from marey.survival._cox_rows import CoxRows
from marey.survival._rows import Floats, require_in
from marey.survival._special import chi2_sf

__all__ = ["ProportionalHazards", "proportional_hazards"]


@dataclass(frozen=True)
class ProportionalHazards:
    """``statistic`` and ``p_value`` (p,) of each covariate, ``global_statistic`` and ``global_p_value`` of all at once.

    ``scaled`` (events, p) are the scaled Schoenfeld residuals; their smooth in ``event_time`` shows how a coefficient
    moves around its fitted value.
    """

    names: tuple[str, ...]
    transform: str
    statistic: Floats
    p_value: Floats
    global_statistic: float
    global_p_value: float
    scaled: Floats
    event_time: Floats

    def to_frame(self) -> Any:
        """A pandas data frame, one row a covariate and a last one for all."""
        import pandas

        return pandas.DataFrame(
            {
                "statistic": [*self.statistic, self.global_statistic],
                "df": [1] * len(self.names) + [len(self.names)],
                "p_value": [*self.p_value, self.global_p_value],
            },
            index=[*self.names, "GLOBAL"],
        )


def proportional_hazards(
    schoenfeld: Floats, event_time: Floats, var: Floats, names: tuple[str, ...], transform: str, rows: CoxRows
) -> ProportionalHazards:
    """The correlation of scaled residuals with a function g of time, as a chi-square.

    Grambsch & Therneau, Biometrika 81:515, 1994, with the covariance of the residuals taken as the same at every event:
    r = sum (g - mean g) s; statistic d (V r)_j^2 / (V_jj sum (g - mean g)^2), and d r' V r over that sum for all.
    """
    require_in("transform", transform, ("km", "identity", "rank", "log"))
    d = len(event_time)
    g = _transformed(event_time, transform, rows)
    g = g - g.mean()
    spread = float(g @ g)
    if not spread > 0:
        raise ValueError("all events are at one time; expected at least two event times")
    r = g @ schoenfeld
    moved = var @ r
    statistic = d * moved**2 / (np.diagonal(var) * spread)
    overall = float(d * (r @ moved) / spread)
    return ProportionalHazards(
        names,
        transform,
        statistic,
        np.array([chi2_sf(float(s), 1) for s in statistic]),
        overall,
        chi2_sf(overall, len(names)),
        d * schoenfeld @ var,
        event_time,
    )


def _transformed(event_time: Floats, transform: str, rows: CoxRows) -> Floats:
    if transform == "identity":
        return event_time
    if transform == "log":
        if not event_time.min() > 0:
            raise ValueError(f"`transform` is 'log' and an event is at time {event_time.min()}; expected times > 0")
        return np.log(event_time)
    if transform == "rank":
        _, inverse, counts = np.unique(event_time, return_inverse=True, return_counts=True)
        return (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    core = native.core()
    offsets, time, at_risk, events, *_ = core.survival_risk_table(
        rows.time, rows.event, rows.entry, rows.weights, None, 1
    )
    m = int(offsets[-1])
    survival, _ = core.survival_kaplan_meier(offsets, at_risk[:m].copy(), events[:m].copy())
    before = np.concatenate([[1.0], survival[:-1]])
    return 1 - before[np.searchsorted(time[:m], event_time)]
