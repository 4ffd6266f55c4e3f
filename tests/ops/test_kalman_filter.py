"""What is special to kalman_filter and kalman_step; the contract runs by itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from marey.state_space import Estimate, kalman_filter, kalman_step, models

MODELS = {
    "ou": models.ou(0.8, 0.5),
    "brownian": models.ou(0.0, 0.5),
    "integrated_ou": models.integrated_ou(0.8, 0.5),
    "integrated_ou, rate 0": models.integrated_ou(0.0, 0.5),
    "constant_velocity": models.constant_velocity(0.5),
    "matern12": models.matern12(2.0, 1.5),
    "matern32": models.matern32(2.0, 1.5),
    "matern52": models.matern52(2.0, 1.5),
}


def problem(B: int = 5, m: int = 2, n: int = 3, T: int = 40, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)

    def covariance(k: int) -> np.ndarray:
        root = rng.normal(size=(k, k))
        return root @ root.T / k + 0.2 * np.eye(k)

    F = rng.normal(size=(n, n))
    return {
        "y": rng.normal(size=(B, m, T)),
        "F": 0.95 * F / np.linalg.norm(F, 2),
        "H": rng.normal(size=(m, n)),
        "Q": 0.3 * covariance(n),
        "R": covariance(m),
        "x0": rng.normal(size=n),
        "P0": covariance(n),
    }


def drift(model: models.Model) -> tuple[np.ndarray, np.ndarray]:
    """A and L q L^T of dx = A x dt + L dW, from the textbook form of each."""
    p0, p1 = model.parameters
    if model.name == "ou":
        return np.array([[-p0]]), np.array([[p1]])
    if model.name == "constant_velocity":
        return np.array([[0.0, 1.0], [0.0, 0.0]]), np.diag([0.0, p0])
    if model.name == "integrated_ou":
        return np.array([[0.0, 1.0], [0.0, -p0]]), np.diag([0.0, p1])
    if model.name == "matern32":
        rate = np.sqrt(3.0) / p0
        return np.array([[0.0, 1.0], [-(rate**2), -2 * rate]]), np.diag([0.0, 4 * rate**3 * p1])
    rate = np.sqrt(5.0) / p0
    A = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [-(rate**3), -3 * rate**2, -3 * rate]])
    return A, np.diag([0.0, 0.0, 16 / 3 * rate**5 * p1])


def van_loan(model: models.Model, dt: float) -> tuple[np.ndarray, np.ndarray]:
    """Over a part of the gap short enough for the exponential of -A, then doubled."""
    A, noise = drift(model)
    n = len(A)
    doublings = max(0, int(np.ceil(np.log2(np.linalg.norm(A, 2) * dt + 1e-30))) + 1)
    both = expm(np.block([[-A, noise], [np.zeros((n, n)), A.T]]) * (dt / 2**doublings))
    F = both[n:, n:].T
    Q = F @ both[:n, n:]
    for _ in range(doublings):
        F, Q = F @ F, F @ Q @ F.T + Q
    return F, Q


def kernel_transition(model: models.Model, dt: float) -> tuple[np.ndarray, np.ndarray]:
    """F and Q as the kernel has them, read from forecasts of unit vectors."""
    n = model.n
    y, H, R = np.zeros((1, 1, 1)), np.eye(1, n), np.eye(1)
    options = {"mask": np.zeros((1, 1), bool), "dt": np.array([[dt]]), "continued": True}
    F = np.empty((n, n))
    for j in range(n):
        mean, cov, _ = kalman_filter(y, model, H, None, R, np.eye(n)[j], np.zeros((n, n)), **options)
        F[:, j] = mean[0, :, 0]
    return F, cov[0, :, :, 0]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("dt", [0.01, 0.3, 0.9, 1.7, 6.0])
def test_models_equal_van_loan(name: str, dt: float) -> None:
    F, Q = van_loan(MODELS[name], dt)
    scale = np.sqrt(np.outer(np.diag(Q), np.diag(Q)))
    for actual_F, actual_Q in (kernel_transition(MODELS[name], dt), MODELS[name].discretize(np.array(dt))):
        np.testing.assert_allclose(actual_F, F, rtol=1e-11, atol=1e-11)
        # The exponential of a block matrix loses digits of a small Q beside F of order one.
        np.testing.assert_allclose(actual_Q / scale, Q / scale, rtol=0, atol=1e-9 if dt > 0.1 else 1e-4)


@pytest.mark.parametrize("name", MODELS)
def test_kernel_and_python_agree_at_every_gap(name: str) -> None:
    for dt in (0.0, 1e-9, 1e-5, 1e-2, 0.4999, 0.6, 0.999, 1.001, 5.0, 700.0, 3000.0):
        F, Q = kernel_transition(MODELS[name], dt)
        expected_F, expected_Q = MODELS[name].discretize(np.array(dt))
        np.testing.assert_allclose(F, expected_F, rtol=2e-13, atol=1e-300)
        np.testing.assert_allclose(Q, expected_Q, rtol=5e-12, atol=1e-300)


@pytest.mark.parametrize("name", MODELS)
def test_short_gaps_keep_their_variance(name: str) -> None:
    """Two half gaps make a whole, relative to each entry: no cancellation however short."""
    for dt in (1e-7, 1e-4, 1e-2, 0.4, 3.0):
        F, Q = MODELS[name].discretize(np.array(dt / 2))
        whole_F, whole_Q = kernel_transition(MODELS[name], dt)
        np.testing.assert_allclose(F @ F, whole_F, rtol=1e-12, atol=1e-14)
        scale = np.sqrt(np.outer(np.diag(whole_Q), np.diag(whole_Q)))
        np.testing.assert_allclose((F @ Q @ F.T + Q) / scale, whole_Q / scale, rtol=0, atol=1e-11)
        assert np.linalg.eigvalsh(whole_Q / scale).min() > -1e-12


@pytest.mark.parametrize("name", ["ou", "matern12", "matern32", "matern52"])
def test_an_infinite_gap_forgets(name: str) -> None:
    F, Q = kernel_transition(MODELS[name], np.inf)
    x0, P0 = MODELS[name].stationary()
    np.testing.assert_array_equal(F, 0.0)
    np.testing.assert_allclose(Q, P0, rtol=1e-14, atol=1e-14)
    np.testing.assert_array_equal(x0, np.zeros(MODELS[name].n))


@pytest.mark.parametrize("name", MODELS)
def test_irregular_gaps_equal_a_fine_grid_with_holes(name: str) -> None:
    model, rng = MODELS[name], np.random.default_rng(1)
    ticks = np.cumsum(rng.integers(1, 6, 12)) - 1
    y = rng.normal(size=(1, 1, 12))
    fine = np.full((1, 1, ticks[-1] + 1), np.nan)
    fine[:, :, ticks] = y
    H, R, P0 = np.eye(1, model.n), 0.4 * np.eye(1), np.eye(model.n)
    start = {"H": H, "Q": None, "R": R, "x0": np.zeros(model.n), "P0": P0, "continued": True}
    gaps = np.diff(ticks, prepend=-1)[None] * 0.1
    coarse = kalman_filter(y, model, dt=gaps, **start)
    grid = kalman_filter(fine, model, dt=np.full(fine.shape[::2], 0.1), mask=~np.isnan(fine), **start)
    np.testing.assert_allclose(grid.mean[..., ticks], coarse.mean, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(grid.cov[..., ticks], coarse.cov, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(grid.loglik, coarse.loglik, rtol=1e-11)


def test_equals_statsmodels() -> None:
    module = pytest.importorskip("statsmodels.tsa.statespace.kalman_filter")
    p = problem()
    mean, cov, loglik = kalman_filter(**p)
    for b in range(5):
        peer = module.KalmanFilter(k_endog=2, k_states=3)
        peer["design"], peer["transition"], peer["selection"] = p["H"], p["F"], np.eye(3)
        peer["state_cov"], peer["obs_cov"] = p["Q"], p["R"]
        peer.initialize_known(p["x0"], p["P0"])
        peer.bind(p["y"][b].T.copy())
        peer.tolerance = 0  # no steady state
        done = peer.filter()
        np.testing.assert_allclose(mean[b], done.filtered_state, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(cov[b], done.filtered_state_cov, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(loglik[b], done.llf, rtol=1e-11)


def test_shared_covariances_give_the_bits_of_separate_ones() -> None:
    p = problem(B=37, T=150)
    shared = kalman_filter(**p)
    separate = kalman_filter(**p | {"P0": np.broadcast_to(p["P0"], (37, 3, 3))})
    masked = kalman_filter(**p, mask=np.ones((37, 150), bool))
    for other in (separate, masked):
        for a, b in zip(shared, other, strict=True):
            np.testing.assert_array_equal(a, b)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 20), st.integers(1, 3), st.integers(1, 6), st.integers(0, 2**31))
def test_a_series_bits_do_not_depend_on_its_place(B: int, m: int, n: int, seed: int) -> None:
    p = problem(B, m, n, 9, seed)
    rng = np.random.default_rng(seed)
    mask = rng.random((B, m, 9)) < 0.7
    order = rng.permutation(B)
    whole = kalman_filter(**p, mask=mask)
    shuffled = kalman_filter(**p | {"y": p["y"][order]}, mask=mask[order])
    for a, b in zip(whole, shuffled, strict=True):
        np.testing.assert_array_equal(a[order], b)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 3), st.integers(1, 9), st.integers(0, 2**31))
def test_covariances_are_symmetric_positive_and_shrink(m: int, n: int, seed: int) -> None:
    p = problem(2, m, n, 12, seed)
    _, cov, _ = kalman_filter(**p, mask=np.random.default_rng(seed).random((2, m, 12)) < 0.5)
    np.testing.assert_array_equal(cov, cov.swapaxes(1, 2))
    assert np.linalg.eigvalsh(np.moveaxis(cov, -1, 1)).min() > 0
    _, updated, _ = kalman_filter(**p)
    first = p["P0"] - updated[0, :, :, 0]
    assert np.linalg.eigvalsh(first).min() > -1e-10 * np.abs(p["P0"]).max()


def test_missing_equals_dropped_rows() -> None:
    p = problem()
    mask = np.random.default_rng(3).random((5, 2, 40)) < 0.6
    hidden = p | {"y": np.where(mask, p["y"], np.nan)}
    mean, cov, loglik = kalman_filter(**hidden, mask=mask)
    for b in range(5):
        x, P, total = p["x0"], p["P0"], 0.0
        for t in range(40):
            seen = mask[b, :, t]
            rows = {"H": p["H"][seen], "R": p["R"][np.ix_(seen, seen)], "y": p["y"][b, seen, t : t + 1]}
            if t > 0:
                x, P = p["F"] @ x, p["F"] @ P @ p["F"].T + p["Q"]
            if seen.any():
                step = kalman_filter(**p | rows | {"x0": x, "P0": P})
                x, P, total = step.mean[:, 0], step.cov[:, :, 0], total + step.loglik
            np.testing.assert_allclose(mean[b, :, t], x, rtol=1e-10, atol=1e-11)
            np.testing.assert_allclose(cov[b, :, :, t], P, rtol=1e-10, atol=1e-11)
        np.testing.assert_allclose(loglik[b], total, rtol=1e-11)


def test_forecasts_follow_the_transition() -> None:
    p = problem()
    filtered = kalman_filter(**p)
    ahead = kalman_filter(**p, steps=3)
    assert ahead.mean.shape == (5, 3, 43)
    np.testing.assert_array_equal(ahead.mean[..., :40], filtered.mean)
    np.testing.assert_array_equal(ahead.loglik, filtered.loglik)
    x, P = filtered.mean[..., -1], filtered.cov[..., -1]
    for k in range(3):
        x, P = x @ p["F"].T, p["F"] @ P @ p["F"].T + p["Q"]
        np.testing.assert_allclose(ahead.mean[..., 40 + k], x, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(ahead.cov[..., 40 + k], P, rtol=1e-12, atol=1e-14)


def test_steps_of_a_stream_equal_the_whole_bit_for_bit() -> None:
    p = {name: a.astype(np.float32) for name, a in problem().items()}
    p |= {"x0": np.tile(p["x0"], (5, 1)).astype(np.float64), "P0": np.tile(p["P0"], (5, 1, 1)).astype(np.float64)}
    mask = np.random.default_rng(4).random((5, 40)) < 0.7
    whole = kalman_filter(**p, mask=mask)
    y = p.pop("y")
    first = kalman_filter(y[..., :1], **p, mask=mask[:, :1])
    x, P, loglik = first.mean[..., 0], first.cov[..., 0], first.loglik
    matrices = {name: p[name] for name in "FHQR"}
    for t in range(1, 40):
        x, P, more = kalman_step(y[..., t], **matrices, x=x, P=P, mask=mask[:, t])
        loglik = loglik + more
        np.testing.assert_array_equal(x, whole.mean[..., t])
        np.testing.assert_array_equal(P, whole.cov[..., t])
    np.testing.assert_allclose(loglik, whole.loglik, rtol=1e-13)


def test_a_singular_innovation_has_a_status_and_its_neighbours_keep_their_bits() -> None:
    p = problem(B=11)
    R = np.tile(p["R"], (11, 40, 1, 1))
    R[4, 7], R[9, 0] = -50.0 * np.eye(2), np.nan
    y = p["y"].copy()
    y[6, 1, 20] = np.nan
    mean, cov, loglik = result = kalman_filter(**p | {"R": R, "y": y})
    bad = [4, 6, 9]
    expected = np.full(11, -1)
    expected[bad] = [7, 20, 0]
    np.testing.assert_array_equal(result.status, expected)
    assert np.isnan(loglik[bad]).all()
    assert np.isfinite(mean[4, :, :7]).all()
    assert np.isnan(mean[4, :, 7:]).all()
    assert np.isnan(cov[4, ..., 7:]).all()
    fine = kalman_filter(**p | {"R": np.tile(p["R"], (11, 40, 1, 1))})
    good = np.delete(np.arange(11), bad)
    for a, b in zip(result, fine, strict=True):
        np.testing.assert_array_equal(a[good], b[good])
    assert (fine.status == -1).all()


def test_an_impossible_gap_fails_its_series() -> None:
    model = MODELS["matern32"]
    dt = np.ones((3, 5))
    dt[1, 3] = -1.0
    result = kalman_filter(np.zeros((3, 1, 5)), model, np.eye(1, 2), None, np.eye(1), *model.stationary(), dt=dt)
    np.testing.assert_array_equal(result.status, [-1, 3, -1])


def test_a_singular_noise_is_no_failure() -> None:
    """R = 0 on one output: it is then known exactly."""
    p = problem() | {"R": np.diag([0.0, 1.0])}
    mean, _, loglik = kalman_filter(**p)
    np.testing.assert_allclose(np.einsum("n,bnt->bt", p["H"][0], mean), p["y"][:, 0], rtol=1e-9, atol=1e-9)
    assert np.isfinite(loglik).all()


def test_a_diffuse_start_keeps_its_digits() -> None:
    """P0 of 1e14: after n observations the state is known to the noise, where P - K S K' would have lost it."""
    one = np.ones((1, 1))
    _, cov, _ = kalman_filter(np.zeros((1, 3)), one, one, 0.0 * one, one, np.zeros(1), 1e14 * one)
    np.testing.assert_allclose(cov[0, 0], [1.0, 1 / 2, 1 / 3], rtol=1e-12)


