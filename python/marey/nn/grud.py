"""GRU-D as a layer."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from marey.scan.grud import GRUDParams, grud

__all__ = ["GRUD", "GRUDState"]


class GRUDState(NamedTuple):
    """What carries a stream of B series.

    Attributes
    ----------
    h : (B, H)
    x_last : (B, D)
        Values last observed.
    age : (B, D)
        Time since then.
    """

    h: Tensor
    x_last: Tensor
    age: Tensor


class GRUD(nn.Module):
    """A gated recurrent unit for irregular series with missing values, by :func:`marey.scan.grud`.

    Parameters
    ----------
    variables : int
        D.
    hidden : int
        H.
    x_mean : (D,) tensor, optional
        What unseen values decay to; zero, which is right for standard scores, if left out. It is a buffer, not learnt.
    time_constant : float
        In which decays begin, in the unit of ``dt``.

    Examples
    --------
    >>> import torch
    >>> layer = GRUD(3, 8)
    >>> x, dt = torch.randn(2, 3, 20), torch.rand(2, 20)
    >>> h, state = layer(x, x > 0, dt)
    >>> h.shape, state.age.shape
    (torch.Size([2, 8, 20]), torch.Size([2, 3]))
    """

    x_mean: Tensor

    def __init__(
        self, variables: int, hidden: int, *, x_mean: Tensor | None = None, time_constant: float = 1.0
    ) -> None:
        super().__init__()
        if not time_constant > 0:
            raise ValueError(f"`time_constant` is {time_constant}; expected > 0")
        self.variables, self.hidden = variables, hidden
        D, H, bound = variables, hidden, max(hidden, 1) ** -0.5

        def uniform(*shape: int) -> nn.Parameter:
            return nn.Parameter(torch.empty(shape).uniform_(-bound, bound))

        self.weight_x, self.weight_h, self.weight_mask = uniform(3 * H, D), uniform(3 * H, H), uniform(3 * H, D)
        self.bias = uniform(3 * H)
        self.decay_x = nn.Parameter(torch.full((D,), 1 / time_constant))
        self.decay_x_bias = nn.Parameter(torch.zeros(D))
        # Every unit its own rate, about 1 / time_constant where all variables are equally old.
        self.decay_h = nn.Parameter(torch.rand(H, D) * (2 / (max(D, 1) * time_constant)))
        self.decay_h_bias = nn.Parameter(torch.zeros(H))
        mean = torch.zeros(D) if x_mean is None else torch.as_tensor(x_mean).clone()
        if mean.shape != (D,):
            raise ValueError(f"`x_mean` has shape {tuple(mean.shape)}; expected ({D},)")
        self.register_buffer("x_mean", mean.to(self.bias.dtype))

    def extra_repr(self) -> str:
        return f"{self.variables}, {self.hidden}"

    @property
    def params(self) -> GRUDParams:
        """As :func:`marey.scan.grud` takes them."""
        return GRUDParams(
            self.weight_x,
            self.weight_h,
            self.weight_mask,
            self.bias,
            self.decay_x,
            self.decay_x_bias,
            self.decay_h,
            self.decay_h_bias,
        )

    def forward(
        self,
        x: Tensor,
        mask: Tensor,
        dt: Tensor,
        state: GRUDState | None = None,
        offsets: Tensor | None = None,
    ) -> tuple[Tensor, GRUDState]:
        """The hidden state after every step.

        Parameters
        ----------
        x, mask : (B, D, T), or (D, total) with ``offsets``
            Values in any floating dtype (computed in that of the weights), and what was observed of them.
        dt : (B, T), or (total,)
            Time since the step before.
        state : GRUDState, optional
            After the steps before.
        offsets : (S + 1,) int64, optional
            Of packed series.

        Returns
        -------
        h : (B, H, T), or (H, total)
        GRUDState
            After the last step.
        """
        dtype = self.bias.dtype
        h0, x_last, age = (None, None, None) if state is None else (a.to(dtype) for a in state)
        h, *after = grud(
            x.to(dtype), mask, dt.to(dtype), self.x_mean, self.params, h0, x_last=x_last, age=age, offsets=offsets
        )
        return h, GRUDState(*after)

    def step(self, x: Tensor, mask: Tensor, dt: Tensor, state: GRUDState | None = None) -> tuple[Tensor, GRUDState]:
        """One step of a stream: `x`, `mask` (B, D), `dt` (B,); the hidden state (B, H) and what to pass on."""
        h, after = self(x[..., None], mask[..., None], dt[..., None], state)
        return h[..., 0], after
