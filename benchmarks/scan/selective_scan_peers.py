"""What a user would run instead of selective_scan on a CPU: a loop in torch by Mamba's formula, loops in numba."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np


def torch_loop(u: Any, delta: Any, A: Any, B: Any, C: Any, D: Any, z: Any, delta_bias: Any) -> Any:
    """Mamba's reference: decays and inputs of all steps at once, then a loop over time (arXiv:2312.00752, algorithm 2).

    What `selective_scan_ref` of the package mamba-ssm does, written anew from the formula; its backward is autograd's.
    """
    import torch
    from torch.nn import functional

    delta = functional.softplus(delta + delta_bias[..., None])
    decay = torch.exp(torch.einsum("bdl,dn->bdln", delta, A))
    entering = torch.einsum("bdl,bnl,bdl->bdln", delta, B, u)
    state = A.new_zeros((u.shape[0], *A.shape))
    outputs = []
    for t in range(u.shape[-1]):
        state = decay[:, :, t] * state + entering[:, :, t]
        outputs.append(torch.einsum("bdn,bn->bd", state, C[:, :, t]))
    y = torch.stack(outputs, dim=2) + u * D[:, None]
    return y * functional.silu(z)


@cache
def numba_loop(fastmath: bool = False) -> Any:
    """Series by series, channel by channel, the states innermost."""
    import numba

    @numba.njit(fastmath=fastmath, cache=False)
    def run(u, delta, A, B, C, D, z, delta_bias, y):  # type: ignore[no-untyped-def]
        batch, channels, length = u.shape
        states = A.shape[1]
        one = u.dtype.type(1)
        h = np.zeros(states, u.dtype)
        for b in range(batch):
            for d in range(channels):
                h[:] = 0
                for t in range(length):
                    raw = delta[b, d, t] + delta_bias[d]
                    step = np.log1p(np.exp(raw)) if raw < 20 else raw
                    x = u[b, d, t]
                    total = D[d] * x
                    for n in range(states):
                        h[n] = np.exp(step * A[d, n]) * h[n] + step * x * B[b, n, t]
                        total += h[n] * C[b, n, t]
                    gate = z[b, d, t]
                    y[b, d, t] = total * gate / (one + np.exp(-gate))

    return run
