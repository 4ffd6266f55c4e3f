"""kalman_step: the filter on a stream, one step at a time."""

from __future__ import annotations

from typing import Any

from marey.state_space._problem import Estimate
from marey.state_space.kalman_filter import kalman_filter

__all__ = ["kalman_step"]


def kalman_step(
    y: Any,
    F: Any,
    H: Any,
    Q: Any,
    R: Any,
    x: Any,
    P: Any,
    *,
    mask: Any = None,
    dt: Any = None,
) -> Estimate:
    """One step of the filter on many streams: predict from the state of the step before, take in what was observed.

    Parameters
    ----------
    y : (B, m), or (m,)
        Observations of this step.
    F, H, Q, R : (n, n), (m, n), (n, n), (m, m)
        As of :func:`~marey.state_space.kalman_filter`; with (B, ...) before it where it differs by series.
    x, P : (B, n), (B, n, n), or (n,), (n, n)
        Filtered state of the step before; float64 beside float32 observations carries on without rounding.
    mask : (B,) or (B, m), optional
        Boolean, False where nothing was observed.
    dt : (B,), with a model
        Time since the step before.

    Returns
    -------
    mean : (B, n)
        Filtered mean, the next step's ``x``.
    cov : (B, n, n)
        Filtered covariance, the next step's ``P``.
    loglik : (B,)
        What this step adds to the log-likelihood.

    Raises
    ------
    ValueError, TypeError
        If a shape, a dtype or a model does not fit.

    Notes
    -----
    Steps from a state equal :func:`~marey.state_space.kalman_filter` over them bit for bit.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.state_space import kalman_step
    >>> one = np.ones((1, 1))
    >>> mean, cov, loglik = kalman_step(np.array([81.0]), one, one, 0.1 * one, one, np.array([80.0]), 0.5 * one)
    >>> mean
    array([80.375])
    """
    alone = len(y.shape) == 1
    y = y[..., None]
    mask = None if mask is None else mask[..., None]
    dt = None if dt is None else dt[..., None]
    if not alone:  # a matrix for each series must not be taken for one of each step
        F, H, Q, R = (a[:, None] if getattr(a, "ndim", 0) == 3 else a for a in (F, H, Q, R))
    mean, cov, loglik = kalman_filter(y, F, H, Q, R, x, P, mask=mask, dt=dt, continued=True)
    return Estimate(mean[..., 0], cov[..., 0], loglik)
