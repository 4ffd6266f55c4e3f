"""The log-likelihood of a linear Gaussian state-space model: the sum of the log densities of the innovations."""

from __future__ import annotations

from typing import Any

from marey.reference.kalman_filter import kalman_filter

__all__ = ["kalman_loglik"]


def kalman_loglik(
    y: Any,
    F: Any,
    H: Any,
    Q: Any,
    R: Any,
    x0: Any,
    P0: Any,
    *,
    mask: Any = None,
    dt: Any = None,
    continued: bool = False,
) -> Any:
    """See :func:`marey.state_space.kalman_loglik`."""
    return kalman_filter(y, F, H, Q, R, x0, P0, mask=mask, dt=dt, continued=continued, cov=False)[-1]
