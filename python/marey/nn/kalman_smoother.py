"""Imputation and forecasting by linear dynamics that are learnt."""

from __future__ import annotations

import math
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

from marey.state_space import kalman_filter, kalman_loglik, kalman_smoother

__all__ = ["KalmanSmoother", "KalmanState", "Outputs"]

LEAST_VARIANCE = 1e-6


class KalmanState(NamedTuple):
    """What carries a stream of B series: mean (B, n) and covariance (B, n, n) of the state."""

    mean: Tensor
    cov: Tensor


class Outputs(NamedTuple):
    """Expected values of the outputs and their standard deviations, both (B, m, T).

    The deviation is that of the quantity itself; `KalmanSmoother.noise` adds to it what a measurement scatters.
    """

    mean: Tensor
    std: Tensor


class KalmanSmoother(nn.Module):
    r"""A linear Gaussian state-space model of m quantities over irregular time, all of it learnt.

    The state is a sum of independent motions, stationary by construction: damped oscillations, each a pair of states
    of rate :math:`\lambda` and frequency :math:`\omega`, and plain decays (Ornstein-Uhlenbeck processes) of one state.
    Each state has variance 1, so that over a gap :math:`\Delta t`

    .. math:: F = e^{-\lambda \Delta t} \begin{pmatrix} \cos\omega\Delta t & -\sin\omega\Delta t \\
              \sin\omega\Delta t & \cos\omega\Delta t \end{pmatrix}, \qquad Q = (1 - e^{-2 \lambda \Delta t})\, I,

    and :math:`y = \mu + H x + \varepsilon` with a free H and independent noise. Train by the log-likelihood that
    `forward` gives; then `smooth`, `impute` and `forecast`, or `step` on a stream.

    Parameters
    ----------
    outputs : int
        m.
    oscillations, decays : int
        How many motions of each kind; n = 2 oscillations + decays.
    time_scales : (float, float)
        Shortest and longest time constant to begin with, in the unit of ``dt``.

    Notes
    -----
    By :mod:`marey.state_space`, in float64 inside. Where ``mask`` is left out, NaN means missing.

    Examples
    --------
    >>> import torch
    >>> model = KalmanSmoother(1, decays=2)
    >>> y = torch.tensor([[[0.5, float("nan"), 0.7, 0.6]]])
    >>> loss = -model(y).mean()
    >>> loss.backward()
    >>> model.impute(y).shape, model.forecast(y, steps=3).mean.shape
    (torch.Size([1, 1, 4]), torch.Size([1, 1, 3]))
    """

    def __init__(
        self,
        outputs: int,
        *,
        oscillations: int = 0,
        decays: int = 2,
        time_scales: tuple[float, float] = (2.0, 50.0),
    ) -> None:
        super().__init__()
        shortest, longest = time_scales
        if not 0 < shortest <= longest:
            raise ValueError(f"`time_scales` is {time_scales}; expected two times, 0 < shortest <= longest")
        if outputs < 1 or oscillations < 0 or decays < 0 or oscillations + decays < 1:
            raise ValueError("expected at least one output and one oscillation or decay")
        self.outputs, self.oscillations, self.decays = outputs, oscillations, decays
        motions, n = oscillations + decays, 2 * oscillations + decays
        self.log_rate = nn.Parameter(-torch.linspace(math.log(shortest), math.log(longest), motions))
        periods = torch.linspace(math.log(4 * shortest), math.log(longest), max(oscillations, 1))[:oscillations]
        self.log_frequency = nn.Parameter(math.log(2 * math.pi) - periods)
        self.loading = nn.Parameter(torch.randn(outputs, n) / math.sqrt(n))
        self.mean = nn.Parameter(torch.zeros(outputs))
        self.log_noise = nn.Parameter(torch.full((outputs,), -2.0))

    def extra_repr(self) -> str:
        return f"{self.outputs}, oscillations={self.oscillations}, decays={self.decays}"

    @property
    def noise(self) -> Tensor:
        """Standard deviation of a measurement of each output: (m,)."""
        return torch.sqrt(torch.exp(self.log_noise) + LEAST_VARIANCE)

    def dynamics(self, dt: Tensor) -> tuple[Tensor, Tensor]:
        """F and Q of gaps (...): both (..., n, n)."""
        k = self.oscillations
        rate = self.log_rate.exp()
        decay = torch.exp(-rate * dt[..., None])
        spent = -torch.expm1(-2 * rate * dt[..., None])
        turn = self.log_frequency.exp() * dt[..., None]
        along = torch.cat([(decay[..., :k] * turn.cos()).repeat_interleave(2, -1), decay[..., k:]], -1)
        # Between the two states of an oscillation; zero elsewhere.
        across = torch.stack([decay[..., :k] * turn.sin(), torch.zeros_like(turn)], -1).flatten(-2)
        across = torch.cat([across, torch.zeros_like(decay[..., k:])], -1)[..., :-1]
        F = torch.diag_embed(along) + torch.diag_embed(across, -1) - torch.diag_embed(across, 1)
        return F, torch.diag_embed(torch.cat([spent[..., :k].repeat_interleave(2, -1), spent[..., k:]], -1))

    def forward(self, y: Tensor, mask: Tensor | None = None, dt: Tensor | None = None) -> Tensor:
        """Log-likelihood of each series (B,).

        Parameters
        ----------
        y : (B, m, T)
        mask : (B, T) or (B, m, T), optional
            Boolean: what was observed. Without it, what is not NaN.
        dt : (B, T), optional
            Time since the step before; that of the first step is not used. 1 if left out.
        """
        return cast(Tensor, kalman_loglik(*self._problem(y, mask, dt), mask=self._seen(y, mask)))

    def smooth(self, y: Tensor, mask: Tensor | None = None, dt: Tensor | None = None) -> Outputs:
        """All outputs at all steps given everything observed; no gradient."""
        with torch.no_grad():
            estimate = kalman_smoother(*self._problem(y, mask, dt), mask=self._seen(y, mask))
            return self._outputs(estimate.mean, estimate.cov)

    def impute(self, y: Tensor, mask: Tensor | None = None, dt: Tensor | None = None) -> Tensor:
        """`y` where it was observed, the smoothed mean where not."""
        seen = self._seen(y, mask)
        seen = seen[:, None] if seen.ndim < y.ndim else seen
        return torch.where(seen, y, self.smooth(y, mask, dt).mean.to(y.dtype))

    def forecast(
        self,
        y: Tensor,
        mask: Tensor | None = None,
        dt: Tensor | None = None,
        *,
        steps: int = 0,
        dt_ahead: Tensor | None = None,
    ) -> Outputs:
        """The outputs past the end: `steps` steps of 1, or at the gaps `dt_ahead` (B, K) from step to step.

        No gradient; train by `forward`.
        """
        B, m, T = y.shape
        if dt_ahead is None:
            dt_ahead = y.new_ones((B, steps))
        K = dt_ahead.shape[1]
        with torch.no_grad():
            seen = self._seen(y, mask)
            seen = torch.cat([seen.expand(B, T) if seen.ndim == 2 else seen, seen.new_zeros((*seen.shape[:-1], K))], -1)
            past = y.new_ones((B, T)) if dt is None else dt
            ahead = torch.cat([y, y.new_zeros((B, m, K))], -1)
            problem = self._problem(ahead, seen, torch.cat([past, dt_ahead], -1))
            estimate = kalman_filter(*problem, mask=seen)
            return self._outputs(estimate.mean[..., T:], estimate.cov[..., T:])

    def step(
        self, y: Tensor, mask: Tensor | None = None, dt: Tensor | None = None, state: KalmanState | None = None
    ) -> tuple[Outputs, KalmanState]:
        """One step of a stream: `y`, `mask` (B, m), `dt` (B,); the outputs as known now (B, m), and the state."""
        y = y[..., None]
        seen = self._seen(y, None if mask is None else mask[..., None])
        gap = y.new_ones(len(y)) if dt is None else dt
        with torch.no_grad():
            _, F, H, Q, R, x0, P0 = self._problem(y, seen, gap[:, None])
            x0, P0 = (x0.double(), P0.double()) if state is None else state
            estimate = kalman_filter(self._centred(y), F, H, Q, R, x0, P0, mask=seen, continued=state is not None)
            outputs = self._outputs(estimate.mean, estimate.cov)
        after = KalmanState(estimate.mean[..., 0], estimate.cov[..., 0])
        return Outputs(outputs.mean[..., 0], outputs.std[..., 0]), after

    def _problem(self, y: Tensor, mask: Tensor | None, dt: Tensor | None) -> tuple[Tensor, ...]:
        with torch.autocast(y.device.type, enabled=False):
            signal = self._centred(y)
            n = self.loading.shape[1]
            F, Q = self.dynamics(signal.new_ones(()) if dt is None else dt.to(signal.dtype))
            R = torch.diag_embed(self.noise.square())
            x0, P0 = signal.new_zeros(n), torch.eye(n, dtype=signal.dtype, device=signal.device)
            return signal, F, self.loading, Q, R, x0, P0

    def _centred(self, y: Tensor) -> Tensor:
        return y.to(self.loading.dtype) - self.mean[:, None]

    def _seen(self, y: Tensor, mask: Tensor | None) -> Tensor:
        return ~y.isnan() if mask is None else mask

    def _outputs(self, mean: Tensor, cov: Tensor) -> Outputs:
        with torch.autocast(mean.device.type, enabled=False):
            H = self.loading
            variance = torch.einsum("mi,bijt,mj->bmt", H, cov.to(H.dtype), H)
            return Outputs(
                torch.einsum("mi,bit->bmt", H, mean.to(H.dtype)) + self.mean[:, None], variance.clamp_min(0).sqrt()
            )
