"""What is special to KalmanSmoother."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")

from marey.nn import KalmanSmoother  # noqa: E402


def test_a_gap_equals_steps_without_observation() -> None:
    """F and Q of dt = 3 are those of three steps of 1."""
    torch.manual_seed(0)
    model = KalmanSmoother(2, oscillations=2, decays=1).double()
    F, Q = model.dynamics(torch.tensor([1.0, 3.0], dtype=torch.float64))
    F1, F3, Q1, Q3 = F[0], F[1], Q[0], Q[1]
    torch.testing.assert_close(F1 @ F1 @ F1, F3)
    torch.testing.assert_close(F1 @ (F1 @ Q1 @ F1.T + Q1) @ F1.T + Q1, Q3)


def test_the_states_keep_variance_one() -> None:
    F, Q = KalmanSmoother(1, oscillations=2, decays=3).dynamics(torch.tensor(0.7))
    torch.testing.assert_close(F @ F.T + Q, torch.eye(7))


def noisy_waves(series: int, length: int, seed: int = 0) -> torch.Tensor:
    """A wave of period 12 in two channels, out of phase, and noise."""
    generator = torch.Generator().manual_seed(seed)
    phase = 2 * math.pi * torch.rand(series, 1, generator=generator)
    angle = phase + 2 * math.pi * torch.arange(length) / 12
    waves = torch.stack([torch.sin(angle), torch.cos(angle)], 1)
    return waves + 0.2 * torch.randn(waves.shape, generator=generator)


def test_it_learns_waves_fills_gaps_and_forecasts() -> None:
    torch.manual_seed(0)
    y = noisy_waves(24, 60)
    seen = torch.rand(y.shape, generator=torch.Generator().manual_seed(3)) < 0.6
    seen[..., 30:36] = False
    model = KalmanSmoother(2, oscillations=1, decays=0, time_scales=(2.5, 20.0))
    optimizer = torch.optim.Adam(model.parameters(), 0.05)
    first = last = 0.0
    for step in range(80):
        error = -model(y, seen).mean()
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
        last = float(error.detach())
        first = first if step else last
    assert last < first - 20
    hidden = ~seen
    error = (model.impute(y, seen) - y)[hidden].square().mean().sqrt()
    assert error < 0.5 * y[hidden].square().mean().sqrt()
    ahead = model.forecast(y[..., :48], seen[..., :48], steps=6)
    assert (ahead.mean - y[..., 48:54]).square().mean().sqrt() < 0.5
    assert (ahead.std[..., 5] > ahead.std[..., 0]).all()


def test_a_forecast_at_given_times_equals_steps() -> None:
    torch.manual_seed(0)
    model = KalmanSmoother(2, oscillations=1, decays=1)
    y = noisy_waves(3, 20)
    by_steps = model.forecast(y, steps=6)
    at_times = model.forecast(y, dt_ahead=torch.tensor([[2.0, 4.0]]).expand(3, 2))
    torch.testing.assert_close(at_times.mean, by_steps.mean[..., [1, 5]], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(at_times.std, by_steps.std[..., [1, 5]], rtol=1e-4, atol=1e-5)


def test_what_was_observed_is_kept() -> None:
    y = noisy_waves(2, 20)
    y[0, 1, 5] = torch.nan
    filled = KalmanSmoother(2).impute(y)
    assert filled.isfinite().all()
    assert torch.equal(filled[1], y[1])


def test_no_motion_is_told() -> None:
    with pytest.raises(ValueError, match="at least one"):
        KalmanSmoother(1, decays=0)
