"""decay_scan beside loops in numba and torch and torch's associative_scan, forward and backward.

On the CPU one thread stands against one thread. Moved bytes: the signal and the gaps in, the states out; backward the
gradient, the states and the gaps in, the gradients out.
"""

from __future__ import annotations

import decay_scan_peers as peers
import numpy as np
import pytest

import marey
from contenders import measure
from marey.reference.decay_scan import decay_scan as reference
from marey.scan.decay_scan import SPEC, decay_scan

CASES = [pytest.param(case, id=case.name) for case in SPEC.tagged("bench")]
DTYPES = ["float64", "float32"]


@pytest.fixture(scope="module")
def inputs_of():
    """Inputs and the reference's answer, made once a case and dtype."""
    made = {}

    def inputs(case, dtype):
        if (case.name, dtype) not in made:
            made.clear()
            given = case.inputs(dtype)
            made[case.name, dtype] = given, reference(**given)[0]
        return made[case.name, dtype]

    return inputs


def moved(given, words):
    return words * given["x"].nbytes + 2 * given["dt"].nbytes


def checked(expected, dtype):
    tolerance = SPEC.tolerance[dtype]

    def check(answer):
        h = answer.detach().cpu().numpy() if hasattr(answer, "detach") else np.asarray(answer)
        # Tree-shaped peers add in another order; a few times the tolerance of one pass through time.
        np.testing.assert_allclose(
            h.reshape(expected.shape), expected, rtol=10 * tolerance.rtol, atol=10 * tolerance.atol
        )

    return check


def batched(given):
    """Numba's arrays: (B, D, T), offsets of one series where the case has none."""
    packed = "offsets" in given
    x = given["x"][None] if packed else given["x"]
    dt = given["dt"][None] if packed else given["dt"]
    offsets = given["offsets"] if packed else np.array([0, x.shape[-1]])
    return x, dt, given["rate"], given["h0"], offsets


