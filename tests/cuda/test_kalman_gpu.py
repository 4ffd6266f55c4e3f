"""The Kalman operations on a real GPU, beyond the contract's cases: many series, long ones, gradients, streams.

The oracle is the operation on the CPU, which the contract holds against the reference.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from marey._runtime.contract import to_backend
from marey.state_space import _cases, kalman_filter, kalman_loglik, kalman_smoother
from marey.state_space.kalman_filter import SPEC

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.gpu

CLOSE = {"float64": {"rtol": 1e-9, "atol": 1e-9}, "float32": {"rtol": 4e-6, "atol": 4e-6}}
SHAPES = {  # series, outputs, states, steps
    "more series than slots": (70_000, 1, 2, 33),
    "long": (3, 2, 3, 20_000),
    "many outputs": (130, 9, 3, 50),
    "many states": (130, 2, 12, 50),
}


def assert_close(actual: Any, expected: Any, dtype: str) -> None:
    for got, want in zip(actual, expected, strict=True):
        torch.testing.assert_close(got.cpu(), want, **CLOSE[dtype], equal_nan=True)


@pytest.mark.parametrize("operation", [kalman_filter, kalman_smoother])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("case", [pytest.param(c, id=c.name) for c in SPEC.cases if "bench" not in c.tags])
def test_equals_the_cpu(operation, case, dtype):
    expected = operation(**to_backend(case.inputs(dtype), "torch"))
    assert_close(operation(**to_backend(case.inputs(dtype), "cuda")), expected, dtype)


@pytest.mark.parametrize("operation", [kalman_filter, kalman_smoother])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_sizes_equal_the_cpu(operation, shape):
    inputs = _cases._inputs(np.random.default_rng(0), *shape, mask="per_output")
    expected = operation(**to_backend(inputs, "torch"))
    assert_close(operation(**to_backend(inputs, "cuda")), expected, "float64")


def gradients(inputs: Any, device: str) -> list[Any]:
    leaves = to_backend(inputs, device)
    wanted = [leaf.requires_grad_() for leaf in leaves.values() if leaf.is_floating_point()]
    return [g.cpu() for g in torch.autograd.grad(kalman_loglik(**leaves).sum(), wanted)]


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_gradients_equal_the_cpu(shape):
    inputs = _cases._inputs(np.random.default_rng(1), *shape, mask="per_output", shared=True)
    for got, want in zip(gradients(inputs, "cuda"), gradients(inputs, "cpu"), strict=True):
        # Sums over the series in another order.
        torch.testing.assert_close(got, want, rtol=1e-9, atol=1e-9 * max(1.0, float(want.nan_to_num(0).abs().max())))


def test_every_run_has_the_same_bits():
    inputs = _cases._inputs(np.random.default_rng(2), 5000, 1, 2, 100, shared=True)
    first, second = (gradients(inputs, "cuda") for _ in range(2))
    for a, b in zip(first, second, strict=True):
        assert torch.equal(a, b)


def test_runs_on_the_current_stream():
    inputs = to_backend(_cases._inputs(np.random.default_rng(3), 2000, 1, 2, 300), "cuda")
    expected = kalman_smoother(**inputs)
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        torch.cuda._sleep(10_000_000)
        delayed = {name: value.clone() for name, value in inputs.items()}
        result = kalman_smoother(**delayed)
    stream.synchronize()
    for got, want in zip(result, expected, strict=True):
        assert torch.equal(got, want)
