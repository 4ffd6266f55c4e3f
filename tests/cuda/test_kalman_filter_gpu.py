"""The Kalman filter on a real GPU.

The oracle is the operation on the CPU, which the contract holds against the reference.
"""

from __future__ import annotations

import pytest

from marey._runtime.contract import to_backend
from marey.state_space import kalman_filter, kalman_loglik
from marey.state_space.kalman_filter import SPEC

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.gpu

CASES = [
    pytest.param(case, id=case.name) for case in SPEC.cases if "bench" not in case.tags and case.name != "ten states"
]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("case", CASES)
def test_equals_the_cpu(case, dtype):
    tolerance = 1e-9 if dtype == "float64" else 4e-6
    expected = kalman_filter(**to_backend(case.inputs(dtype), "torch"))
    actual = kalman_filter(**to_backend(case.inputs(dtype), "cuda"))
    for got, want in zip(actual, expected, strict=True):
        torch.testing.assert_close(got.cpu(), want, rtol=tolerance, atol=tolerance, equal_nan=True)
    loglik = kalman_loglik(**to_backend(case.inputs(dtype), "cuda"))
    torch.testing.assert_close(loglik.cpu(), expected[2], rtol=tolerance, atol=tolerance, equal_nan=True)


def test_too_many_states_are_refused_in_words():
    inputs = next(case for case in SPEC.cases if case.name == "ten states").inputs()
    with pytest.raises(RuntimeError, match="at most 8 states"):
        kalman_filter(**to_backend(inputs, "cuda"))
