"""A Mamba block that runs on a CPU, on irregular time and on a stream."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from marey.scan import causal_conv1d, selective_scan

__all__ = ["SelectiveSSM", "SelectiveSSMState"]


class SelectiveSSMState(NamedTuple):
    """What carries a stream of B series: states of the scan (B, E, N), last inputs of the convolution (B, E, W - 1)."""

    h: Tensor
    inputs: Tensor


class SelectiveSSM(nn.Module):
    r"""Mamba's block (Gu and Dao, arXiv 2312.00752, sec. 3.4): projection, short convolution, selective scan, gate.

    By :func:`marey.scan.causal_conv1d` and :func:`marey.scan.selective_scan`. The step that the model chooses is
    multiplied by the real time since the step before, ``dt``: over a gap the state decays as over many steps.

    Parameters
    ----------
    width : int
        Channels in and out.
    states : int
        N, of each inner channel.
    expand : int
        Inner channels E are so many times `width`.
    taps : int
        W, of the convolution; 1 leaves it to a scaling.
    steps : (float, float)
        Smallest and largest step to begin with, per unit of ``dt``.

    Examples
    --------
    >>> import torch
    >>> block = SelectiveSSM(8, states=4)
    >>> x, dt = torch.randn(2, 8, 30), torch.rand(2, 30)
    >>> y, state = block(x, dt)
    >>> y_next, state = block.step(torch.randn(2, 8), torch.rand(2), state)
    >>> y.shape, y_next.shape
    (torch.Size([2, 8, 30]), torch.Size([2, 8]))
    """

    def __init__(
        self, width: int, *, states: int = 16, expand: int = 2, taps: int = 4, steps: tuple[float, float] = (1e-3, 0.1)
    ) -> None:
        super().__init__()
        smallest, largest = steps
        if not 0 < smallest <= largest:
            raise ValueError(f"`steps` is {steps}; expected 0 < smallest <= largest")
        self.width, self.states, self.inner, self.taps = width, states, expand * width, taps
        self.rank = max(1, math.ceil(width / 16))
        E = self.inner
        self.into = nn.Linear(width, 2 * E, bias=False)
        self.conv_weight = nn.Parameter(torch.empty(E, taps).uniform_(-(taps**-0.5), taps**-0.5))
        self.conv_bias = nn.Parameter(torch.zeros(E))
        self.select = nn.Linear(E, self.rank + 2 * states, bias=False)
        self.step_weight = nn.Linear(self.rank, E, bias=False)
        first = torch.exp(torch.empty(E).uniform_(math.log(smallest), math.log(largest)))
        self.step_bias = nn.Parameter(first + torch.log(-torch.expm1(-first)))  # softplus of it is `first`
        self.A_log = nn.Parameter(torch.arange(1.0, states + 1).log().repeat(E, 1))
        self.D = nn.Parameter(torch.ones(E))
        self.out = nn.Linear(E, width, bias=False)

    def extra_repr(self) -> str:
        return f"{self.width}, states={self.states}, inner={self.inner}, taps={self.taps}"

    def forward(
        self,
        x: Tensor,
        dt: Tensor | None = None,
        state: SelectiveSSMState | None = None,
        lengths: Tensor | None = None,
    ) -> tuple[Tensor, SelectiveSSMState]:
        """The block's output at every step.

        Parameters
        ----------
        x : (B, width, T)
        dt : (B, T), optional
            Time since the step before; ones if left out.
        state : SelectiveSSMState, optional
            After the steps before.
        lengths : (B,) int64, optional
            Steps of each series that count; what follows is padding, and the state returned is that before it.

        Returns
        -------
        y : (B, width, T)
        SelectiveSSMState
        """
        dtype = self.A_log.dtype
        batch, _, length = x.shape
        u, z = self.into(x.mT).to(dtype).chunk(2, -1)
        u, z = u.contiguous().mT, z.contiguous().mT
        before = u.new_zeros((batch, self.inner, self.taps - 1)) if state is None else state.inputs.to(dtype)
        v, _ = causal_conv1d(u, self.conv_weight, self.conv_bias, "silu", x0=before)
        low, B, C = self.select(v.mT).to(dtype).split((self.rank, self.states, self.states), -1)
        gaps = x.new_ones((batch, length), dtype=dtype) if dt is None else dt.to(dtype)
        if lengths is not None:
            gaps = torch.where(torch.arange(length, device=x.device) < lengths[:, None], gaps, 0.0)
        y, h = selective_scan(
            v,
            self.step_weight(low).to(dtype).mT,
            -self.A_log.exp(),
            B.contiguous().mT,
            C.contiguous().mT,
            self.D,
            z,
            self.step_bias,
            delta_softplus=True,
            return_last_state=True,
            h0=None if state is None else state.h.to(dtype),
            dt_scale=gaps,
        )
        return self.out(y.mT).mT, SelectiveSSMState(h, self._inputs(before, u, lengths))

    def _inputs(self, before: Tensor, u: Tensor, lengths: Tensor | None) -> Tensor:
        """The last taps - 1 inputs of the convolution before the padding."""
        joined = torch.cat([before, u], -1)
        if lengths is None:
            return joined[..., joined.shape[-1] - (self.taps - 1) :]
        at = lengths[:, None, None] + torch.arange(self.taps - 1, device=u.device)
        return joined.gather(-1, at.expand(-1, self.inner, -1))

    def step(
        self, x: Tensor, dt: Tensor | None = None, state: SelectiveSSMState | None = None
    ) -> tuple[Tensor, SelectiveSSMState]:
        """One step of a stream: `x` (B, width), `dt` (B,); the output (B, width) and what to pass on."""
        y, after = self(x[..., None], None if dt is None else dt[..., None], state)
        return y[..., 0], after


def gelu_gate(y: Tensor, gate: nn.Module) -> Tensor:
    """GELU, then a gate that it opens itself: y * sigmoid(gate(y)), the last axis being channels."""
    y = functional.gelu(y)
    return y * torch.sigmoid(gate(y))
