"""What is special to kalman_smoother; the contract runs by itself."""

from __future__ import annotations

import numpy as np
import pytest
from test_kalman_filter import problem

from marey.state_space import kalman_filter, kalman_smoother


def joint(p: dict[str, np.ndarray], T: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of the stacked states x_1 .. x_T."""
    n = len(p["x0"])
    mean, cov = np.empty((T, n)), np.zeros((T, n, T, n))
    x, P = p["x0"], p["P0"]
    for t in range(T):
        if t:
            x, P = p["F"] @ x, p["F"] @ P @ p["F"].T + p["Q"]
        mean[t], cov[t, :, t] = x, P
        for s in range(t):
            cov[t, :, s] = p["F"] @ cov[t - 1, :, s]
            cov[s, :, t] = cov[t, :, s].T
    return mean.ravel(), cov.reshape(T * n, T * n)


def test_equals_the_joint_gaussian_given_all_observations() -> None:
    """Conditioning of one dense Gaussian: an oracle without a recursion."""
    B, m, n, T = 4, 2, 3, 7
    p = problem(B, m, n, T)
    mask = np.random.default_rng(1).random((B, m, T)) < 0.6
    result = kalman_smoother(**p, mask=mask)
    prior, cov = joint(p, T)
    H, R = np.kron(np.eye(T), p["H"]), np.kron(np.eye(T), p["R"])
    for b in range(B):
        seen = mask[b].T.ravel()
        Hs = H[seen]
        S = Hs @ cov @ Hs.T + R[np.ix_(seen, seen)]
        K = np.linalg.solve(S, Hs @ cov).T
        mean = prior + K @ (p["y"][b].T.ravel()[seen] - Hs @ prior)
        posterior = (cov - K @ Hs @ cov).reshape(T, n, T, n)
        np.testing.assert_allclose(result.mean[b].T.ravel(), mean, rtol=1e-10, atol=1e-10)
        for t in range(T):
            np.testing.assert_allclose(result.cov[b, :, :, t], posterior[t, :, t], rtol=1e-10, atol=1e-10)


def test_equals_the_filter_at_the_last_step_bit_for_bit() -> None:
    p = problem(T=130)
    smoothed, filtered = kalman_smoother(**p), kalman_filter(**p)
    np.testing.assert_array_equal(smoothed.mean[..., -1], filtered.mean[..., -1])
    np.testing.assert_array_equal(smoothed.cov[..., -1], filtered.cov[..., -1])
    np.testing.assert_array_equal(smoothed.loglik, filtered.loglik)


def test_is_surer_than_the_filter() -> None:
    p = problem()
    gain = kalman_filter(**p).cov - kalman_smoother(**p).cov
    assert np.linalg.eigvalsh(np.moveaxis(gain, -1, 1)).min() > -1e-12


def test_takes_a_transition_without_noise() -> None:
    """Q = 0 and F singular: predicted covariances have no inverse; the first state is a regression on all."""
    one = np.ones((1, 1))
    y = np.random.default_rng(2).normal(size=(1, 1, 9))
    mean, cov, _ = kalman_smoother(y, one, one, 0.0 * one, one, np.zeros(1), 1e6 * one)
    np.testing.assert_allclose(mean[0, 0], y.mean(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(cov[0, 0, 0], 1 / 9, rtol=1e-5)
    p = problem() | {"F": np.diag([0.9, 0.0, 0.0]), "Q": np.zeros((3, 3))}
    assert np.isfinite(kalman_smoother(**p).mean).all()


def test_a_failed_series_fails_alone_and_as_a_whole() -> None:
    p = problem()
    y = p["y"].copy()
    y[2, 0, 30] = np.nan
    result, fine = kalman_smoother(**p | {"y": y}), kalman_smoother(**p)
    np.testing.assert_array_equal(result.status, [-1, -1, 0, -1, -1])
    assert np.isnan(result.cov[2]).all()
    good = [0, 1, 3, 4]
    for a, b in zip(result, fine, strict=True):
        np.testing.assert_array_equal(a[good], b[good])


def test_a_gradient_is_refused_in_words() -> None:
    torch = pytest.importorskip("torch")
    p = {name: torch.tensor(a) for name, a in problem().items()}
    p["F"].requires_grad_(True)
    with pytest.raises(RuntimeError, match="kalman_smoother has no gradient"):
        kalman_smoother(**p).mean.sum().backward()
