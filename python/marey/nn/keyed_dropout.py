"""Dropout whose mask belongs to the sample, not to its place in the batch."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

__all__ = ["KeyedDropout", "keyed_uniform"]


def keyed_uniform(key: Tensor, count: int, salt: int = 0) -> Tensor:
    """Uniform numbers in [0, 1), a function of key, position and salt alone.

    Parameters
    ----------
    key : (S,) int64
    count : int
        Numbers per key.
    salt : int
        Another salt, another stream.

    Returns
    -------
    (S, count) float32

    Notes
    -----
    Counter-based: the finalizer of MurmurHash3 (Appleby, public domain) in wrapping 32-bit integers, over both halves
    of the key and the position. The same bits on every device, thread and rank.

    Examples
    --------
    >>> import torch
    >>> both = keyed_uniform(torch.tensor([7, 8]), 3)
    >>> torch.equal(both[1:], keyed_uniform(torch.tensor([8]), 3))
    True
    """
    low, high = key.to(torch.int32), (key >> 32).to(torch.int32)
    stream = _mix(_mix(low + _signed(0x9E3779B9 * (salt + 1))) + high)
    position = _mix(torch.arange(1, count + 1, dtype=torch.int32, device=key.device))
    bits = _mix(stream[:, None] + position)
    return (bits >> 8 & 0xFFFFFF).to(torch.float32) * 2.0**-24


class KeyedDropout(nn.Module):  # type: ignore[misc]
    """Dropout with a mask computed from each sample's key: the same on any rank, in any batch, after any restart.

    Parameters
    ----------
    p : float
        Probability of zero; what stays is scaled by ``1 / (1 - p)``.
    salt : int
        Tells the layers of one model apart.

    Examples
    --------
    >>> import torch
    >>> x = torch.ones(1, 2, 4)
    >>> drop, key = KeyedDropout(0.5, salt=1), torch.tensor([7, 8])
    >>> torch.equal(drop(x, key)[:, 1:], drop(x[:, 1:], key[1:]))
    True
    >>> torch.equal(drop(x, None), x)
    True
    """

    def __init__(self, p: float, *, salt: int) -> None:
        super().__init__()
        if not 0 <= p < 1:
            raise ValueError(f"`p` is {p}; expected 0 <= p < 1")
        self.p, self.salt = p, salt

    def extra_repr(self) -> str:
        return f"p={self.p}, salt={self.salt}"

    def forward(self, x: Tensor, key: Tensor | None, whole: int = 0) -> Tensor:
        """Drop entries of `x` (M, S, ...); the last `whole` axes share one fate. Without `key`: `x` as it is."""
        if key is None or self.p == 0:
            return x
        members, samples, *rest = x.shape
        apart = rest[: len(rest) - whole]
        keep = keyed_uniform(key, members * math.prod(apart), self.salt) >= self.p
        keep = keep.reshape(samples, members, *apart, *[1] * whole).swapaxes(0, 1)
        return x * (keep.to(x.dtype) / (1 - self.p))


def _signed(constant: int) -> int:
    """A 32-bit constant as int32 holds it."""
    return (constant + 2**31) % 2**32 - 2**31


def _mix(h: Tensor) -> Tensor:
    h = (h ^ (h >> 16 & 0xFFFF)) * _signed(0x85EBCA6B)
    h = (h ^ (h >> 13 & 0x7FFFF)) * _signed(0xC2B2AE35)
    return h ^ (h >> 16 & 0xFFFF)
