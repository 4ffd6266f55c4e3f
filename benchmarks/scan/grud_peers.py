"""What a user would call instead of grud: a loop in torch over the steps, and `torch.nn.GRU` on filled-in values, which
computes something simpler."""

from __future__ import annotations

from typing import Any


def torch_loop(x: Any, mask: Any, dt: Any, x_mean: Any, params: Any, h0: Any = None) -> Any:
    """(B, H, T), as the published implementations have it; what does not depend on the state is taken out of the loop,
    and so is the product with the weights of the inputs."""
    import torch

    W, U, V, b, w_x, b_x, W_h, b_h = params
    H = U.shape[1]
    last, age, lasts, deltas = x_mean.expand(x.shape[:2]), torch.zeros_like(x[..., 0]), [], []
    for value, seen, gap in zip(x.unbind(-1), mask.unbind(-1), dt.unbind(-1), strict=True):
        age = age + gap[:, None]
        lasts.append(last)
        deltas.append(age)
        last, age = torch.where(seen, value, last), torch.where(seen, 0.0, age)
    delta, before = torch.stack(deltas, 1), torch.stack(lasts, 1)
    gamma_x = torch.exp(-torch.relu(w_x * delta + b_x))
    gamma_h = torch.exp(-torch.relu(delta @ W_h.T + b_h))
    seen = mask.mT
    x_hat = torch.where(seen, x.mT, gamma_x * before + (1 - gamma_x) * x_mean)
    gates = x_hat @ W.T + seen.to(x.dtype) @ V.T + b
    h, steps = x.new_zeros((len(x), H)) if h0 is None else h0, []
    for g, gamma in zip(gates.unbind(1), gamma_h.unbind(1), strict=True):
        h = gamma * h
        r, z = torch.sigmoid(g[:, : 2 * H] + h @ U[: 2 * H].T).chunk(2, 1)
        h = (1 - z) * h + z * torch.tanh(g[:, 2 * H :] + (r * h) @ U[2 * H :].T)
        steps.append(h)
    return torch.stack(steps, -1)
