"""lomb_scargle: periodograms of unevenly sampled series, one or many."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from marey._runtime import native
from marey._runtime.checks import check_dtype, check_shape
from marey._runtime.doors import door, is_torch

__all__ = ["lomb_scargle"]

_NORMALIZATIONS = ("standard", "model", "log", "psd")


@door("t", "y", "frequency", "dy", "offsets")
def lomb_scargle(
    t: Any,
    y: Any,
    frequency: Any,
    *,
    dy: Any = None,
    offsets: Any = None,
    fit_mean: bool = True,
    center_data: bool = True,
    normalization: Literal["standard", "model", "log", "psd"] = "standard",
    method: Literal["exact", "fast"] = "exact",
) -> Any:
    r"""How much of a series' variance a wave of each frequency explains.

    Parameters
    ----------
    t, y : (N,), or (S, N), or (total,) with ``offsets``
        Times, in any order, and values, float32 or float64. Give long times in float64.
    frequency : (F,)
        In cycles per unit of ``t``, >= 0. A regular grid (as of ``numpy.linspace``) is several times faster.
    dy : like ``y``, optional
        Standard errors, > 0: a point weighs ``dy ** -2``.
    offsets : (S + 1,) int64, optional
        Ragged series: series ``s`` is ``y[offsets[s]:offsets[s + 1]]``.
    fit_mean : bool
        Whether a constant is fitted beside each wave.
    center_data : bool
        Whether the weighted mean is subtracted first.
    normalization : str
        ``"standard"``: 0 to 1, :math:`P`; ``"model"``: :math:`P / (1 - P)`; ``"log"``: :math:`-\ln(1 - P)`; ``"psd"``:
        half the sum of squares that the wave explains, in units of ``y ** 2`` (of ``(y / dy) ** 2`` with ``dy``).
    method : str
        ``"exact"``: rounding only (1e-12). ``"fast"``: sums in float32, about 1e-6 of the largest power off.

    Returns
    -------
    power : (F,), or (S, F)
        In the dtype of ``y``.

    Raises
    ------
    ValueError, TypeError
        If an argument does not fit.

    Notes
    -----
    NaN and infinite points are left out. A series with fewer than three points, or without variance, is NaN; where the
    sine and the cosine are one wave at all times (0 Hz, half of an even rate), that wave is fitted.

    With weights :math:`w_i` of sum 1 and the mean removed where it is fitted: :math:`P = [SS\,YC^2 + CC\,YS^2 -
    2\,CS\,YC\,YS] / (YY\,D)`, :math:`D = CC\,SS - CS^2` (Zechmeister & Kuerster, A&A 496:577, 2009, eqs 4-12); the same
    as astropy's ``method="slow"``.

    Torch tensors on the CPU that need no gradient take the native path; others are computed by torch's own functions,
    where gradients reach ``t``, ``y``, ``dy`` and ``frequency``.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.spectral import lomb_scargle
    >>> t = np.cumsum(np.random.default_rng(0).uniform(0.6, 1.2, 300))  # beats
    >>> y = 0.9 + 0.05 * np.sin(2 * np.pi * 0.25 * t)  # breathing, 15 a minute
    >>> frequency = np.linspace(0.01, 0.5, 50)
    >>> float(frequency[np.argmax(lomb_scargle(t, y, frequency))])
    0.25
    """
    shape = _check(t, y, frequency, dy, offsets, normalization, method)
    if is_torch(y):
        tensors = [a for a in (t, y, frequency, dy) if a is not None]
        if y.device.type != "cpu" or any(a.requires_grad for a in tensors):
            from marey.spectral._torch import lomb_scargle as dense

            power = dense(t, y, frequency, dy, offsets, fit_mean, center_data, normalization)
            return power.reshape(*shape, -1)
        import torch

        t, y, frequency, dy, offsets = (None if a is None else a.numpy() for a in (t, y, frequency, dy, offsets))
        native_power = _native(t, y, frequency, dy, offsets, fit_mean, center_data, normalization, method)
        return torch.from_numpy(native_power).reshape(*shape, -1)
    power = _native(t, y, frequency, dy, offsets, fit_mean, center_data, normalization, method)
    return power.reshape(*shape, len(frequency))


def _native(
    t: Any,
    y: Any,
    frequency: Any,
    dy: Any,
    offsets: Any,
    fit_mean: bool,
    center: bool,
    normalization: str,
    method: str,
) -> Any:
    def flat(array: Any) -> Any:
        return np.ascontiguousarray(array, np.float64).reshape(-1)

    if offsets is None:
        series, points = (1, len(y)) if y.ndim == 1 else y.shape
        offsets = np.arange(series + 1) * points
    frequency = flat(frequency)
    power, variance, total = native.core().lomb_scargle(
        flat(t),
        flat(y),
        None if dy is None else flat(dy),
        np.ascontiguousarray(offsets),
        frequency,
        _spacing(frequency),
        fit_mean,
        center,
        method == "fast",
    )
    if normalization in ("model", "log"):
        power = np.minimum(power, 1)  # rounding apart no wave explains more
        with np.errstate(divide="ignore"):  # a wave through every point: infinite
            power = power / (1 - power) if normalization == "model" else -np.log1p(-power)
    elif normalization == "psd":
        power *= (0.5 * variance * total)[:, None]
    return power.astype(y.dtype, copy=False)


def _spacing(frequency: Any) -> float:
    """The spacing of a regular grid, or 0."""
    if len(frequency) < 3:
        return 0.0
    spacing = (frequency[-1] - frequency[0]) / (len(frequency) - 1)
    off = np.abs(frequency - (frequency[0] + spacing * np.arange(len(frequency)))).max()
    return float(spacing) if spacing > 0 and off <= 8 * np.finfo(np.float64).eps * frequency[-1] else 0.0


def _check(t: Any, y: Any, frequency: Any, dy: Any, offsets: Any, normalization: str, method: str) -> tuple[int, ...]:
    for name, array in (("t", t), ("y", y), ("frequency", frequency), ("dy", dy)):
        if array is not None:
            check_dtype(name, array, ("float32", "float64"))
    check_shape("t", t, tuple(y.shape), "the shape of `y`")
    if dy is not None:
        check_shape("dy", dy, tuple(y.shape), "the shape of `y`")
        if not bool((dy > 0).all()):
            raise ValueError("`dy` has a value that is not > 0; a point's weight is dy ** -2")
    if frequency.ndim != 1:
        raise ValueError(f"`frequency` has shape {tuple(frequency.shape)}; expected (F,)")
    if not bool(((frequency >= 0) & (frequency < float("inf"))).all()):
        raise ValueError("`frequency` has a value that is not finite and >= 0")
    if normalization not in _NORMALIZATIONS:
        raise ValueError(f"`normalization` is {normalization!r}; expected one of {', '.join(_NORMALIZATIONS)}")
    if method not in ("exact", "fast"):
        raise ValueError(f"`method` is {method!r}; expected 'exact' or 'fast'")
    if offsets is None:
        if y.ndim not in (1, 2):
            raise ValueError(f"`y` has shape {tuple(y.shape)}; expected (N,), (S, N), or (total,) with `offsets`")
        return tuple(y.shape[:-1])
    check_dtype("offsets", offsets, ("int64",))
    if y.ndim != 1 or offsets.ndim != 1 or len(offsets) < 1:
        raise ValueError(
            f"`y` has shape {tuple(y.shape)} and `offsets` {tuple(offsets.shape)}; expected (total,) and (S + 1,)"
        )
    return (len(offsets) - 1,)
