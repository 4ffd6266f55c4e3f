"""selective_scan_step: the state space on a stream, one step at a time."""

from __future__ import annotations

from typing import Any

from marey._runtime.doors import door
from marey.scan.selective_scan import selective_scan

__all__ = ["selective_scan_step"]


@door("state", "u", "delta", "A", "B", "C", "D", "z", "delta_bias", "dt_scale", "reset")
def selective_scan_step(
    state: Any,
    u: Any,
    delta: Any,
    A: Any,
    B: Any,
    C: Any,
    D: Any = None,
    z: Any = None,
    delta_bias: Any = None,
    delta_softplus: bool = False,
    *,
    dt_scale: Any = None,
    reset: Any = None,
) -> tuple[Any, Any]:
    """One step of :func:`~marey.scan.selective_scan`: the state and one sample in, the output and the state out.

    Parameters
    ----------
    state : (B, D, N)
        State before this step.
    u, delta, z : (B, D)
        Input, step size and gate of this step.
    A, D, delta_bias, delta_softplus
        As in :func:`~marey.scan.selective_scan`.
    B, C : (B, N) or (B, G, N)
        Of this step. Ones that do not vary, (D, N), are ``B[None].expand(batch, D, N)``: a group to each channel.
    dt_scale, reset : (B,), optional
        Real time since the step before, and whether to forget the state first.

    Returns
    -------
    y : (B, D)
        Output, on the CPU the same bits as the whole signal's at this step.
    state : (B, D, N)
        The state after this step, a new array.

    Raises
    ------
    ValueError, TypeError
        As :func:`~marey.scan.selective_scan`.

    Notes
    -----
    It is a call of one step: gradients, batches and every kind of array as there. Arguments are those of
    ``selective_state_update`` in the package ``mamba-ssm``, which writes over its state.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.scan import selective_scan_step
    >>> state, one = np.zeros((1, 1, 1)), np.ones((1, 1))
    >>> for u in (1.0, 0.0, 0.0):
    ...     y, state = selective_scan_step(state, u * one, np.log(2) * one, -one, one, one)
    >>> y.round(4)
    array([[0.1733]])
    """

    def step(array: Any) -> Any:
        return None if array is None else array[..., None]

    y, state = selective_scan(
        step(u), step(delta), A, step(B), step(C), D, step(z), delta_bias, delta_softplus, True,
        h0=state, dt_scale=step(dt_scale), reset=step(reset),
    )  # fmt: skip
    return y[..., 0], state
