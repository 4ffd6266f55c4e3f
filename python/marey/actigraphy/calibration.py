"""calibrate: an accelerometer against gravity, from the stillest moments of its own recording."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marey._runtime.doors import door
from marey.actigraphy._acc import COLUMNS, MOMENTS, as_acc, one_pass, whole_samples

__all__ = ["Calibration", "calibrate"]


@dataclass(frozen=True)
class Calibration:
    """Calibrated acceleration is ``(acc - offset) * scale``; errors are mean distances to 1 g, before and after."""

    scale: tuple[float, float, float]
    offset: tuple[float, float, float]
    error_before: float  # g
    error_after: float  # g
    n_windows: int  # still windows that were used
    reason: str  # why nothing was changed; empty where it was

    def apply(self, acc: Any) -> Any:
        """``acc`` (..., 3, T), calibrated."""
        scale = np.array(self.scale, acc.dtype)[:, None]
        return (acc - np.array(self.offset, acc.dtype)[:, None]) * scale


@door("acc")
def calibrate(
    acc: Any,
    fs: float,
    *,
    window_s: float = 10,
    max_std: float = 0.013,
    min_range: float = 0.3,
    max_error: float = 0.01,
) -> Calibration:
    """Scale and offset of each axis that put still moments on the sphere of 1 g.

    Parameters
    ----------
    acc : (3, T)
        Acceleration in g, a day or more of it.
    fs : float
        Sampling frequency in Hz.
    window_s : float
        Windows in which stillness is looked for, in seconds.
    max_std : float
        A window is still where no axis has a larger standard deviation, in g.
    min_range : float
        Still windows must lie on both sides of so many g on every axis, or nothing is changed.
    max_error : float
        A remaining error of so many g or more, or one larger than before, changes nothing.

    Returns
    -------
    Calibration
        With ``reason`` told and scale 1, offset 0 where the recording does not allow it.

    Notes
    -----
    van Hees et al., J Appl Physiol 117:738, 2014, without its term of temperature: the closest point of the sphere to
    each window's mean is regressed on, with weights that fall with the distance (at most 100), until the scale changes
    by less than 1e-10.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.actigraphy import calibrate
    >>> rng = np.random.default_rng(0)
    >>> still = rng.normal(size=(3, 400))
    >>> still /= np.linalg.norm(still, axis=0)
    >>> told = calibrate(np.repeat(still / 1.02 + 0.03, 100, axis=1), fs=10)
    >>> np.round(told.scale, 4), np.round(told.offset, 4)
    (array([1.02, 1.02, 1.02]), array([0.03, 0.03, 0.03]))
    """
    values = as_acc(acc)
    if values.ndim != 2:
        raise ValueError(f"`acc` has shape {values.shape}; expected (3, T), one recording")
    samples = whole_samples(fs, window_s, "window_s")
    table = one_pass(values, samples=samples, what=MOMENTS)[1]
    whole = table[:, COLUMNS["observed"]][:, 0] == samples
    mean, std = table[:, COLUMNS["mean"]], np.sqrt(table[:, COLUMNS["squares"]] / samples)
    with np.errstate(invalid="ignore"):
        still = whole & (std < max_std).all(1) & (np.abs(mean) < 2).all(1) & (mean != 0).any(1)
    points = mean[still]
    before = _error(points)

    def unchanged(reason: str) -> Calibration:
        return Calibration((1.0, 1.0, 1.0), (0.0, 0.0, 0.0), before, before, len(points), reason)

    if len(points) < 10:
        return unchanged(f"{len(points)} still windows; at least 10 are needed")
    narrow = [a for a, v in zip("xyz", points.T, strict=True) if v.min() > -min_range or v.max() < min_range]
    if narrow:
        return unchanged(f"still windows cover too little of the {' and '.join(narrow)} axis")
    scale, offset = _fit(points)
    after = _error((points - offset) * scale)
    if not after < before:
        return unchanged("the error did not fall")
    if after >= max_error:
        return unchanged(f"an error of {after:.4f} g remained")
    return Calibration(_three(scale), _three(offset), before, after, len(points), "")


def _three(values: NDArray[np.float64]) -> tuple[float, float, float]:
    x, y, z = values.tolist()
    return x, y, z


def _error(points: NDArray[np.float64]) -> float:
    return float(np.abs(np.linalg.norm(points, axis=1) - 1).mean()) if len(points) else float("nan")


def _fit(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Iterated weighted regression of the closest points of the sphere on the means, axis by axis."""
    scale, shift = np.ones(3), np.zeros(3)  # (points * scale + shift)
    weights = np.ones(len(points))
    for _ in range(1000):
        now = points * scale + shift
        on_sphere = now / np.linalg.norm(now, axis=1, keepdims=True)
        mean_now, mean_target = np.average(now, 0, weights), np.average(on_sphere, 0, weights)
        off = now - mean_now
        slope = (weights[:, None] * off * (on_sphere - mean_target)).sum(0) / (weights[:, None] * off**2).sum(0)
        before = scale
        shift = mean_target + slope * (shift - mean_now)
        scale = scale * slope
        distance = np.linalg.norm(points * scale + shift - on_sphere, axis=1)
        weights = np.minimum(1 / np.maximum(distance, 1e-12), 100)
        if np.abs(scale - before).sum() < 1e-10:
            break
    return scale, -shift / scale