@pytest.mark.parametrize("contender", ["marey", "marey, 2 threads", "numba", "numba fastmath", "numba, 2 threads"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CASES)
def test_forward(benchmark, inputs_of, case, dtype, contender):
    given, expected = inputs_of(case, dtype)
    threads = 2 if "2 threads" in contender else 1
    if contender.startswith("marey"):
        marey.set_num_threads(threads)

        def run():
            return decay_scan(**given)[0]
    else:
        numba = pytest.importorskip("numba")
        numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
        function, arrays = peers.numba_loop("fastmath" in contender, threads > 1), batched(given)

        def run():
            h = np.empty_like(arrays[0])
            function(*arrays, h)
            return h

    check = checked(expected, dtype)
    measure(
        benchmark,
        f"decay_scan {case.name} {dtype}",
        contender,
        run,
        check=check,
        moved=moved(given, 2),
        threads=threads,
    )
    marey.set_num_threads(0)


@pytest.mark.slow
@pytest.mark.parametrize("contender", ["torch loop", "torch associative_scan", "torch associative_scan compiled"])
@pytest.mark.parametrize("case", CASES)
def test_forward_of_torch(benchmark, inputs_of, case, contender):
    torch = pytest.importorskip("torch")
    given, expected = inputs_of(case, "float32")
    arrays = [torch.from_numpy(a) for a in peers.padded(given).values()]
    function = peers.torch_loop if "loop" in contender else peers.torch_associative_scan
    if "compiled" in contender:
        torch.compiler.reset()
        function = torch.compile(function)

    def check(answer):
        h = answer.numpy()
        checked(expected, "float32")(peers.packed_again(h, given["offsets"]) if "offsets" in given else h)

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        group = f"decay_scan {case.name} float32"
        measure(benchmark, group, contender, lambda: function(*arrays), check=check, moved=moved(given, 2), rounds=3)
    finally:
        torch.set_num_threads(before)


def gradients(torch, given, device="cpu"):
    """marey's gradients of sum(weights * h), as a function to time, forward apart."""
    leaves = {n: torch.tensor(a, device=device, requires_grad=n in SPEC.differentiable) for n, a in given.items()}
    h, _ = decay_scan(**leaves)
    weights = torch.from_numpy(np.random.default_rng(1).normal(size=given["x"].shape)).to(h)
    wanted = [leaves[n] for n in ("x", "dt", "rate", "h0")]
    return weights, lambda: torch.autograd.grad(h, wanted, weights, retain_graph=True)


@pytest.mark.parametrize("contender", ["marey", "marey, 2 threads", "numba by hand", "numba by hand, fastmath"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CASES)
def test_backward(benchmark, inputs_of, case, dtype, contender):
    torch = pytest.importorskip("torch")
    given, h = inputs_of(case, dtype)
    weights, ours = gradients(torch, given)
    expected = [g.numpy() for g in ours()]
    threads = 2 if "2 threads" in contender else 1
    if contender.startswith("marey"):
        run = ours
    else:
        pytest.importorskip("numba")
        function = peers.numba_backward("fastmath" in contender)
        x, dt, rate, h0, offsets = batched(given)
        grad_h, states = weights.numpy().reshape(x.shape), h.astype(dtype).reshape(x.shape)

        def run():
            out = np.empty_like(x), np.empty_like(dt), np.empty_like(rate)
            function(grad_h, states, dt, rate, h0, offsets, *out)
            return out

    def check(answer):
        for a, e, name in zip(answer, expected, ("x", "dt", "rate"), strict=False):
            a = np.asarray(a).reshape(e.shape)
            scale = np.abs(e).max()
            np.testing.assert_allclose(a, e, rtol=0, atol=(1e-10 if dtype == "float64" else 2e-4) * scale, err_msg=name)

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        group = f"decay_scan backward {case.name} {dtype}"
        measure(benchmark, group, contender, run, check=check, moved=moved(given, 3), threads=threads)
    finally:
        torch.set_num_threads(before)


@pytest.mark.gpu
@pytest.mark.parametrize("contender", ["marey", "torch loop", "torch associative_scan compiled"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CASES)
def test_gpu_forward(gpu, inputs_of, case, dtype, contender):
    import torch

    given, expected = inputs_of(case, dtype)
    if contender == "marey":
        tensors = {n: torch.from_numpy(a).cuda() for n, a in given.items()}

        def run():
            return decay_scan(**tensors)[0]
    else:
        arrays = [torch.from_numpy(a).cuda() for a in peers.padded(given).values()]
        torch.compiler.reset()
        function = peers.torch_loop
        if "associative" in contender:
            function = torch.compile(lambda *a: peers.torch_associative_scan(*a, mode="pointwise"))

        def run():
            return function(*arrays)

    def check(answer):
        h = answer.cpu().numpy()
        again = "offsets" in given and h.shape != expected.shape
        checked(expected, dtype)(peers.packed_again(h, given["offsets"]) if again else h)

    gpu.measure(f"decay_scan {case.name} {dtype}", contender, run, check=check, moved=moved(given, 2))


@pytest.mark.gpu
@pytest.mark.parametrize("layout", ["time last", "channels last"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CASES)
def test_gpu_backward(gpu, inputs_of, case, dtype, layout):
    """Forward in channels-last layout too: models hold their features so."""
    import torch

    given, expected = inputs_of(case, dtype)
    group = f"{case.name} {dtype}"
    if layout == "channels last":
        tensors = {n: torch.from_numpy(a).cuda() for n, a in given.items()}
        tensors["x"] = tensors["x"].mT.contiguous().mT
        gpu.measure(
            f"decay_scan {group}", "marey, channels last", lambda: decay_scan(**tensors)[0],
            check=checked(expected, dtype), moved=moved(given, 2),
        )  # fmt: skip
        return
    on_cpu = [g.numpy() for g in gradients(torch, given)[1]()]

    def check(answer):
        for a, e, name in zip(answer, on_cpu, ("x", "dt", "rate", "h0"), strict=True):
            scale = np.abs(e).max()
            atol = (1e-10 if dtype == "float64" else 2e-4) * scale
            np.testing.assert_allclose(a.cpu().numpy(), e, rtol=0, atol=atol, err_msg=name)

    run = gradients(torch, given, "cuda")[1]
    gpu.measure(f"decay_scan backward {group}", "marey", run, check=check, moved=moved(given, 3))
