"""dtw_cdist and soft_dtw on a real GPU, beyond the contract's cases: long series, many pairs, gradients, streams.

The oracle is the operation on the CPU, which the contract holds against the reference.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from marey.distance import dtw_cdist, soft_dtw

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.gpu

CLOSE = {"float64": {"rtol": 1e-10, "atol": 1e-10}, "float32": {"rtol": 1e-4, "atol": 1e-4}}
SHAPES = {  # pairs, channels, n, m, window
    "more pairs than warps": (20_000, 1, 20, 33, None),
    "long": (2, 1, 3000, 2900, None),
    "long in a band": (3, 2, 3000, 2900, 170),
    "two strips, two channels": (40, 2, 300, 513, None),
}


def _pair(shape: Any, dtype: str) -> list[Any]:
    pairs, channels, n, m, _ = shape
    rng = np.random.default_rng(n)
    return [torch.tensor(rng.normal(size=(pairs, channels, k)).astype(dtype)) for k in (n, m)]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_soft_dtw_and_its_gradients_equal_the_cpu(shape, dtype):
    results = []
    for device in ("cpu", "cuda"):
        x, y = (a.to(device).requires_grad_() for a in _pair(shape, dtype))
        value = soft_dtw(x, y, 0.5, window=shape[4])
        results.append([value, *torch.autograd.grad(value.sum(), [x, y])])
    for want, got in zip(*results, strict=True):
        torch.testing.assert_close(got.cpu(), want, **CLOSE[dtype])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_dtw_cdist_equals_the_cpu(shape, dtype):
    x, y = (a[:200] for a in _pair(shape, dtype))
    expected = dtw_cdist(x, y, window=shape[4])
    torch.testing.assert_close(dtw_cdist(x.cuda(), y.cuda(), window=shape[4]).cpu(), expected, **CLOSE[dtype])
    one = dtw_cdist(x.cuda(), window=shape[4])
    torch.testing.assert_close(one.cpu(), dtw_cdist(x, window=shape[4]), **CLOSE[dtype])


def test_every_run_has_the_same_bits():
    x, y = (a.cuda().requires_grad_() for a in _pair((500, 2, 300, 310, None), "float32"))
    first, second = (torch.autograd.grad(soft_dtw(x, y).sum(), [x, y]) for _ in range(2))
    for a, b in zip(first, second, strict=True):
        assert torch.equal(a, b)


def test_runs_on_the_current_stream():
    x, y = (a.cuda() for a in _pair((300, 1, 300, 310, None), "float32"))
    expected = soft_dtw(x, y)
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        torch.cuda._sleep(10_000_000)
        result = soft_dtw(x.clone(), y.clone())
    stream.synchronize()
    assert torch.equal(result, expected)