def test_a_loglik_of_any_magnitude() -> None:
    """The variances' product leaves every float's range many times over."""
    one = np.ones((1, 1))
    for scale in (1e-150, 1e150):
        y = np.zeros((1, 2000))
        _, _, loglik = kalman_filter(y, 0.0 * one, one, scale * one, scale * one, np.zeros(1), scale * one, cov=False)
        np.testing.assert_allclose(loglik, -1000 * np.log(2 * np.pi * 2 * scale), rtol=1e-14)


def test_without_covariances() -> None:
    p = problem()
    mean, cov, _ = kalman_filter(**p, cov=False)
    assert cov is None
    np.testing.assert_array_equal(mean, kalman_filter(**p).mean)
    assert isinstance(kalman_filter(**p), Estimate)


def test_gradients_reach_a_models_parameters_and_gaps() -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(5)
    y, dt = torch.tensor(rng.normal(size=(3, 1, 6))), torch.tensor(rng.exponential(size=(3, 6)), requires_grad=True)
    length, variance = (torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in ([1.0, 2.0, 3.0], 1.3))

    for make in (models.matern12, models.matern32, models.matern52, models.integrated_ou):

        def mean(length: object, variance: object, dt: object, make: object = make) -> object:
            model = make(length, variance)  # type: ignore[operator]
            n = model.n
            eye = torch.eye(n, dtype=torch.float64)
            return kalman_filter(y, model, eye[:1], None, eye[:1, :1], eye[0] * 0, eye, dt=dt)[::2]

        torch.autograd.gradcheck(mean, (length, variance, dt))
        with torch.no_grad():
            in_kernel = mean(length, variance, dt)
        for a, b in zip(in_kernel, mean(length, variance, dt), strict=True):
            torch.testing.assert_close(a, b.detach(), rtol=1e-11, atol=1e-11)


