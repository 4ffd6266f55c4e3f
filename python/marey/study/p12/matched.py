"""A matched comparison: stays with an exposure in the first day beside stays without it that began alike."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marey.events import Events

__all__ = ["EXPOSED_BY_H", "Matched", "check_exposure", "matched"]

EXPOSED_BY_H = 24.0
KNOWN_BY_H = 6.0
"""Covariates are the first values up to this hour."""
SEEN = 0.6
CALIPER = 0.2
"""Of the propensity score's logit, in standard deviations (Austin, Pharmaceutical Statistics 10, 2011)."""
# These follow from being ventilated, the coma score from the sedation that goes with it: to match on them would be to
# match on the exposure.
_CONSEQUENCES = {"MechVent": {"FiO2", "PaO2", "PaCO2", "pH", "SaO2", "RespRate", "GCS"}}


@dataclass(frozen=True)
class Matched:
    """Exposed stays and their matches.

    Attributes
    ----------
    exposure : () str
    exposed, unexposed : () int64
        Stays of each kind.
    pairs : () int64
    died_exposed, died_unexposed : (2,) float64
        Share that died among all and among the matched.
    difference : (3,) float64
        Of the matched: exposed minus unexposed, and the ends of its 95 % interval.
    names : (d,) str
        The covariates.
    smd_before, smd_after, variance_before, variance_after : (d,) float64
    """

    exposure: NDArray[np.str_]
    exposed: NDArray[np.int64]
    unexposed: NDArray[np.int64]
    pairs: NDArray[np.int64]
    died_exposed: NDArray[np.float64]
    died_unexposed: NDArray[np.float64]
    difference: NDArray[np.float64]
    names: NDArray[np.str_]
    smd_before: NDArray[np.float64]
    smd_after: NDArray[np.float64]
    variance_before: NDArray[np.float64]
    variance_after: NDArray[np.float64]

    def arrays(self) -> dict[str, NDArray[Any]]:
        return asdict(self)


def matched(events: Events, died: NDArray[np.bool_], exposure: str = "MechVent") -> Matched:
    """Pairs of stays, one with a value of `exposure` above 0 in its first 24 hours and one without.

    Pairs are of one kind of unit, within 0.2 standard deviations of the propensity score's logit, as many as there can
    be, and of these the nearest by Mahalanobis distance over age, sex and the first values of the first 6 hours.

    Parameters
    ----------
    events : Events
    died : (N,) bool
    exposure : str
        A variable of ``events.vocab``.

    Raises
    ------
    ValueError
        If `exposure` is no variable of these stays, or stays with and without it cannot be compared.
    """
    from marey.graph import match_cohort

    check_exposure(events, exposure)
    code = events.vocab.index(exposure)
    there = (events.code == code) & (events.time < EXPOSED_BY_H) & (events.value > 0)
    exposed = np.bincount(events.subject_index[there], minlength=len(events)) > 0
    count = int(exposed.sum())
    if not 2 <= count <= len(events) - 2:
        raise ValueError(f"{count} of {len(events)} stays have `exposure` {exposure!r}; expected some with and without")
    names, values = _covariates(events, exposure)
    unit = events.statics["ICUType"]
    first, second = values[exposed], values[~exposed]
    found = match_cohort(
        first, second, exact=(unit[exposed], unit[~exposed]), caliper={"propensity": CALIPER}, metric="mahalanobis"
    )
    y, z = died[exposed], died[~exposed]
    if not len(found.treated):
        raise ValueError(f"no two stays with and without `exposure` {exposure!r} are alike enough to be a pair")
    value, error = found.difference(y, z)
    balance = found.balance
    return Matched(
        exposure=np.array(exposure),
        exposed=np.array(len(y)),
        unexposed=np.array(len(z)),
        pairs=np.array(len(found.treated)),
        died_exposed=np.array([y.mean(), y[found.treated].mean()]),
        died_unexposed=np.array([z.mean(), z[found.control].mean()]),
        difference=np.array([value, value - 1.96 * error, value + 1.96 * error]),
        names=np.array(names),
        smd_before=balance.smd_before,
        smd_after=balance.smd_after,
        variance_before=balance.variance_ratio_before,
        variance_after=balance.variance_ratio_after,
    )


def check_exposure(events: Events, exposure: str) -> None:
    """Raises ValueError unless `exposure` is a variable of these stays."""
    if exposure not in events.vocab:
        raise ValueError(f"`exposure` is {exposure!r}; expected a variable of the stays: {', '.join(events.vocab)}")


def _covariates(events: Events, exposure: str) -> tuple[list[str], NDArray[np.float64]]:
    """Age, sex and the first value of each variable that most stays have by then; gaps at the median."""
    stays, variables = len(events), len(events.vocab)
    early = np.flatnonzero(np.isfinite(events.value) & (events.time <= KNOWN_BY_H))
    cell = events.subject_index[early] * variables + events.code[early]
    _, at = np.unique(cell, return_index=True)  # the first of each cell is the earliest
    first = np.full(stays * variables, np.nan)
    first[cell[at]] = events.value[early][at]
    table = first.reshape(stays, variables)
    left_out = _CONSEQUENCES.get(exposure, set()) | {exposure}
    names, columns = ["Age", "Gender"], [events.statics[name].astype(np.float64) for name in ("Age", "Gender")]
    for j, name in enumerate(events.vocab):
        if name not in left_out and np.isfinite(table[:, j]).mean() >= SEEN:
            names.append(name)
            columns.append(table[:, j])
    values = np.stack(columns, axis=1)
    with np.errstate(all="ignore"):
        values = np.where(np.isfinite(values), values, np.nanmedian(values, axis=0))
    keep = values.std(axis=0) > 0
    return [name for name, kept in zip(names, keep, strict=True) if kept], values[:, keep]
