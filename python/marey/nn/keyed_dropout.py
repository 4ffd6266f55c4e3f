"""Dropout whose mask belongs to the sample, not to its place in the batch."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["KeyedDropout", "keyed_uniform"]


def keyed_uniform(key: Tensor, count: int, salt: int = 0) -> Tensor:
    """Uniform numbers in [0, 1), a function of ``(key, position, salt)`` alone.

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
    Counter-based: the finalizer of MurmurHash3 (Appleby, 2011, public domain) in wrapping 32-bit integers, on the key
    and then on its sum with the position's own hash. The same bits on every device, thread and rank.
    """
    position = torch.arange(count, dtype=torch.int32, device=key.device)
    folded = (key ^ (key >> 32)).to(torch.int32)
    bits = _mix(_mix(folded + _wrap(0x9E3779B9 * (salt + 1)))[:, None] + _mix(position * _wrap(0x85EBCA77) + salt))
    return (bits >> 8 & 0xFFFFFF).to(torch.float32) * 2.0**-24


class KeyedDropout(nn.Module):
    """Dropout with a mask computed from each sample's key: the same on any rank, in any batch, after any resume.

    Parameters
    ----------
    p : float
        Probability of zero; what stays is scaled by ``1 / (1 - p)``.
    salt : int
        Distinguishes the layers of a model.
    """

    def __init__(self, p: float, *, salt: int) -> None:
        super().__init__()
        if not 0 <= p < 1:
            raise ValueError(f"`p` is {p}; expected 0 <= p < 1")
        self.p, self.salt = p, salt

    def forward(self, x: Tensor, key: Tensor | None, whole: int = 0) -> Tensor:
        """Drop entries of ``x`` (M, S, ...); the last ``whole`` axes share their fate. Without ``key``: as it is."""
        if key is None or self.p == 0:
            return x
        members, samples, *rest = x.shape
        inner = rest[: len(rest) - whole]
        count = members
        for n in inner:
            count *= n
        keep = keyed_uniform(key, count, self.salt) >= self.p
        keep = keep.reshape(samples, members, *inner, *[1] * whole).swapaxes(0, 1)
        return x * (keep.to(x.dtype) / (1 - self.p))


def _wrap(constant: int) -> int:
    """A 32-bit constant as a signed integer."""
    return (constant + 2**31) % 2**32 - 2**31


def _mix(h: Tensor) -> Tensor:
    h = (h ^ (h >> 16 & 0xFFFF)) * _wrap(0x85EBCA6B)
    h = (h ^ (h >> 13 & 0x7FFFF)) * _wrap(0xC2B2AE35)
    return h ^ (h >> 16 & 0xFFFF)
