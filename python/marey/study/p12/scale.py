"""Raw values to standard scores and back, fitted on training events alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from marey.events import Events

__all__ = ["PLAUSIBLE", "Scale", "Statics"]

Floats = NDArray[np.float64]

PLAUSIBLE: dict[str, tuple[float, float]] = {
    # What a living adult can show and a device can mean: outside lie unplugged transducers (a pressure of 0), shifted
    # decimal points (a pH of 735) and probes in the air (17 degrees Celsius).
    "DiasABP": (10, 200),
    "HR": (10, 250),
    "MAP": (15, 250),
    "NIDiasABP": (10, 200),
    "NIMAP": (15, 250),
    "NISysABP": (20, 300),
    "PaCO2": (5, 150),
    "PaO2": (20, 700),
    "RespRate": (1, 80),
    "SysABP": (20, 300),
    "Temp": (25, 45),
    "Weight": (20, 300),
    "pH": (6.5, 8.0),
    "Age": (15, 120),
    "Height": (120, 220),
}
"""Closed intervals, in the units of the source; a value outside counts as not measured."""

CATEGORICAL = ("ICUType",)
CLIP = (0.002, 0.998)  # quantiles: one stay in hundreds may set the edge of the scale, one typing error may not
SKEWED = 1.0  # sample skewness beyond which a variable without negative values is taken on a log scale


@dataclass(frozen=True)
class Scale:
    """How each of V variables becomes a standard score: ``z = (clip(f(value)) - mean) / sd``.

    ``f`` is the logarithm of ``value + shift`` for skewed variables without negative values, else the identity.

    Attributes
    ----------
    vocab : tuple of str
        The V names.
    log : (V,) bool
    shift, low, high, mean, sd : (V,) float64
        ``low`` and ``high`` are the clip limits of ``f(value)``.

    Examples
    --------
    >>> import numpy as np
    >>> scale = Scale.fit(("HR",), np.zeros(4, int), np.array([60.0, 80.0, 100.0, 0.0]))
    >>> z = scale(np.zeros(3, int), np.array([80.0, 100.0, 0.0]))
    >>> z.round(2)
    array([0.  , 1.22,  nan], dtype=float32)
    >>> scale.inverse(np.zeros(2, int), z[:2]).round(1)
    array([80. , 99.9])
    """

    vocab: tuple[str, ...]
    log: NDArray[np.bool_]
    shift: Floats
    low: Floats
    high: Floats
    mean: Floats
    sd: Floats

    @classmethod
    def fit(cls, vocab: tuple[str, ...], code: NDArray[np.integer], value: NDArray[np.floating]) -> Scale:
        """From events: codes (E,) into ``vocab`` and values (E,), NaN where an event has none."""
        n = len(vocab)
        log, shift, low, high = np.zeros(n, bool), np.zeros(n), np.full(n, -np.inf), np.full(n, np.inf)
        mean, sd = np.zeros(n), np.ones(n)
        for v, name in enumerate(vocab):
            x = value[code == v].astype(np.float64)
            x = x[_plausible(name, x)]
            if x.size == 0:
                continue
            edges = np.quantile(x, CLIP)
            if x.min() >= 0 and edges[1] > edges[0] and _skewness(np.clip(x, *edges)) > SKEWED:
                log[v], shift[v] = True, max(np.median(x) / 20, 1e-3)
                x = np.log(x + shift[v])
                edges = np.quantile(x, CLIP)
            low[v], high[v] = edges
            x = np.clip(x, *edges)
            mean[v] = x.mean()
            if x.std() > 1e-6 * max(1.0, abs(mean[v])):
                sd[v] = x.std()
        return cls(vocab, log, shift, low, high, mean, sd)

    def __call__(self, code: NDArray[np.integer], value: NDArray[np.floating]) -> NDArray[np.float32]:
        """Standard scores of events; NaN where there is no plausible value."""
        x = np.asarray(value, np.float64)
        keep_low, keep_high = self._limits
        with np.errstate(invalid="ignore"):
            keep = (x >= keep_low[code]) & (x <= keep_high[code])
        x = np.where(keep, x, np.nan)
        log = self.log[code]
        x = np.where(log, np.log(np.maximum(np.where(log, x, 1.0), 0.0) + np.where(log, self.shift[code], 0.0)), x)
        z: Floats = (np.clip(x, self.low[code], self.high[code]) - self.mean[code]) / self.sd[code]
        return z.astype(np.float32)

    def inverse(self, code: NDArray[np.integer], z: NDArray[np.floating]) -> Floats:
        """Values in the units of the source."""
        x = z.astype(np.float64) * self.sd[code] + self.mean[code]
        log = self.log[code]
        values: Floats = np.where(log, np.exp(np.where(log, x, 0.0)) - self.shift[code], x)
        return values

    @property
    def _limits(self) -> tuple[Floats, Floats]:
        limits = np.array([PLAUSIBLE.get(name, (-np.inf, np.inf)) for name in self.vocab]).reshape(-1, 2)
        return limits[:, 0], limits[:, 1]


@dataclass(frozen=True)
class Statics:
    """What is known of a patient at admission as P numbers: standard scores, 'not known' flags, one-hot categories.

    Attributes
    ----------
    numeric : tuple of str
        Descriptors on a scale.
    mean, sd : (len(numeric),) float64
    categories : mapping of str to tuple of float
        Descriptors without order, and the values seen in training.
    """

    numeric: tuple[str, ...]
    mean: Floats
    sd: Floats
    categories: dict[str, tuple[float, ...]]

    @classmethod
    def fit(cls, events: Events) -> Statics:
        numeric = tuple(sorted(name for name in events.statics if name not in CATEGORICAL))
        mean, sd = np.zeros(len(numeric)), np.ones(len(numeric))
        for i, name in enumerate(numeric):
            x = _known(name, events.statics[name])
            if np.isfinite(x).any():
                mean[i] = np.nanmean(x)
                sd[i] = np.nanstd(x) or 1.0
        categories = {}
        for name in CATEGORICAL:
            if name in events.statics:
                x = np.unique(events.statics[name].astype(np.float64))
                categories[name] = tuple(x[np.isfinite(x)].tolist())
        return cls(numeric, mean, sd, categories)

    @property
    def width(self) -> int:
        return 2 * len(self.numeric) + sum(len(values) for values in self.categories.values())

    def __call__(self, statics: dict[str, NDArray[np.generic]], subjects: int) -> NDArray[np.float32]:
        """(subjects, width) float32."""
        out = np.zeros((subjects, self.width), np.float32)
        column = 0
        for i, name in enumerate(self.numeric):
            x = _known(name, statics[name])
            z = np.clip((x - self.mean[i]) / self.sd[i], -4, 4)
            out[:, column] = np.where(np.isfinite(x), z, 0.0)
            out[:, column + 1] = np.isfinite(x)
            column += 2
        for name, values in self.categories.items():
            for value in values:
                out[:, column] = np.asarray(statics[name], np.float64) == value
                column += 1
        return out


def _plausible(name: str, x: Floats) -> NDArray[np.bool_]:
    low, high = PLAUSIBLE.get(name, (-np.inf, np.inf))
    with np.errstate(invalid="ignore"):
        keep: NDArray[np.bool_] = (x >= low) & (x <= high)
    return keep


def _known(name: str, column: NDArray[np.generic]) -> Floats:
    x = np.asarray(column, np.float64)
    return np.where(_plausible(name, x), x, np.nan)


def _skewness(x: Floats) -> float:
    centred = x - x.mean()
    sd = x.std()
    return float((centred**3).mean() / sd**3) if sd > 0 else 0.0
