"""ema: the exponential moving average over irregular time."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from marey._runtime.checks import check_dtype, check_same_dtype, check_shape
from marey._runtime.doors import door, is_torch
from marey._runtime.specs import Case, Chunks, Inputs, OpSpec, Tolerance, register
from marey.reference.ema import ema as reference
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


@door("x", "t", "mask", "x0", halves=("x",))
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


def _inputs(
    rng: np.random.Generator, *shape: int, mask: str = "", start: bool = False, nan: bool = False, tau: str = "own"
) -> Inputs:
    *leading, channels, length = shape
    inputs: Inputs = {
        "x": rng.normal(size=shape),
        "t": np.cumsum(rng.exponential(size=(*leading, length)), axis=-1),
        "tau": rng.uniform(0.5, 20.0, channels) if tau == "own" else 2.5,
    }
    if mask:
        inputs["mask"] = rng.random(shape if mask == "own" else (*leading, length)) < 0.6
    if start:
        inputs["x0"] = rng.normal(size=(*leading, channels))
    if nan:
        marks = inputs["mask"] if mask == "own" else inputs["mask"][..., None, :]
        inputs["x"][~np.broadcast_to(marks, shape)] = np.nan
    return inputs


def _split(inputs: Inputs, t: int) -> tuple[Inputs, Inputs]:
    along = ("x", "t", "mask")
    first = {name: a[..., :t] if name in along else a for name, a in inputs.items()}
    second = {name: a[..., t:] if name in along else a for name, a in inputs.items() if name != "x0"}
    return first, second


def _carry(first: Inputs, results: tuple[Any, ...]) -> Inputs:
    return {"state": EMAState(*results[1:])}


def _case(name: str, *shape: int, tags: str = "", **options: Any) -> Case:
    return Case(name, lambda rng: _inputs(rng, *shape, **options), frozenset(tags.split()))


SPEC = register(
    OpSpec(
        name="scan.ema",
        function=ema,
        reference=reference,
        cases=(
            _case("plain", 3, 11, 37, tags="odd batch"),
            _case("one time constant", 2, 3, 9, 50, tags="batch", tau="one"),
            _case("masked", 2, 9, 50, tags="nan batch", mask="shared", nan=True),
            _case("masked a channel", 4, 3, 133, tags="nan odd batch", mask="own", nan=True),
            _case("a start value", 2, 5, 40, tags="batch", start=True),
            _case("in chunks", 2, 5, 41, tags="odd chunks", mask="own"),
            _case("one step", 2, 5, 1, tags="one batch"),
            _case("no steps", 2, 5, 0, tags="empty"),
            _case("for gradients", 2, 3, 7, tags="grad", start=True),
            _case("large", 12, 24, 1000, tags="threads"),
            _case("64 x 20,000", 64, 20_000, tags="bench"),
        ),
        backends=frozenset({"numpy", "torch", "compile", "cuda"}),
        native={},
        tolerance={
            "float64": Tolerance(1e-12, 1e-12, "roundings of the decays and of time stamps of size 100"),
            "float32": Tolerance(
                1e-5, 1e-5, "both sums rounded to float32, 6e-8 of up to 20 samples of size 3, and divided"
            ),
        },
        halves=("x",),
        missing="a sample masked out is not read; NaN before a channel's first sample",
        differentiable=("x", "t", "tau", "x0"),
        chunks=Chunks(
            _split,
            lambda inputs: inputs["x"].shape[-1],
            "state",
            None,
            joined=(0,),
            carry=_carry,
            wide_state=False,
        ),
        batched=("x", "t", "mask", "x0"),
        same_bits=False,  # the state of a float32 signal is float32
    )
)
