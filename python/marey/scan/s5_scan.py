"""s5_scan: a diagonal complex state space over irregular time."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from marey._runtime.checks import check_dtype, check_same_dtype, check_shape, dtype_name
from marey._runtime.doors import door, is_torch
from marey.scan.linear_recurrence import linear_recurrence

__all__ = ["s5_scan"]

ArrayT = TypeVar("ArrayT")


@door("x", "Lambda", "dt", "h0", "reset")
def s5_scan(x: ArrayT, Lambda: Any, dt: Any, *, h0: Any = None, reset: Any = None) -> tuple[ArrayT, Any]:
    r"""Diagonal complex state space, held over a time step of its own at every sample: the scan of the S5 layer.

    .. math::
        h_t = e^{\Lambda\,\Delta t_t}\, h_{t-1} + \frac{e^{\Lambda\,\Delta t_t} - 1}{\Lambda}\, x_t

    Parameters
    ----------
    x : (..., P, T)
        Input of each state, :math:`B u_t`; complex64 or complex128.
    Lambda : (P,)
        Eigenvalues per unit of time, of the dtype of ``x``; zero is an integrator.
    dt : (..., T)
        Time since the sample before, float32 beside complex64, else float64. ``inf`` forgets the state where the
        eigenvalue's real part is negative.
    h0 : (..., P), optional
        State before the first sample; zero if left out.
    reset : (..., T), optional
        Boolean; where True the state is forgotten before that sample's input.

    Returns
    -------
    h : (..., P, T)
        State at each sample.
    hT : (..., P)
        State at the last sample.

    Raises
    ------
    ValueError, TypeError
        If a shape or a dtype does not fit, before any work is done.

    Notes
    -----
    Zero-order hold: the input is constant over the step that ends at its sample. A learnt time scale a state,
    :math:`\Delta_p` of the paper, goes into both arguments: ``s5_scan(x * step, Lambda * step, dt)``. In torch,
    gradients reach ``x``, ``Lambda``, ``dt`` and ``h0`` from both results.
    J. T. H. Smith, A. Warrington, S. W. Linderman, Simplified state space layers for sequence modeling, ICLR 2023,
    eq. 4 and sec. 3.3.

    Examples
    --------
    An oscillation of one turn a second that nothing drives, seen after a quarter and after a half of a turn:

    >>> import numpy as np
    >>> from marey.scan import s5_scan
    >>> h, _ = s5_scan(np.zeros((1, 2), complex), np.array([2j * np.pi]), np.array([0.25, 0.25]), h0=np.ones(1) + 0j)
    >>> h.round(3) + 0
    array([[ 0.+1.j, -1.+0.j]])
    """
    _check(x, Lambda, dt, h0, reset)
    return _by_linear_recurrence(x, Lambda, dt, h0, reset)


def _check(x: Any, Lambda: Any, dt: Any, h0: Any, reset: Any) -> None:
    check_dtype("x", x, ("complex64", "complex128"))
    check_same_dtype("Lambda", Lambda, "x", x)
    if x.ndim < 2:
        raise ValueError(f"`x` has shape {tuple(x.shape)}; expected (..., P, T)")
    *leading, states, length = x.shape
    check_shape("Lambda", Lambda, (states,), "(P,)")
    check_dtype("dt", dt, ("float32",) if dtype_name(x) == "complex64" else ("float64",))
    check_shape("dt", dt, (*leading, length), "(..., T)")
    if h0 is not None:
        if dtype_name(h0) != "complex128":
            check_same_dtype("h0", h0, "x", x)
        check_shape("h0", h0, (*leading, states), "(..., P)")
    if reset is not None:
        check_dtype("reset", reset, ("bool",))
        check_shape("reset", reset, (*leading, length), "(..., T)")


def _by_linear_recurrence(x: Any, Lambda: Any, dt: Any, h0: Any, reset: Any) -> tuple[Any, Any]:
    xp: Any = np
    if is_torch(x):
        import torch as xp  # type: ignore[no-redef]
    endless = xp.isinf(dt)[..., None, :]
    gap = xp.where(xp.isinf(dt), xp.zeros_like(dt), dt)[..., None, :]
    rate = Lambda[:, None]
    z = rate * gap
    small = abs(z) < 1e-2  # seven terms of the series of (exp(z) - 1) / z leave 2e-18
    safe = xp.where(small, xp.ones_like(z), z)
    series, quotient = xp.ones_like(z), xp.expm1(safe) / safe
    for k in range(7, 1, -1):
        series = 1 + z / k * series
    drive = gap * xp.where(small, series, quotient)
    decay = xp.exp(z)
    if is_torch(x) or endless.any():
        away = xp.where(rate == 0, xp.ones_like(rate), rate)
        forgets = endless & (rate.real < 0)
        decay, drive = xp.where(forgets, xp.zeros_like(decay), decay), xp.where(forgets, -1 / away, drive)
    return linear_recurrence(decay, drive * x, h0=h0, reset=reset)
