"""The Rauch-Tung-Striebel smoother: back from the last step, each filtered state corrected by what came after."""

from __future__ import annotations

from typing import Any

import numpy as np

from marey.reference.kalman_filter import sweep

__all__ = ["kalman_smoother"]


def kalman_smoother(
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
    steps: int = 0,
    continued: bool = False,
    cov: bool = True,
) -> tuple[Any, ...]:
    """See :func:`marey.state_space.kalman_smoother`."""
    done = sweep(y, F, H, Q, R, x0, P0, mask=mask, dt=dt, steps=steps, continued=continued)
    mean, covariance = done.mean.copy(), done.cov.copy()
    for b in range(mean.shape[0]):
        if np.isnan(done.loglik[b]):
            mean[b], covariance[b] = np.nan, np.nan
            continue
        for t in range(mean.shape[1] - 2, -1, -1):
            # The pseudo-inverse: a predicted covariance may be singular, and its null space is never left.
            C = done.cov[b, t] @ done.F[b, t + 1].T @ np.linalg.pinv(done.predicted_cov[b, t + 1], hermitian=True)
            mean[b, t] += C @ (mean[b, t + 1] - done.predicted[b, t + 1])
            covariance[b, t] += C @ (covariance[b, t + 1] - done.predicted_cov[b, t + 1]) @ C.T
    mean, covariance, loglik = np.moveaxis(mean, 1, -1), np.moveaxis(covariance, 1, -1), done.loglik
    if np.ndim(y) == 2:
        mean, covariance, loglik = mean[0], covariance[0], loglik[0]
    return mean, covariance if cov else None, loglik
