"""ema: the exponential moving average over irregular time."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from marey._runtime.checks import check_dtype, check_same_dtype, check_shape
from marey._runtime.doors import door, is_torch
from marey.scan.decay_scan import decay_scan

__all__ = ["EMAState", "ema"]


class EMAState(NamedTuple):
    """Where an :func:`ema` stands: what the next chunk goes on from.

    Attributes
    ----------
    total : (..., D)
        Weighted sum of the samples so far, as of ``time``.
    weight : (..., D)
        Sum of their weights.
    time : (...)
        The last time stamp.
    """

    total: Any
    weight: Any
    time: Any


@door("x", "t", "mask", "x0")
def ema(
    x: Any,
    t: Any,
    tau: Any,
    *,
    mask: Any = None,
    state: EMAState | None = None,
    x0: Any = None,
) -> tuple[Any, EMAState]:
    r"""Exponential moving average of samples taken at any times.

    .. math:: y_t = \frac{\sum_{s \le t} m_s\, e^{-(t_t - t_s)/\tau}\, x_s}{\sum_{s \le t} m_s\, e^{-(t_t - t_s)/\tau}}

    A weighted mean of what was observed, the weight of a sample falling by 1/e in ``tau``. It is free of the bias
    towards a start value; give ``x0`` to have one.

    Parameters
    ----------
    x : (..., D, T)
        Samples, float32 or float64; any unit.
    t : (..., T)
        Time stamps that do not fall, in any unit.
    tau : float or (D,)
        Time constant, in the unit of ``t``: half-life / ln 2.
    mask : (..., T) or (..., D, T), optional
        Boolean; where False the sample is missing and not read: the average is carried on.
    state : EMAState, optional
        What an earlier call returned: go on from there.
    x0 : (..., D), optional
        Start value, which counts as one sample at the first time stamp; not beside ``state``.

    Returns
    -------
    y : (..., D, T)
        The average after each sample; NaN before a channel's first.
    state : EMAState
        Pass it on to average the next chunk.

    Raises
    ------
    ValueError, TypeError
        If a shape or a dtype does not fit, a time constant is not positive, or (NumPy) time falls.

    Notes
    -----
    The values of ``pandas.DataFrame.ewm(halflife=tau * ln(2), times=t).mean()``. Chunks equal the whole to rounding.
    After a gap of several hundred ``tau`` without a sample, sum and weight have both faded to zero and the average is
    NaN until the next sample. In torch, gradients reach ``x``, ``t``, ``tau`` and the state. On the operators' place
    among averages of irregular series: A. Eckner, Algorithms for unevenly spaced time series: moving averages and other
    rolling operators, 2019.

    Examples
    --------
    Heart rates of 60 and 90, an hour apart, averaged with a half-life of one hour: weights 1/2 and 1.

    >>> import numpy as np
    >>> from marey.scan import ema
    >>> y, state = ema(np.array([[60.0, 90.0]]), np.array([0.0, 1.0]), 1 / np.log(2))
    >>> y
    array([[60., 80.]])
    """
    tau = _checked(x, t, tau, state, x0)
    length = x.shape[-1]
    began = t[..., :1] if state is None else state.time[..., None]
    if is_torch(x):
        import torch

        gaps, ones = torch.diff(t, dim=-1, prepend=began), torch.ones_like(x)
    else:
        gaps, ones = np.diff(t, axis=-1, prepend=began), np.ones_like(x)
        if (gaps < 0).any():
            raise ValueError(f"`t` falls at index {int(np.nonzero(gaps < 0)[-1][0])} of its last axis; sort by time")
    total, weight = (None, None) if state is None else (state.total, state.weight)
    if x0 is not None:
        total, weight = x0, ones[..., 0] if length else (x0 * 0 + 1)
    totals, total = decay_scan(x, gaps, 1 / tau, h0=total, mask=mask)
    weights, weight = decay_scan(ones, gaps, 1 / tau, h0=weight, mask=mask)
    if is_torch(x):
        y = totals / weights
    else:
        with np.errstate(invalid="ignore", divide="ignore"):  # nothing over nothing: no sample yet
            y = totals / weights
    time = t[..., -1] if length else began[..., 0] if state is not None else t.sum(-1)
    return y, EMAState(total, weight, time)


def _checked(x: Any, t: Any, tau: Any, state: EMAState | None, x0: Any) -> Any:
    """``tau`` as (D,) of x's kind and dtype."""
    check_dtype("x", x, ("float32", "float64"))
    if x.ndim < 2:
        raise ValueError(f"`x` has shape {tuple(x.shape)}; expected (..., D, T)")
    *leading, channels, length = x.shape
    check_same_dtype("t", t, "x", x)
    check_shape("t", t, (*leading, length), "(..., T)")
    if not is_torch(x):
        tau = np.broadcast_to(np.asarray(tau, x.dtype), (channels,))
        if not (tau > 0).all():
            raise ValueError(f"`tau` is {tau[~(tau > 0)][0]}; a time constant is positive")
    else:
        import torch

        if not is_torch(tau):
            if not tau > 0:
                raise ValueError(f"`tau` is {tau}; a time constant is positive")
            tau = torch.full((), float(tau), dtype=x.dtype, device=x.device)
        check_same_dtype("tau", tau, "x", x)
        tau = tau.expand(channels)
    if state is not None and x0 is not None:
        raise ValueError("`x0` starts an average and `state` goes on with one; give one of them")
    if x0 is not None:
        check_shape("x0", x0, (*leading, channels), "(..., D)")
    if state is not None:
        check_shape("state.total", state.total, (*leading, channels), "(..., D)")
        check_shape("state.time", state.time, tuple(leading), "(...)")
    return tau
