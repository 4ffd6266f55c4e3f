"""A recursive filter that learns and cannot become unstable."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from marey.filters import sosfilt

__all__ = ["SOSFilter"]


class SOSFilter(nn.Module):
    r"""Learnable second-order sections, stable whatever an optimizer does to the parameters.

    A section's denominator :math:`1 + a_1 z^{-1} + a_2 z^{-2}` is kept as its two reflection coefficients
    :math:`k = \tanh(\theta) \in (-1, 1)`, with :math:`a_1 = k_1 (1 + k_2)` and :math:`a_2 = k_2`: these are all the
    denominators with both poles inside the unit circle, and no others (Markel and Gray, Linear Prediction of Speech,
    1976, sec. 5.2). The numerator is free.

    Parameters
    ----------
    sos : (n_sections, 6) array
        The filter to begin with, stable, as ``scipy.signal.butter(..., output="sos")`` gives it.
    channels : int, optional
        A filter of its own for each of so many channels; without it one for all.

    Raises
    ------
    ValueError
        If `sos` is no stable filter.

    Examples
    --------
    >>> import torch
    >>> smooth = SOSFilter([[0.2, 0.0, 0.0, 1.0, -0.8, 0.0]])
    >>> smooth(torch.ones(2, 3, 50))[..., -1].mean().round(decimals=3).item()
    1.0
    """

    def __init__(self, sos: Any, channels: int | None = None) -> None:
        super().__init__()
        given = np.asarray(sos, np.float64)
        if given.ndim != 2 or given.shape[1] != 6 or not len(given):
            raise ValueError(f"`sos` has shape {given.shape}; expected (n_sections, 6)")
        b, (a1, a2) = given[:, :3] / given[:, 3:4], (given[:, 4:] / given[:, 3:4]).T
        with np.errstate(all="ignore"):
            k = np.stack([a1 / (1 + a2), a2], -1)
        if not (np.abs(k) < 1).all():
            raise ValueError("`sos` is not stable: a section has a pole on or outside the unit circle")
        own = () if channels is None else (channels,)
        self.channels = channels
        self.numerator = nn.Parameter(torch.from_numpy(b).float().expand(*own, -1, -1).clone())
        self.theta = nn.Parameter(torch.from_numpy(np.arctanh(k)).float().expand(*own, -1, -1).clone())

    def extra_repr(self) -> str:
        sections = self.theta.shape[-2]
        return f"sections={sections}" + ("" if self.channels is None else f", channels={self.channels}")

    @property
    def sos(self) -> Tensor:
        """(n_sections, 6), or (channels, n_sections, 6); float64, differentiable."""
        k1, k2 = torch.tanh(self.theta.double()).unbind(-1)
        denominator = torch.stack([torch.ones_like(k1), k1 * (1 + k2), k2], -1)
        return torch.cat([self.numerator.double(), denominator], -1)

    def forward(self, x: Tensor, zi: Tensor | None = None, reset: Tensor | None = None) -> Any:
        """Filter a signal.

        Parameters
        ----------
        x : (..., T), or (..., channels, T)
            float16 and bfloat16 are filtered in float32, and come back so.
        zi : (n_sections, ..., 2), optional
            State before the first sample; `start` gives zeros.
        reset : (T,) or (..., T), optional
            Boolean; True where a new signal begins.

        Returns
        -------
        y, or (y, zf) if ``zi`` is given
            As :func:`marey.filters.sosfilt`.
        """
        signal = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
        y, zf = sosfilt(self.sos, signal, zi=self.start(x) if zi is None else zi, reset=reset)
        y = y.to(x.dtype)
        return y if zi is None else (y, zf)

    def start(self, x: Tensor) -> Tensor:
        """The state before any sample, for signals shaped like `x`: float64, so that a stream equals the whole."""
        return x.new_zeros((self.theta.shape[-2], *x.shape[:-1], 2), dtype=torch.float64)
