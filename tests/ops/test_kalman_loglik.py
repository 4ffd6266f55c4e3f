"""What is special to kalman_loglik; the contract runs by itself."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from test_kalman_filter import problem
from test_kalman_smoother import joint

from marey.state_space import kalman_filter, kalman_loglik


def test_equals_the_density_of_the_stacked_observations() -> None:
    B, m, n, T = 4, 2, 3, 6
    p = problem(B, m, n, T)
    mask = np.random.default_rng(1).random((B, m, T)) < 0.6
    loglik = kalman_loglik(**p, mask=mask)
    prior, cov = joint(p, T)
    H, R = np.kron(np.eye(T), p["H"]), np.kron(np.eye(T), p["R"])
    for b in range(B):
        seen = mask[b].T.ravel()
        Hs = H[seen]
        density = multivariate_normal(Hs @ prior, Hs @ cov @ Hs.T + R[np.ix_(seen, seen)])
        np.testing.assert_allclose(loglik[b], density.logpdf(p["y"][b].T.ravel()[seen]), rtol=1e-11)


def test_chunks_add_up() -> None:
    p = problem(T=150)
    whole = kalman_filter(**p)
    y = p.pop("y")
    first = kalman_filter(y[..., :70], **p)
    second = kalman_loglik(y[..., 70:], **p | {"x0": first.mean[..., -1], "P0": first.cov[..., -1]}, continued=True)
    np.testing.assert_allclose(first.loglik + second, whole.loglik, rtol=1e-13)


def tensors(p: dict[str, np.ndarray]) -> dict[str, object]:
    torch = pytest.importorskip("torch")
    return {name: torch.tensor(a, requires_grad=True) for name, a in p.items()}


def through_time(p: dict[str, object]) -> object:
    """The log-likelihood by a torch loop, for autograd through time."""
    import torch

    y, F, H, Q, R, x, P = (p[name] for name in ("y", "F", "H", "Q", "R", "x0", "P0"))
    x, loglik = x.expand(y.shape[0], -1)[..., None], 0.0
    Q, R, P = (0.5 * (a + a.mT) for a in (Q, R, P))
    for t in range(y.shape[-1]):
        if t:
            x, P = F @ x, F @ P @ F.T + Q
        v, S = y[..., t, None] - H @ x, H @ P @ H.T + R
        K = torch.linalg.solve(S, H @ P).mT
        loglik = loglik - 0.5 * (torch.logdet(2 * torch.pi * S) + (v.mT @ torch.linalg.solve(S, v))[:, 0, 0])
        x, P = x + K @ v, P - K @ S @ K.mT
    return loglik


@pytest.mark.parametrize("T", [1, 63, 64, 65, 200, 700])
def test_gradients_equal_autograd_through_time(T: int) -> None:
    """Lengths around the spans that the sweep back keeps."""
    p = problem(B=9, T=T)
    ours, theirs = tensors(p), tensors(p)
    kalman_loglik(**ours).sum().backward()
    through_time(theirs).sum().backward()
    for name in p:
        expected = np.zeros(p[name].shape) if theirs[name].grad is None else theirs[name].grad.numpy()
        np.testing.assert_allclose(ours[name].grad, expected, rtol=1e-9, atol=1e-9 * np.abs(expected).max())


def test_gradients_do_not_depend_on_threads_or_span() -> None:
    torch = pytest.importorskip("torch")
    p = problem(B=70, m=3, n=9, T=300)  # nine states: several spans
    gradients = []
    before = torch.get_num_threads()
    for threads in (1, 2):
        torch.set_num_threads(threads)
        leaves = tensors(p)
        kalman_loglik(**leaves).sum().backward()
        gradients.append({name: leaf.grad for name, leaf in leaves.items()})
    torch.set_num_threads(before)
    for name in p:
        np.testing.assert_array_equal(gradients[0][name], gradients[1][name])


def test_gradients_of_covariances_count_once_where_they_are_shared() -> None:
    torch = pytest.importorskip("torch")
    p = problem(B=11, T=20)
    weights = torch.tensor(np.random.default_rng(6).normal(size=(11, 3, 3, 20)))
    shared = tensors(p)
    (kalman_filter(**shared).cov * weights).sum().backward()
    separate = tensors(p)
    P0 = separate["P0"].expand(11, 3, 3)
    (kalman_filter(**separate | {"P0": P0}).cov * weights).sum().backward()
    for name in ("F", "H", "Q", "R", "P0"):
        np.testing.assert_allclose(shared[name].grad, separate[name].grad, rtol=1e-10, atol=1e-10)


def test_a_failed_series_passes_on_nothing_unless_asked() -> None:
    torch = pytest.importorskip("torch")
    p = problem()
    p["y"][2, 0, 30] = np.nan
    leaves = tensors(p)
    loglik = kalman_loglik(**leaves)
    ok = ~loglik.isnan()
    loglik[ok].sum().backward()
    alone = tensors(p | {"y": np.delete(p["y"], 2, 0)})
    kalman_loglik(**alone).sum().backward()
    for name in ("F", "H", "Q", "R", "x0", "P0"):
        np.testing.assert_allclose(leaves[name].grad, alone[name].grad, rtol=1e-12, atol=1e-12)
    assert (leaves["y"].grad[2] == 0).all()
    leaves = tensors(p)
    kalman_loglik(**leaves).sum().backward()
    assert torch.isnan(leaves["F"].grad).any()
    assert torch.isfinite(leaves["y"].grad[[0, 1, 3, 4]]).all()


def test_means_before_a_failure_keep_their_gradient() -> None:
    p = problem()
    clean = tensors(p)
    kalman_filter(**clean).mean[2, :, :30].sum().backward()
    p["y"][2, 0, 30] = np.nan
    leaves = tensors(p)
    kalman_filter(**leaves).mean[2, :, :30].sum().backward()
    for name in ("F", "Q", "x0"):
        np.testing.assert_allclose(leaves[name].grad, clean[name].grad, rtol=1e-12, atol=1e-13)
