"""soft_dtw, forward and backward, beside tslearn and pysdtw, which work on torch tensors; two threads each.

The peers compute in float32 whatever the dtype.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from contenders import measure
from marey.distance import soft_dtw
from marey.distance.soft_dtw import SPEC

THREADS = 2
CASES = [pytest.param(case, id=case.name) for case in SPEC.tagged("bench")]


def loss_of(contender: str, window: int | None) -> Callable[[Any, Any], Any]:
    """(B, d, N) and (B, d, M) to (B,)."""
    if contender == "marey":
        return lambda x, y: soft_dtw(x, y, window=window)
    if window is not None:
        pytest.skip(f"{contender} has no band, or one of another shape")
    if contender == "tslearn":
        metrics = pytest.importorskip("tslearn.metrics", reason="tslearn is not installed")
        loss = metrics.SoftDTWLossPyTorch(gamma=1.0, normalize=False)
    else:
        pysdtw = pytest.importorskip("pysdtw", reason="pysdtw is not installed")
        loss = pysdtw.SoftDTW(gamma=1.0, use_cuda=False)
    return lambda x, y: loss(x.transpose(1, 2), y.transpose(1, 2))


@pytest.mark.filterwarnings("ignore::Warning")
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("contender", ["marey", "tslearn", "pysdtw"])
def test_soft_dtw(benchmark, case, dtype, contender):
    torch = pytest.importorskip("torch")
    inputs = case.inputs(dtype)
    x, y = (torch.tensor(inputs[name], requires_grad=True) for name in ("x", "y"))
    loss = loss_of(contender, inputs.get("window"))
    expected = soft_dtw(case.inputs()["x"], case.inputs()["y"], window=inputs.get("window"))

    def run():
        x.grad = y.grad = None
        value = loss(x, y)
        value.sum().backward()
        return value

    def check(value):
        exact = contender == "marey" and dtype == "float64"
        np.testing.assert_allclose(value.detach().numpy(), expected, rtol=1e-10 if exact else 1e-4)

    threads = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    try:
        name = f"soft_dtw {case.name}, {dtype}, with gradients"
        measure(benchmark, name, contender, run, check=check, threads=THREADS, rounds=15 if contender == "marey" else 3)
    finally:
        torch.set_num_threads(threads)
