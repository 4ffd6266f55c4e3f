"""Model and peers of the Kalman benchmarks: 1,000 series of 500 steps, two states, one output, generic matrices."""

import numpy as np
import pytest

B, T = 1000, 500
F = np.array([[0.95, 0.30], [-0.10, 0.90]])
H = np.array([[1.0, 0.2]])
Q = np.array([[0.20, 0.05], [0.05, 0.10]])
R = np.array([[0.7]])
X0, P0 = np.zeros(2), np.eye(2)


def problem(dtype=np.float64):
    y = np.random.default_rng(0).normal(size=(B, 1, T))
    return {
        "y": y.astype(dtype),
        **{k: v.astype(dtype) for k, v in zip(("F", "H", "Q", "R", "x0", "P0"), (F, H, Q, R, X0, P0), strict=True)},
    }


def simdkalman(y, *, smoothed):
    module = pytest.importorskip("simdkalman")
    model = module.KalmanFilter(F, Q, H, R)

    def run():
        done = model.compute(
            y[:, 0],
            0,
            initial_value=X0,
            initial_covariance=P0,
            filtered=not smoothed,
            smoothed=smoothed,
            observations=False,
            log_likelihood=not smoothed,
        )
        return (done.smoothed if smoothed else done.filtered).states.mean.transpose(0, 2, 1)

    return run


def torch_kf(y, *, smoothed):
    """Float32, the precision that it is made for; smoothing needs its filter's result, which is timed too."""
    module, torch = pytest.importorskip("torch_kf"), pytest.importorskip("torch")
    tensor = [torch.tensor(a, dtype=torch.float32) for a in (F, H, Q, R)]
    model = module.KalmanFilter(*tensor)
    observations = torch.tensor(y, dtype=torch.float32).permute(2, 0, 1)[..., None].contiguous()
    start = module.GaussianState(torch.zeros(B, 2, 1), torch.eye(2).repeat(B, 1, 1))

    def run():
        state = model.filter(start, observations, update_first=True, return_all=True)
        if smoothed:
            state = model.rts_smooth(state)
        return state.mean[..., 0].permute(1, 2, 0).numpy()

    return run


def statsmodels(y, *, call, series=20):
    """The compiled filter of ``series`` series, set up before: times B / series is the whole."""
    module = pytest.importorskip("statsmodels.tsa.statespace.kalman_smoother")
    models = []
    for b in range(series):
        model = module.KalmanSmoother(k_endog=1, k_states=2)
        model["design"], model["transition"], model["selection"] = H, F, np.eye(2)
        model["state_cov"], model["obs_cov"] = Q, R
        model.initialize_known(X0, P0)
        model.bind(y[b].T.copy())
        model.tolerance = 0
        model.filter()  # sets the compiled object up
        call(model)
        models.append(model)

    def run():
        return [call(model) for model in models]

    return run


def through_time(tensors):
    """The log-likelihood by a torch loop over batched matrices, for autograd through time."""
    import torch

    y, F, H, Q, R, x, P = (tensors[k] for k in ("y", "F", "H", "Q", "R", "x0", "P0"))
    n = len(x)
    x, P, loglik = x.expand(len(y), n)[..., None], P.expand(len(y), n, n), 0.0
    for t in range(y.shape[-1]):
        if t:
            x, P = F @ x, F @ P @ F.T + Q
        v, S = y[..., t, None] - H @ x, H @ P @ H.T + R
        K = P @ H.T / S
        loglik = loglik - 0.5 * (torch.log(2 * torch.pi * S) + v * v / S)[:, 0, 0]
        x, P = x + K @ v, P - K @ S @ K.mT
    return loglik