def test_errors_name_argument_value_and_rule() -> None:
    p = problem()
    with pytest.raises(ValueError, match=r"`F` has shape \(4, 4\); expected \(n, n\) = \(3, 3\)"):
        kalman_filter(**p | {"F": np.eye(4)})
    with pytest.raises(ValueError, match=r"could be one for each of 5 series or for each of 5 steps"):
        kalman_filter(**p | {"y": p["y"][..., :5], "F": np.zeros((5, 3, 3))})
    with pytest.raises(ValueError, match=r"`P0` has shape \(3,\)"):
        kalman_filter(**p | {"P0": np.ones(3)})
    with pytest.raises(TypeError, match="`H` has dtype float32; expected float64, that of `y`"):
        kalman_filter(**p | {"H": p["H"].astype(np.float32)})
    with pytest.raises(TypeError, match="`dt` needs a model"):
        kalman_filter(**p, dt=np.ones((5, 40)))
    with pytest.raises(TypeError, match="the model matern32 needs `dt`"):
        kalman_filter(**p | {"F": MODELS["matern32"], "Q": None})
    with pytest.raises(ValueError, match="`x0` has 3 states; the model matern32 has 2"):
        kalman_filter(**p | {"F": MODELS["matern32"], "Q": None}, dt=np.ones((5, 40)))
    with pytest.raises(ValueError, match=r"`mask` has shape \(5, 39\)"):
        kalman_filter(**p, mask=np.ones((5, 39), bool))
    with pytest.raises(ValueError, match=r"`steps` is -1"):
        kalman_filter(**p, steps=-1)
    with pytest.raises(ValueError, match=r"`length` of matern32 is 0\.0; expected > 0"):
        models.matern32(0.0, 1.0)
    with pytest.raises(ValueError, match="constant_velocity has no stationary distribution"):
        models.constant_velocity(1.0).stationary()
