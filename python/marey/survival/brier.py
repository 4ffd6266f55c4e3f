"""brier, integrated_brier: the squared error of predicted survival."""

from __future__ import annotations

from typing import Any

import numpy as np

from marey._runtime import native
from marey.survival._censoring import checked_weights
from marey.survival._rows import Floats

__all__ = ["brier", "integrated_brier"]


def brier(time: Any, event: Any, survival: Any, times: Any, *, censoring: Any = None) -> Floats:
    r"""The mean squared error of predicted survival at each of some times, censoring allowed for.

    Parameters
    ----------
    time : (n,)
        Time of the event or of censoring.
    event : (n,) bool, or 0 and 1
        Whether the event was seen.
    survival : (n, T)
        Predicted probability of each row to live longer than each of ``times``.
    times : (T,)
        Rising, all before the largest of ``time``.
    censoring : pair of (m,), optional
        ``(time, event)`` of the rows that the curve of censoring is taken from, such as those a model was trained on;
        these rows themselves if left out.

    Returns
    -------
    (T,)
        The score: 0 of a prophet, 0.25 of a constant prediction of one half.

    Raises
    ------
    ValueError, TypeError
        If an argument does not fit, or nobody is uncensored at one of ``times``. NaN is refused.

    Notes
    -----
    :math:`\frac1n \sum_i S_i(t)^2 [T_i \le t, \mathrm{event}_i] / G(T_i-) + (1 - S_i(t))^2 [T_i > t] / G(t)`, with the
    Kaplan-Meier curve :math:`G` of the time to censoring. An event at :math:`T` was seen because censoring did not come
    before :math:`T`: hence :math:`G(T-)`, which differs from :math:`G(T)` only where events and censorings share a
    time. Cost: O(n T). Source: Graf et al., Stat Med 18:2529, 1999.

    Examples
    --------
    >>> from marey.survival import brier
    >>> brier([2.0, 4.0, 5.0, 7.0], [1, 1, 0, 1], [[0.4, 0.1], [0.7, 0.4], [0.8, 0.6], [0.9, 0.8]], [3.0, 4.5]).round(4)
    array([0.075 , 0.0925])
    """
    at, wanted, case_weight, control_weight = checked_weights(time, event, times, censoring)
    predicted = np.ascontiguousarray(np.asarray(survival), dtype=np.float64)
    if predicted.shape != (len(at), len(wanted)):
        raise ValueError(f"`survival` has shape {predicted.shape}; expected (n, T) = ({len(at)}, {len(wanted)})")
    fits = (predicted >= 0) & (predicted <= 1)
    if not fits.all():
        row, column = np.argwhere(~fits)[0]
        raise ValueError(
            f"`survival` of row {row}, column {column} is {predicted[row, column]}; expected a probability"
        )
    score: Floats = native.core().survival_brier(at, case_weight, wanted, control_weight, predicted)
    return score


def integrated_brier(time: Any, event: Any, survival: Any, times: Any, *, censoring: Any = None) -> float:
    """The mean of :func:`brier` over time, from the first of ``times`` to the last, by the trapezoidal rule.

    Parameters
    ----------
    time, event, survival, times, censoring
        As in :func:`marey.survival.brier`; two or more times.

    Returns
    -------
    float
        The mean score.

    Raises
    ------
    ValueError, TypeError
        As :func:`marey.survival.brier`.

    Examples
    --------
    >>> from marey.survival import integrated_brier
    >>> survival = [[0.4, 0.1], [0.7, 0.4], [0.8, 0.6], [0.9, 0.8]]
    >>> round(integrated_brier([2.0, 4.0, 5.0, 7.0], [1, 1, 0, 1], survival, [3.0, 4.5]), 5)
    0.08375
    """
    score = brier(time, event, survival, times, censoring=censoring)
    wanted = np.asarray(times, dtype=np.float64)
    if wanted.ndim != 1 or len(wanted) < 2:
        raise ValueError(f"`times` has shape {wanted.shape}; expected two or more times")
    return float(np.sum((score[1:] + score[:-1]) / 2 * np.diff(wanted)) / (wanted[-1] - wanted[0]))
