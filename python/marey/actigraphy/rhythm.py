"""m10_l5, intradaily_variability, interdaily_stability: the rhythm of rest and activity over days."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["M10L5", "interdaily_stability", "intradaily_variability", "m10_l5"]


class M10L5(NamedTuple):
    """The most active ten and the least active five hours of a day: means, and seconds from its begin."""

    m10: float
    m10_start_s: float
    l5: float
    l5_start_s: float
    relative_amplitude: float  # (M10 - L5) / (M10 + L5)


def m10_l5(x: Any, epoch: float = 5, *, most_h: float = 10, least_h: float = 5) -> M10L5:
    """The most active ten and the least active five hours of one day.

    Parameters
    ----------
    x : (E,)
        Activity of each epoch (ENMO, counts); NaN is left out of the means.
    epoch : float
        Length of an epoch in seconds.
    most_h, least_h : float
        Hours; a window with less than half of its epochs observed is not looked at.

    Returns
    -------
    M10L5
        NaN where the day is shorter than the window.

    Notes
    -----
    Witting et al., Biol Psychiatry 27:563, 1990.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.actigraphy import m10_l5
    >>> day = np.repeat([1.0, 0.0, 2.0, 5.0, 3.0], [6 * 60, 6 * 60, 2 * 60, 8 * 60, 2 * 60])
    >>> m10_l5(day, epoch=60)
    M10L5(m10=4.6, m10_start_s=50400.0, l5=0.0, l5_start_s=21600.0, relative_amplitude=1.0)
    """
    values = _series(x)
    most, most_at = _window(values, most_h * 3600 / epoch, max)
    least, least_at = _window(values, least_h * 3600 / epoch, min)
    total = most + least
    amplitude = (most - least) / total if total > 0 else float("nan")
    return M10L5(most, most_at * epoch, least, least_at * epoch, amplitude)


def intradaily_variability(x: Any, epoch: float = 5, *, bin_s: float = 3600) -> float:
    """How broken a rhythm is: the mean squared step from hour to hour over the variance.

    Parameters
    ----------
    x : (E,)
        Activity of each epoch, over days; NaN is left out.
    epoch : float
        Length of an epoch in seconds.
    bin_s : float
        Seconds of which means are taken first.

    Returns
    -------
    float
        Near 0 for a smooth wave, about 2 for noise; NaN where nothing varies.

    Notes
    -----
    Witting et al., Biol Psychiatry 27:563, 1990. Steps into or out of an unobserved hour are left out.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.actigraphy import intradaily_variability
    >>> hours = np.arange(24 * 7)
    >>> round(intradaily_variability(1 + np.sin(2 * np.pi * hours / 24), epoch=3600), 4)
    0.0678
    """
    hours = _means(_series(x), round(bin_s / epoch))
    steps = np.diff(hours)
    steps, seen = steps[np.isfinite(steps)], hours[np.isfinite(hours)]
    variance = seen.var() if len(seen) else 0.0
    return float((steps**2).mean() / variance) if variance > 0 and len(steps) else float("nan")


def interdaily_stability(x: Any, epoch: float = 5, *, bin_s: float = 3600) -> float:
    """How alike the days are: the variance of the mean day over that of all hours.

    Parameters
    ----------
    x : (E,)
        Activity of each epoch, over at least two days; NaN is left out.
    epoch : float
        Length of an epoch in seconds.
    bin_s : float
        Seconds of which means are taken first; a divisor of a day.

    Returns
    -------
    float
        1 where every day is the same; NaN for less than two days.

    Notes
    -----
    Witting et al., Biol Psychiatry 27:563, 1990. Hours of the mean day count by how often they were observed, which is
    the same where all were as often.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.actigraphy import interdaily_stability
    >>> interdaily_stability(np.tile(np.arange(24.0), 7), epoch=3600)
    1.0
    """
    per_day = 86400 / bin_s
    if per_day != round(per_day):
        raise ValueError(f"`bin_s` is {bin_s:g}; expected a divisor of a day")
    hours = _means(_series(x), round(bin_s / epoch))
    if len(hours) < 2 * per_day:
        return float("nan")
    seen = np.isfinite(hours)
    of_day = np.arange(len(hours)) % round(per_day)
    filled = np.where(seen, hours, 0.0)
    n = np.bincount(of_day, seen)
    profile, n = np.bincount(of_day, filled)[n > 0] / n[n > 0], n[n > 0]
    overall = hours[seen].mean() if seen.any() else float("nan")
    total = ((hours[seen] - overall) ** 2).sum()
    return float((n * (profile - overall) ** 2).sum() / total) if total > 0 else float("nan")


def _series(x: Any) -> NDArray[np.float64]:
    values = np.asarray(x, dtype=np.float64)
    if values.ndim != 1:
        raise ValueError(f"`x` has shape {values.shape}; expected (E,)")
    return values


def _means(x: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    if size < 1:
        raise ValueError("`bin_s` is shorter than an epoch")
    parts = x[: len(x) // size * size].reshape(-1, size)
    seen = np.isfinite(parts)
    with np.errstate(invalid="ignore"):
        means: NDArray[np.float64] = np.where(seen, parts, 0.0).sum(1) / seen.sum(1)
    return means


def _window(x: NDArray[np.float64], size: float, best: Any) -> tuple[float, float]:
    width = round(size)
    if width < 1 or len(x) < width:
        return float("nan"), float("nan")
    seen = np.isfinite(x)
    totals = np.concatenate([[0.0], np.cumsum(np.where(seen, x, 0.0))])
    counts = np.concatenate([[0], np.cumsum(seen)])
    n = counts[width:] - counts[:-width]
    fits = n * 2 >= width
    if not fits.any():
        return float("nan"), float("nan")
    worst = -np.inf if best is max else np.inf
    means = np.where(fits, (totals[width:] - totals[:-width]) / np.maximum(n, 1), worst)
    at = int(means.argmax() if best is max else means.argmin())
    return float(means[at]), float(at)
