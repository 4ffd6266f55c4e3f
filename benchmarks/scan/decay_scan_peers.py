"""What a user would call instead of decay_scan: loops in torch and numba, torch's associative_scan.

What they take is made of a case's inputs untimed: torch contenders get packed series padded into a batch,
as a model without packed operations would hold them.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np


def padded(inputs: dict[str, Any]) -> dict[str, np.ndarray]:
    """Packed series as a batch (S, D, longest), its tail steps without gap and signal."""
    if "offsets" not in inputs:
        return inputs
    offsets, x = inputs["offsets"], inputs["x"]
    sizes = np.diff(offsets)
    inside = np.arange(sizes.max()) < sizes[:, None]
    batch = np.zeros((len(sizes), sizes.max(), len(x)), x.dtype)
    batch[inside] = x.T
    dt = np.zeros(inside.shape, x.dtype)
    dt[inside] = inputs["dt"]
    return {"x": np.ascontiguousarray(batch.swapaxes(1, 2)), "dt": dt, "rate": inputs["rate"], "h0": inputs["h0"]}


def packed_again(h: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    sizes = np.diff(offsets)
    inside = np.arange(sizes.max()) < sizes[:, None]
    return np.ascontiguousarray(h.swapaxes(1, 2)[inside].T)


def torch_loop(x: Any, dt: Any, rate: Any, h0: Any) -> Any:
    import torch

    decay = torch.exp(-rate[:, None] * dt[..., None, :])
    h, steps = h0, []
    for a, b in zip(decay.unbind(-1), x.unbind(-1), strict=True):
        h = a * h + b
        steps.append(h)
    return torch.stack(steps, -1)


def torch_associative_scan(x: Any, dt: Any, rate: Any, h0: Any, mode: str = "generic") -> Any:
    import torch
    from torch._higher_order_ops.associative_scan import associative_scan

    def combine(first: Any, second: Any) -> Any:
        return first[0] * second[0], second[0] * first[1] + second[1]

    decay = torch.exp(-rate[:, None] * dt[..., None, :])
    start = decay[..., :1] * h0[..., None] + x[..., :1]
    signal = torch.cat([start, x[..., 1:]], -1)
    return associative_scan(combine, (decay, signal), dim=-1, combine_mode=mode)[1]


@cache
def numba_loop(fastmath: bool, parallel: bool = False) -> Any:
    import numba

    @numba.njit(fastmath=fastmath, parallel=parallel, error_model="numpy")
    def scan(x: Any, dt: Any, rate: Any, h0: Any, offsets: Any, h: Any) -> None:  # (B, D, T) or packed, B = 1
        batch, channels, _ = x.shape
        for item in numba.prange(batch * channels):
            b, d = item // channels, item % channels
            r = rate[d]
            for s in range(len(offsets) - 1):
                state = h0[b, d] if batch > 1 or len(offsets) == 2 else h0[s, d]
                for t in range(offsets[s], offsets[s + 1]):
                    state = np.exp(-r * dt[b, t]) * state + x[b, d, t]
                    h[b, d, t] = state

    return scan


@cache
def numba_backward(fastmath: bool) -> Any:
    """The adjoint by hand, as numba's user would have to write it."""
    import numba

    @numba.njit(fastmath=fastmath, error_model="numpy")
    def adjoint(
        grad_h: Any, h: Any, dt: Any, rate: Any, h0: Any, offsets: Any, grad_x: Any, grad_dt: Any, grad_rate: Any
    ) -> None:
        batch, channels, _ = h.shape
        grad_dt[...] = 0.0
        grad_rate[...] = 0.0
        for b in range(batch):
            for d in range(channels):
                r = rate[d]
                for s in range(len(offsets) - 1):
                    first = h0[b, d] if batch > 1 or len(offsets) == 2 else h0[s, d]
                    carry = 0.0
                    for t in range(offsets[s + 1] - 1, offsets[s] - 1, -1):
                        g = grad_h[b, d, t] + carry
                        grad_x[b, d, t] = g
                        carry = np.exp(-r * dt[b, t]) * g
                        slope = carry * (h[b, d, t - 1] if t > offsets[s] else first)
                        grad_rate[d] -= slope * dt[b, t]
                        grad_dt[b, t] -= slope * r

    return adjoint
