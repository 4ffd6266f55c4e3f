"""mingru beside its paper's parallel scan in log space, and a torch loop.

The algorithm of the paper takes a positive candidate, so all get one. One thread stands against one thread. Moved
bytes: gate and candidate in, states out.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from contenders import measure
from marey.reference.mingru import mingru as reference
from marey.scan.mingru import SPEC, mingru

CASES = [pytest.param(case, id=case.name) for case in SPEC.tagged("bench")]


def in_log_space(gate: Any, candidate: Any, h0: Any) -> Any:
    """Feng et al. 2024, the algorithm of appendix B: cumulative sums of log coefficients and a log-sum-exp."""
    import torch
    from torch.nn.functional import softplus

    log_kept = torch.cat([torch.zeros_like(gate[..., :1]), -softplus(gate)], -1).cumsum(-1)
    log_added = torch.cat([h0.log()[..., None], candidate.log() - softplus(-gate)], -1)
    return (log_kept + (log_added - log_kept).logcumsumexp(-1)).exp()[..., 1:]


def torch_loop(gate: Any, candidate: Any, h0: Any) -> Any:
    import torch

    z = gate.sigmoid()
    h, steps = h0, []
    for kept, added in zip((1 - z).unbind(-1), (z * candidate).unbind(-1), strict=True):
        h = kept * h + added
        steps.append(h)
    return torch.stack(steps, -1)


CONTENDERS = {"marey": lambda gate, candidate, h0: mingru(gate, candidate, h0=h0)[0],
              "torch, log space": in_log_space, "torch loop": torch_loop}  # fmt: skip


def positive(case: Any) -> dict[str, np.ndarray]:
    given = case.inputs("float32")
    return given | {name: np.abs(given[name]) + np.float32(0.1) for name in ("candidate", "h0")}


@pytest.mark.parametrize("contender", CONTENDERS)
@pytest.mark.parametrize("case", CASES)
def test_forward(benchmark, case, contender):
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    given = positive(case)
    expected = reference(**given)[0]
    tensors = [torch.from_numpy(given[name]) for name in ("gate", "candidate", "h0")]

    def check(h):
        # In log space the cumulative sum of a thousand logs keeps 1e-4 of a state.
        np.testing.assert_allclose(h.numpy(), expected, rtol=2e-3 if "log" in contender else 2e-5)

    moved = 3 * given["gate"].nbytes
    measure(
        benchmark, f"mingru {case.name} float32", contender, lambda: CONTENDERS[contender](*tensors), check=check,
        moved=moved,
    )  # fmt: skip


@pytest.mark.parametrize("contender", CONTENDERS)
@pytest.mark.parametrize("case", CASES)
def test_forward_and_backward(benchmark, case, contender):
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    given = positive(case)
    leaves = [torch.tensor(given[name], requires_grad=True) for name in ("gate", "candidate", "h0")]

    def run(function=CONTENDERS[contender]):
        return torch.autograd.grad(function(*leaves).sum(), leaves)

    expected = run(CONTENDERS["torch loop"])

    def check(gradients):
        for got, want in zip(gradients, expected, strict=True):
            np.testing.assert_allclose(got.numpy(), want.numpy(), rtol=0, atol=5e-3 * float(want.abs().max()))

    moved = 7 * given["gate"].nbytes
    measure(
        benchmark, f"mingru forward + backward {case.name} float32", contender, run, check=check, moved=moved, rounds=3
    )
