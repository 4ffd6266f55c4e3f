"""The modules that carry a recurrence, each small, with inputs and a stream: what their common tests run over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from marey.nn import GRUD, S5, KalmanSmoother, SelectiveSSM, SOSFilter

B, T = 4, 23


@dataclass(frozen=True)
class Example:
    """`loss(module, *inputs)` is a scalar; `batch` and `stream` give the same outputs, all at once and step by step."""

    make: Callable[[], nn.Module]
    inputs: Callable[[], tuple[Tensor, ...]]
    first: Callable[[Any], Tensor]  # the output among what forward returns
    batch: Callable[[Any, tuple[Tensor, ...]], Tensor]
    stream: Callable[[Any, tuple[Tensor, ...]], Tensor]


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def irregular(channels: int) -> tuple[Tensor, Tensor, Tensor]:
    """Values, NaN where unseen, what was seen, and gaps."""
    x, seen = random(B, channels, T), random(B, channels, T, seed=1) > 0
    return torch.where(seen, x, torch.nan), seen, random(B, T, seed=2).abs()


def steps(inputs: tuple[Tensor, ...], t: int) -> tuple[Tensor, ...]:
    return tuple(a[..., t] for a in inputs)


def stepped(module: Any, inputs: tuple[Tensor, ...]) -> Tensor:
    """By `module.step(*inputs of a step, state) -> (output, state)`."""
    state, outputs = None, []
    for t in range(T):
        output, state = module.step(*steps(inputs, t), state=state)
        outputs.append(output)
    return torch.stack(outputs, -1)


def filtered_in_chunks(module: Any, inputs: tuple[Tensor, ...]) -> Tensor:
    (x,) = inputs
    zi, parts = module.start(x), []
    for part in x.split((1, 5, 17), -1):
        y, zi = module(part, zi)
        parts.append(y)
    return torch.cat(parts, -1)


def kalman_filtered(module: Any, inputs: tuple[Tensor, ...]) -> Tensor:
    """The last step of the smoother of every beginning: what a stream knows by then."""
    parts = [module.smooth(*(a[..., : t + 1] for a in inputs)).mean[..., -1] for t in range(T)]
    return torch.stack(parts, -1)


def kalman_stepped(module: Any, inputs: tuple[Tensor, ...]) -> Tensor:
    state, outputs = None, []
    for t in range(T):
        output, state = module.step(*steps(inputs, t), state=state)
        outputs.append(output.mean)
    return torch.stack(outputs, -1)


def gapped(channels: int) -> tuple[Tensor, Tensor]:
    """Values, and gaps."""
    return random(B, channels, T), random(B, T, seed=2).abs()


SOS = [[0.2, 0.3, 0.1, 1.0, -0.9, 0.5], [1.0, -0.5, 0.0, 1.0, 0.3, 0.1]]

EXAMPLES = {
    "SOSFilter": Example(
        lambda: SOSFilter(SOS, channels=3),
        lambda: (random(B, 3, T),),
        lambda y: y,
        lambda module, inputs: module(*inputs),
        filtered_in_chunks,
    ),
    "GRUD": Example(
        lambda: GRUD(3, 6),
        lambda: irregular(3),
        lambda result: result[0],
        lambda module, inputs: module(*inputs)[0],
        stepped,
    ),
    "KalmanSmoother": Example(
        lambda: KalmanSmoother(2, oscillations=1, decays=2),
        lambda: irregular(2),
        lambda loglik: loglik,
        kalman_filtered,
        kalman_stepped,
    ),
    "SelectiveSSM": Example(
        lambda: SelectiveSSM(6, states=3),
        lambda: gapped(6),
        lambda result: result[0],
        lambda module, inputs: module(*inputs)[0],
        stepped,
    ),
    "S5": Example(
        lambda: S5(6, states=4),
        lambda: gapped(6),
        lambda result: result[0],
        lambda module, inputs: module(*inputs)[0],
        stepped,
    ),
}


def seeded(example: Example) -> nn.Module:
    torch.manual_seed(0)
    return example.make()


def loss(example: Example, module: nn.Module, inputs: tuple[Tensor, ...]) -> Tensor:
    """A mean over series, so that the mean over equal parts of a batch is that of the batch."""
    return example.first(module(*inputs)).float().square().mean()
