"""A made cohort of intensive-care stays, for machines without the real one. It says nothing about patients.

Each stay has a hidden severity that drifts over 48 h. It moves the values of every variable, how often they are
measured, and the probability of death, so that a model has something true to find. A stay depends on the seed and its
own number alone.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from marey.events import Events

__all__ = ["VARIABLES", "synthetic_stays"]

_HOURS = 48.0


class _Variable(NamedTuple):
    share: float  # of stays that have it at all
    per_hour: float  # mean rate of measurements there
    center: float
    spread: float  # of the logarithm, for a skewed variable
    loading: float  # spreads moved by one standard deviation of severity
    low: float
    high: float
    skewed: bool = False
    digits: int = 1


VARIABLES = {
    "ALP": _Variable(0.42, 0.04, 4.4, 0.5, 0.2, 10, 2000, True, 0),
    "ALT": _Variable(0.43, 0.04, 3.6, 1.0, 0.3, 3, 9000, True, 0),
    "AST": _Variable(0.43, 0.04, 4.0, 1.0, 0.4, 5, 9000, True, 0),
    "Albumin": _Variable(0.40, 0.03, 2.9, 0.6, -0.5, 1, 5.5),
    "BUN": _Variable(0.98, 0.07, 3.1, 0.6, 0.6, 2, 200, True, 0),
    "Bilirubin": _Variable(0.43, 0.04, -0.1, 0.9, 0.5, 0.1, 50, True),
    "Cholesterol": _Variable(0.07, 0.03, 155, 40, -0.2, 30, 330, False, 0),
    "Creatinine": _Variable(0.98, 0.07, 0.1, 0.5, 0.5, 0.1, 20, True),
    "DiasABP": _Variable(0.70, 1.1, 59, 11, -0.3, 20, 140, False, 0),
    "FiO2": _Variable(0.68, 0.25, 0.5, 0.15, 0.4, 0.21, 1, False, 2),
    "GCS": _Variable(0.98, 0.32, 11.5, 3.2, -0.7, 3, 15, False, 0),
    "Glucose": _Variable(0.97, 0.07, 4.9, 0.3, 0.2, 20, 900, True, 0),
    "HCO3": _Variable(0.98, 0.07, 23, 4, -0.5, 5, 50, False, 0),
    "HCT": _Variable(0.98, 0.10, 31, 5, -0.1, 12, 60),
    "HR": _Variable(0.98, 1.2, 87, 16, 0.4, 25, 220, False, 0),
    "K": _Variable(0.98, 0.08, 4.1, 0.6, 0.2, 1.8, 9),
    "Lactate": _Variable(0.55, 0.08, 0.7, 0.5, 0.7, 0.3, 30, True),
    "MAP": _Variable(0.70, 1.1, 80, 13, -0.4, 25, 180, False, 0),
    "MechVent": _Variable(0.63, 0.25, 1, 0, 0, 1, 1, False, 0),
    "Mg": _Variable(0.97, 0.07, 2.0, 0.4, 0.1, 0.6, 6),
    "NIDiasABP": _Variable(0.87, 0.6, 57, 13, -0.3, 20, 140, False, 0),
    "NIMAP": _Variable(0.87, 0.6, 76, 13, -0.4, 25, 180, False, 0),
    "NISysABP": _Variable(0.87, 0.6, 118, 20, -0.4, 40, 240, False, 0),
    "Na": _Variable(0.98, 0.07, 139, 4.5, 0.1, 105, 175, False, 0),
    "PaCO2": _Variable(0.75, 0.13, 40, 8, -0.1, 12, 110, False, 0),
    "PaO2": _Variable(0.75, 0.13, 4.9, 0.4, -0.2, 30, 500, True, 0),
    "Platelets": _Variable(0.98, 0.07, 5.2, 0.5, -0.3, 6, 1000, True, 0),
    "RespRate": _Variable(0.28, 1.0, 19, 5, 0.4, 4, 60, False, 0),
    "SaO2": _Variable(0.45, 0.09, 97, 2, -0.4, 50, 100, False, 0),
    "SysABP": _Variable(0.70, 1.1, 120, 19, -0.4, 40, 240, False, 0),
    "Temp": _Variable(0.98, 0.45, 37.0, 0.7, -0.1, 32, 42),
    "TroponinI": _Variable(0.05, 0.04, 1.0, 1.2, 0.3, 0.3, 50, True),
    "TroponinT": _Variable(0.22, 0.05, -1.5, 1.3, 0.3, 0.01, 25, True, 2),
    "Urine": _Variable(0.97, 0.7, 4.3, 0.8, -0.6, 0, 3000, True, 0),
    "WBC": _Variable(0.98, 0.07, 2.4, 0.4, 0.3, 0.1, 100, True),
    "Weight": _Variable(0.66, 0.6, 82, 2, 0, 35, 200),
    "pH": _Variable(0.76, 0.13, 7.38, 0.06, -0.4, 6.8, 7.7, False, 2),
}
"""The variables of the Challenge 2012, with rates and distributions of a made population."""

_COLUMNS = {field: np.array([getattr(v, field) for v in VARIABLES.values()]) for field in _Variable._fields}


def synthetic_stays(stays: int, *, seed: int = 0, first_id: int = 1) -> Events:
    """Made stays with the variables, statics and label names of the PhysioNet/CinC Challenge 2012.

    Parameters
    ----------
    stays : int
    seed : int
    first_id : int
        Stays are numbered from here; the same number of the same seed is the same stay in any cohort.

    Examples
    --------
    >>> cohort = synthetic_stays(3, seed=7)
    >>> len(cohort), len(cohort.vocab), sorted(cohort.statics)
    (3, 37, ['Age', 'Gender', 'Height', 'ICUType', 'Weight'])
    """
    if stays < 1:
        raise ValueError(f"`stays` is {stays}; expected at least 1")
    drawn = [_stay(seed, first_id + i) for i in range(stays)]
    times, codes, values, statics, labels = zip(*drawn, strict=True)
    return Events(
        subject_id=np.arange(first_id, first_id + stays, dtype=np.int64),
        offsets=np.concatenate([[0], np.cumsum([len(t) for t in times])]).astype(np.int64),
        time=np.concatenate(times),
        code=np.concatenate(codes).astype(np.int32),
        value=np.concatenate(values).astype(np.float32),
        vocab=tuple(VARIABLES),
        statics={name: np.array([s[name] for s in statics], dtype=np.float32) for name in statics[0]},
        labels={
            name: np.array([s[name] for s in labels], dtype=np.int8 if name == "in_hospital_death" else np.int32)
            for name in labels[0]
        },
        source="synthetic",
    )


_Floats = np.ndarray[tuple[int], np.dtype[np.float64]]
_Ints = np.ndarray[tuple[int], np.dtype[np.int64]]


def _stay(seed: int, number: int) -> tuple[_Floats, _Ints, _Floats, dict[str, float], dict[str, int]]:
    rng = np.random.Generator(np.random.Philox(key=[seed, number]))
    c, variables = _COLUMNS, len(VARIABLES)
    severity, drift = rng.normal(), 0.6 * rng.normal()
    age = float(np.clip(round(rng.normal(65, 17)), 16, 90))

    present = rng.random(variables) < c["share"]
    counts = rng.poisson(np.where(present, c["per_hour"] * _HOURS * np.exp(0.25 * severity), 0))
    code = np.repeat(np.arange(variables), counts)
    minutes = rng.integers(0, int(_HOURS * 60) + 1, code.size)
    order = np.argsort(minutes, kind="stable")
    code, time = code[order], minutes[order] / 60

    person = 0.6 * rng.normal(size=variables)
    state = c["loading"][code] * (severity + drift * time / _HOURS) + person[code] + 0.5 * rng.normal(size=code.size)
    value = c["center"][code] + c["spread"][code] * state
    value = np.clip(np.where(c["skewed"][code], np.exp(value), value), c["low"][code], c["high"][code])
    scale = 10.0 ** c["digits"][code]
    value = np.round(value * scale) / scale

    logit = -1.9 + 1.3 * (severity + drift) + 0.025 * (age - 65)
    death = int(rng.random() < 1 / (1 + np.exp(-logit)))
    days = int(rng.integers(2, 40))
    male = float(rng.random() < 0.56)
    statics = {
        "Age": age,
        "Gender": male,
        "Height": round(rng.normal(163 + 13 * male, 7), 1) if rng.random() < 0.53 else np.nan,
        "ICUType": float(rng.integers(1, 5)),
        "Weight": round(float(np.clip(rng.normal(74 + 12 * male, 18), 35, 200)), 1) if rng.random() < 0.92 else np.nan,
    }
    labels = {
        "in_hospital_death": death,
        "saps_i": int(np.clip(round(14 + 4 * severity), 0, 40)),
        "sofa": int(np.clip(round(7 + 3 * severity), 0, 24)),
        "length_of_stay": days,
        "survival": days if death else -1,
    }
    return time, code, value, statics, labels
