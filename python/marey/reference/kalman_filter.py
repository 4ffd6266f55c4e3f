"""The Kalman filter, one series and one step at a time: predict, drop the rows not observed, condition on the rest."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Sweep", "kalman_filter", "sweep"]

Array = NDArray[np.float64]


class Sweep(NamedTuple):
    """Of B series and T steps: the matrices of every step, and the state before and after each step's observation."""

    F: Array  # (B, T, n, n)
    predicted: Array  # (B, T, n)
    predicted_cov: Array  # (B, T, n, n)
    mean: Array  # (B, T, n)
    cov: Array  # (B, T, n, n)
    loglik: Array  # (B,)


def kalman_filter(
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
    """See :func:`marey.state_space.kalman_filter`."""
    done = sweep(y, F, H, Q, R, x0, P0, mask=mask, dt=dt, steps=steps, continued=continued)
    mean, covariance, loglik = np.moveaxis(done.mean, 1, -1), np.moveaxis(done.cov, 1, -1), done.loglik
    if np.ndim(y) == 2:
        mean, covariance, loglik = mean[0], covariance[0], loglik[0]
    return mean, covariance if cov else None, loglik


def sweep(
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
) -> Sweep:
    """The forward pass over every series."""
    y = np.asarray(y, dtype=np.float64)
    mask = np.ones(y.shape, dtype=bool) if mask is None else np.asarray(mask)
    if mask.ndim < y.ndim:
        mask = np.broadcast_to(mask[..., None, :], y.shape)
    if y.ndim == 2:
        y, mask = y[None], mask[None]
    if steps:
        y = np.pad(y, [(0, 0), (0, 0), (0, steps)])
        mask = np.pad(mask, [(0, 0), (0, 0), (0, steps)])
    B, m, T = y.shape
    if dt is not None:
        gaps = np.broadcast_to(np.asarray(dt, dtype=np.float64), (B, T)).copy()
        if not continued:
            gaps[:, :1] = 0.0
        F, Q = F.discretize(gaps)
    n = np.shape(x0)[-1]
    F, Q = _every_step(F, B, T, (n, n)), _symmetric(_every_step(Q, B, T, (n, n)))
    H, R = _every_step(H, B, T, (m, n)), _symmetric(_every_step(R, B, T, (m, m)))
    x0 = np.broadcast_to(np.asarray(x0, dtype=np.float64), (B, n))
    P0 = _symmetric(np.broadcast_to(np.asarray(P0, dtype=np.float64), (B, n, n)))

    out = Sweep(
        F, np.empty((B, T, n)), np.empty((B, T, n, n)), np.empty((B, T, n)), np.empty((B, T, n, n)), np.zeros(B)
    )
    for b in range(B):
        x, P = x0[b], P0[b]
        for t in range(T):
            if t > 0 or continued:
                x, P = F[b, t] @ x, F[b, t] @ P @ F[b, t].T + Q[b, t]
            out.predicted[b, t], out.predicted_cov[b, t] = x, P
            seen = mask[b, :, t]
            if seen.any():
                x, P, loglik = _observe(x, P, y[b, seen, t], H[b, t][seen], R[b, t][np.ix_(seen, seen)])
                out.loglik[b] += loglik
            out.mean[b, t], out.cov[b, t] = x, P
    return out


def _observe(x: Array, P: Array, y: Array, H: Array, R: Array) -> tuple[Array, Array, float]:
    """The Gaussian (x, P) given y = H x + noise of covariance R, and the log density of y."""
    S = H @ P @ H.T + R
    if not np.all(np.isfinite(S)) or np.linalg.eigvalsh(S).min() <= 0:
        return np.full_like(x, np.nan), np.full_like(P, np.nan), np.nan
    K = np.linalg.solve(S, H @ P).T
    v = y - H @ x
    A = np.eye(len(x)) - K @ H
    loglik = -0.5 * (len(y) * np.log(2 * np.pi) + np.linalg.slogdet(S)[1] + v @ np.linalg.solve(S, v))
    return x + K @ v, A @ P @ A.T + K @ R @ K.T, loglik


def _every_step(matrix: Any, B: int, T: int, shape: tuple[int, int]) -> Array:
    matrix = np.asarray(matrix, dtype=np.float64)
    if matrix.ndim == 3:  # (B, ., .) or (T, ., .): the public function refuses what could be both
        matrix = matrix[:, None] if len(matrix) == B else matrix[None]
    return np.broadcast_to(matrix, (B, T, *shape))


def _symmetric(matrix: Array) -> Array:
    return 0.5 * (matrix + matrix.swapaxes(-1, -2))
