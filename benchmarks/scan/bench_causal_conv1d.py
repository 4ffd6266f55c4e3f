"""causal_conv1d beside torch's depthwise convolution and SiLU, and a loop in numba; its gradient beside autograd's.

On the CPU one thread stands against one thread. Moved bytes: the signal in, the output out; backward the signal and the
gradient in, the gradient out.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

import marey
from contenders import measure
from marey.reference.causal_conv1d import causal_conv1d as reference
from marey.scan.causal_conv1d import SPEC, causal_conv1d

CASES = [pytest.param(case, id=case.name) for case in SPEC.tagged("bench")]


@pytest.fixture(scope="module")
def inputs_of():
    """Inputs in float32 and the reference's answer, made once a case."""
    made = {}

    def inputs(case):
        if case.name not in made:
            made.clear()
            given = case.inputs("float32")
            given.pop("x0")
            made[case.name] = given, reference(**given)[0]
        return made[case.name]

    return inputs


@pytest.fixture(autouse=True)
def one_thread():
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    marey.set_num_threads(1)
    yield
    torch.set_num_threads(before)
    marey.set_num_threads(0)


def checked(expected):
    def check(answer):
        y = answer[0] if isinstance(answer, tuple) else answer
        y = y.detach().cpu().numpy() if hasattr(y, "detach") else y
        np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-5)

    return check


def channels_last(array):
    return np.ascontiguousarray(array.swapaxes(-1, -2)).swapaxes(-1, -2)


def torch_convolution(x, weight, bias, silu):
    """Left padding, so that nothing is cut off afterwards."""
    from torch.nn import functional

    y = functional.conv1d(functional.pad(x, (weight.shape[1] - 1, 0)), weight[:, None], bias, groups=len(weight))
    return functional.silu(y) if silu else y


def torch_convolution_cut(x, weight, bias, silu):
    """As Mamba's own module has it: padding on both sides, the end cut off."""
    from torch.nn import functional

    y = functional.conv1d(x, weight[:, None], bias, padding=weight.shape[1] - 1, groups=len(weight))[..., : x.shape[-1]]
    return functional.silu(y) if silu else y


@cache
def numba_loop():
    import numba

    @numba.njit(fastmath=True, cache=False)
    def run(x, weight, bias, silu, y):  # type: ignore[no-untyped-def]
        batch, channels, length = x.shape
        width = weight.shape[1]
        one = x.dtype.type(1)
        for b in range(batch):
            for d in range(channels):
                for t in range(length):
                    total = bias[d]
                    for k in range(max(0, width - 1 - t), width):
                        total += weight[d, k] * x[b, d, t - width + 1 + k]
                    y[b, d, t] = total / (one + np.exp(-total)) if silu else total

    return run


@pytest.mark.parametrize(
    "contender",
    [
        "marey",
        "marey, 2 threads",
        "marey, channels last",
        "F.conv1d, padded before",
        "F.conv1d, cut after",
        "numba fastmath",
    ],
)
@pytest.mark.parametrize("case", CASES)
def test_forward(benchmark, inputs_of, case, contender):
    import torch

    given, expected = inputs_of(case)
    x, weight, bias, silu = given["x"], given["weight"], given["bias"], given["activation"] is not None
    threads = 2 if "2 threads" in contender else 1
    marey.set_num_threads(threads)
    if contender.startswith("marey"):
        laid = given | ({"x": channels_last(x)} if "channels last" in contender else {})

        def run():
            return causal_conv1d(**laid)
    elif contender.startswith("F."):
        tensors = [torch.from_numpy(a) for a in (x, weight, bias)]
        function = torch_convolution if "before" in contender else torch_convolution_cut

        def run():
            return function(*tensors, silu)
    else:
        pytest.importorskip("numba")

        def run():
            y = np.empty_like(x)
            numba_loop()(x, weight, bias, silu, y)
            return y

    group = f"causal_conv1d {case.name}"
    measure(benchmark, group, contender, run, check=checked(expected), moved=2 * x.nbytes, threads=threads)


@pytest.mark.parametrize("contender", ["marey", "F.conv1d, padded before"])
@pytest.mark.parametrize("case", CASES[:2])
def test_forward_and_backward(benchmark, inputs_of, case, contender):
    import torch

    given, _ = inputs_of(case)
    silu = given["activation"] is not None
    leaves = [torch.tensor(given[name]).requires_grad_() for name in ("x", "weight", "bias")]
    weights = torch.from_numpy(np.random.default_rng(1).normal(size=given["x"].shape)).to(leaves[0])

    def gradients(function):
        return lambda: torch.autograd.grad(function(*leaves), leaves, weights)

    ours = gradients(lambda *a: causal_conv1d(*a, "silu" if silu else None)[0])
    expected = ours()

    def check(answer):
        for a, e in zip(answer, expected, strict=True):
            torch.testing.assert_close(a, e, rtol=0, atol=1e-4 * float(e.abs().max()))

    run = ours if contender == "marey" else gradients(lambda *a: torch_convolution(*a, silu))
    group = f"causal_conv1d gradient {case.name}"
    measure(benchmark, group, contender, run, check=check, moved=5 * given["x"].nbytes)


@pytest.mark.gpu
@pytest.mark.parametrize("contender", ["marey", "marey, channels last", "F.conv1d, padded before", "causal-conv1d"])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("width", [4, 16])
def test_gpu_forward(gpu, width, dtype, contender):
    import torch

    if contender == "causal-conv1d" and width > 4:
        pytest.skip("causal-conv1d takes 2 to 4 taps")
    generator = torch.Generator("cuda").manual_seed(0)
    sizes = ((8, 1536, 4096), (1536, width), (1536,))
    x, weight, bias = (torch.randn(s, generator=generator, device="cuda").to(getattr(torch, dtype)) for s in sizes)
    if contender == "marey, channels last":
        x = x.mT.contiguous().mT
    function = {
        "marey": lambda: causal_conv1d(x, weight, bias, "silu")[0],
        "marey, channels last": lambda: causal_conv1d(x, weight, bias, "silu")[0],
        "F.conv1d, padded before": lambda: torch_convolution(x, weight, bias, True),
    }.get(contender)
    if function is None:
        peer = pytest.importorskip("causal_conv1d").causal_conv1d_fn

        def function():
            return peer(x, weight, bias, activation="silu")

    expected = causal_conv1d(x[:1, :2].cpu().double(), weight[:2].cpu().double(), bias[:2].cpu().double(), "silu")[0]

    def check(answer):
        bound = (1e-5 if dtype == "float32" else 2.0**-6) * float(expected.abs().max())
        torch.testing.assert_close(answer[:1, :2].cpu().double(), expected, rtol=0, atol=bound)

    group = f"causal_conv1d 8 x 1,536 x 4,096, {width} taps {dtype}"
    gpu.measure(group, contender, function, check=check, moved=2 * x.nbytes)
