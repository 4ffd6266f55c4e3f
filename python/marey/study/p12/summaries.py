"""A stay as one row of numbers: what a table-based model can know of its 48 h."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from marey.events import Events
from marey.ragged import segment_reduce

__all__ = ["STATISTICS", "summaries"]

STATISTICS = ("log_count", "first", "last", "min", "max", "mean", "std", "slope")
_NUMBERS = ("Age", "Gender", "Height", "Weight")
_ICU_TYPES = (1, 2, 3, 4)


def summaries(events: Events) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Eight statistics of each variable of each stay, and what is known at admission.

    Parameters
    ----------
    events : Events
        Stays with the statics of the PhysioNet/CinC Challenge 2012; times in hours.

    Returns
    -------
    features : (N, 8 V + 8) float64
        For each statistic all V variables: log(1 + number of values), first, last, least, largest, mean, population
        standard deviation, least-squares slope per hour; then Age, Gender, Height, Weight and one column for each of
        the four kinds of unit. NaN where a stay has too few values (one for most, two at different times for the
        slope). Events without a value do not count.
    names : tuple of str
        Of the columns.

    Examples
    --------
    >>> from marey.study.p12.synthetic import synthetic_stays
    >>> features, names = summaries(synthetic_stays(2, seed=1))
    >>> features.shape, names[0], names[-1]
    ((2, 304), 'ALP log_count', 'ICUType 4')
    """
    stays, variables = len(events), len(events.vocab)
    valid = np.isfinite(events.value)
    cell = (events.subject_index * variables + events.code)[valid]
    order = np.argsort(cell, kind="stable")  # keeps the order of time within a cell
    value, time = events.value[valid][order].astype(np.float64), events.time[valid][order]
    count = np.bincount(cell, minlength=stays * variables)
    offsets = np.concatenate([[0], np.cumsum(count)])

    mean = segment_reduce(value, offsets, "mean")
    deviation = value - np.repeat(mean, count)
    lag = time - np.repeat(segment_reduce(time, offsets, "mean"), count)
    spread_of_time = segment_reduce(lag**2, offsets, "sum")
    filled, sloped = count > 0, spread_of_time > 0
    table = np.full((len(STATISTICS), stays * variables), np.nan)
    row = dict(zip(STATISTICS, table, strict=True))
    row["log_count"][:] = np.log1p(count)
    row["first"][filled] = value[offsets[:-1][filled]]
    row["last"][filled] = value[offsets[1:][filled] - 1]
    row["min"][filled] = segment_reduce(value, offsets, "min")[filled]
    row["max"][filled] = segment_reduce(value, offsets, "max")[filled]
    row["mean"][:] = mean
    row["std"][:] = np.sqrt(segment_reduce(deviation**2, offsets, "mean"))
    row["slope"][sloped] = segment_reduce(lag * deviation, offsets, "sum")[sloped] / spread_of_time[sloped]

    kind: NDArray[Any] = events.statics["ICUType"][:, None] == np.array(_ICU_TYPES)
    numbers = np.stack([events.statics[name].astype(np.float64) for name in _NUMBERS], axis=1)
    by_stay = table.reshape(len(STATISTICS), stays, variables).transpose(1, 0, 2).reshape(stays, -1)
    names = [f"{variable} {statistic}" for statistic in STATISTICS for variable in events.vocab]
    return np.hstack([by_stay, numbers, kind]), (*names, *_NUMBERS, *(f"ICUType {i}" for i in _ICU_TYPES))
