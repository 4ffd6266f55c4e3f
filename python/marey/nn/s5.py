"""The S5 layer over irregular time."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from marey.nn.selective_ssm import gelu_gate
from marey.scan import s5_scan

__all__ = ["S5"]


class S5(nn.Module):
    r"""One linear state space of complex states for all channels, and a gate (Smith et al., ICLR 2023).

    .. math:: \dot h = \Lambda h + B u, \qquad y = 2\,\mathrm{Re}(C h) + D u

    held over the real time of each step by :func:`marey.scan.s5_scan`, then GELU and a sigmoid gate over the channels.

    Parameters
    ----------
    width : int
        Channels in and out.
    states : int
        P complex states; each stands for a conjugate pair.
    steps : (float, float)
        Smallest and largest time scale of a state to begin with, per unit of ``dt``.

    Notes
    -----
    :math:`\Lambda_p` begins as :math:`-1/2 + i \pi p` (S4D-Lin: Gu et al., NeurIPS 2022), its real part kept negative
    as the negative of an exponential, so that no state grows.

    Examples
    --------
    >>> import torch
    >>> layer = S5(8, states=6)
    >>> y, state = layer(torch.randn(2, 8, 30), torch.rand(2, 30))
    >>> y.shape, state.shape
    (torch.Size([2, 8, 30]), torch.Size([2, 6]))
    """

    def __init__(self, width: int, *, states: int = 32, steps: tuple[float, float] = (1e-3, 0.1)) -> None:
        super().__init__()
        smallest, largest = steps
        if not 0 < smallest <= largest:
            raise ValueError(f"`steps` is {steps}; expected 0 < smallest <= largest")
        self.width, self.states = width, states
        self.log_decay = nn.Parameter(torch.full((states,), math.log(0.5)))
        self.frequency = nn.Parameter(math.pi * torch.arange(float(states)))
        self.log_step = nn.Parameter(torch.empty(states).uniform_(math.log(smallest), math.log(largest)))
        self.B = nn.Parameter(torch.randn(2, states, width) / math.sqrt(2 * width))  # real and imaginary parts
        self.C = nn.Parameter(torch.randn(2, width, states) / math.sqrt(2 * states))
        self.D = nn.Parameter(torch.randn(width))
        self.gate = nn.Linear(width, width)

    def extra_repr(self) -> str:
        return f"{self.width}, states={self.states}"

    def forward(
        self,
        x: Tensor,
        dt: Tensor | None = None,
        state: Tensor | None = None,
        lengths: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """The layer's output at every step.

        Parameters
        ----------
        x : (B, width, T)
        dt : (B, T), optional
            Time since the step before; ones if left out.
        state : (B, P) complex, optional
            After the steps before.
        lengths : (B,) int64, optional
            Steps of each series that count; what follows is padding, and the state returned is that before it.

        Returns
        -------
        y : (B, width, T)
        state : (B, P) complex
        """
        dtype = self.D.dtype
        batch, _, length = x.shape
        gaps = x.new_ones((batch, length), dtype=dtype) if dt is None else dt.to(dtype)
        if lengths is not None:
            gaps = torch.where(torch.arange(length, device=x.device) < lengths[:, None], gaps, 0.0)
        with torch.autocast(x.device.type, enabled=False):
            u = x.to(dtype)
            step = self.log_step.exp()
            Lambda = torch.complex(-self.log_decay.exp() * step, self.frequency * step)
            drive = torch.complex(*((part @ u) * step[:, None] for part in self.B))
            h, last = s5_scan(drive, Lambda, gaps, h0=state)
            y = 2 * (self.C[0] @ h.real - self.C[1] @ h.imag) + self.D[:, None] * u
        return gelu_gate(y.mT, self.gate).mT, last

    def step(self, x: Tensor, dt: Tensor | None = None, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """One step of a stream: `x` (B, width), `dt` (B,); the output (B, width) and what to pass on."""
        y, after = self(x[..., None], None if dt is None else dt[..., None], state)
        return y[..., 0], after
