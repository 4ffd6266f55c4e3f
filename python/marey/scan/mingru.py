"""mingru: the minimal gated recurrent unit, as a parallel recurrence."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from marey._runtime.checks import check_same_dtype, check_shape
from marey._runtime.doors import door, is_torch
from marey.scan.linear_recurrence import linear_recurrence

__all__ = ["mingru", "mingru_step"]

ArrayT = TypeVar("ArrayT")


@door("gate", "candidate", "h0", "reset")
def mingru(gate: ArrayT, candidate: ArrayT, *, h0: Any = None, reset: Any = None) -> tuple[ArrayT, Any]:
    r"""Minimal gated recurrent unit: a gate that does not look at the state.

    .. math:: h_t = (1 - z_t)\, h_{t-1} + z_t\, \tilde h_t, \qquad z_t = \sigma(\mathrm{gate}_t)

    Parameters
    ----------
    gate, candidate : (..., D, T)
        The two linear maps of the input: the gate before its sigmoid, and :math:`\tilde h`; float32 or float64.
    h0 : (..., D), optional
        State before the first step; zero if left out.
    reset : (..., T) or (..., D, T), optional
        Boolean; where True the state is forgotten before that step: :math:`h_t = z_t \tilde h_t`.

    Returns
    -------
    h : (..., D, T)
        State after each step.
    hT : (..., D)
        State after the last step.

    Raises
    ------
    ValueError, TypeError
        If a shape or a dtype does not fit.

    Notes
    -----
    L. Feng, F. Tung, M. O. Ahmed, Y. Bengio, H. Hajimirsadeghi, Were RNNs all we needed?, arXiv:2410.01201, 2024,
    sec. 3.1.
    The paper scans in log space because its scan multiplies coefficients together; :func:`linear_recurrence` does not,
    so states may have any sign. Streaming is this same call with the state passed on, or :func:`mingru_step`. In torch,
    gradients reach ``gate``, ``candidate`` and ``h0`` from both results.

    Examples
    --------
    A gate half open moves half of the way to the candidate:

    >>> import numpy as np
    >>> from marey.scan import mingru
    >>> mingru(np.zeros((1, 3)), np.full((1, 3), 8.0))[0]
    array([[4., 6., 7.]])
    """
    check_shape("candidate", candidate, tuple(gate.shape), "that of `gate`")  # type: ignore[attr-defined]
    check_same_dtype("candidate", candidate, "gate", gate)
    return linear_recurrence(_sigmoid(-gate), _sigmoid(gate) * candidate, h0=h0, reset=reset)  # type: ignore[operator]


@door("gate", "candidate", "h")
def mingru_step(gate: ArrayT, candidate: ArrayT, h: ArrayT) -> ArrayT:
    """One step of :func:`mingru`: the state after it, from the state ``h`` before.

    Parameters
    ----------
    gate, candidate, h : (..., D)
        The gate before its sigmoid, the candidate, and the state.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.scan import mingru_step
    >>> mingru_step(np.zeros(1), np.full(1, 8.0), np.zeros(1))
    array([4.])
    """
    return _sigmoid(-gate) * h + _sigmoid(gate) * candidate  # type: ignore[operator,no-any-return]


def _sigmoid(x: Any) -> Any:
    if is_torch(x):
        return x.sigmoid()
    with np.errstate(over="ignore"):  # exp of a gate far from zero: the quotient is 0 or 1 as it should be
        return (1 / (1 + np.exp(-x))).astype(x.dtype, copy=False)
