"""causal_conv1d_step: the convolution on a stream, one step at a time."""

from __future__ import annotations

from typing import Any

from marey._runtime.doors import door
from marey.scan.causal_conv1d import causal_conv1d

__all__ = ["causal_conv1d_step"]


@door("state", "x", "weight", "bias")
def causal_conv1d_step(
    state: Any, x: Any, weight: Any, bias: Any = None, activation: str | None = None
) -> tuple[Any, Any]:
    """One step of :func:`~marey.scan.causal_conv1d`: what has come before and one sample in, the same out.

    Parameters
    ----------
    state : (..., D, W - 1)
        The inputs before this step, oldest first.
    x : (..., D)
        Sample.
    weight, bias, activation
        As in :func:`~marey.scan.causal_conv1d`.

    Returns
    -------
    y : (..., D)
        Output, on the CPU the same bits as the whole signal's at this step.
    state : (..., D, W - 1)
        The state after this step, a new array.

    Raises
    ------
    ValueError, TypeError
        As :func:`~marey.scan.causal_conv1d`.

    Notes
    -----
    It is a call of one step: gradients, batches and every kind of array as there.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.scan import causal_conv1d_step
    >>> state = np.zeros((1, 2))
    >>> for x in ([3.0], [6.0], [9.0]):
    ...     y, state = causal_conv1d_step(state, np.array(x), np.full((1, 3), 1 / 3))
    >>> y.round(6), state
    (array([6.]), array([[6., 9.]]))
    """
    y, state = causal_conv1d(x[..., None], weight, bias, activation, x0=state)
    return y[..., 0], state
