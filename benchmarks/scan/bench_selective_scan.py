"""selective_scan beside Mamba's reference loop in torch and loops in numba; its gradient beside its forward pass.

On the CPU one thread stands against one thread. Moved bytes: the signals, B and C in, the output out; backward the
gradient too, and the gradients out. The gradient of the torch loop is quadratic in the length (every step's slice gives
back a whole tensor of zeros): it is timed at lengths that end.
"""

from __future__ import annotations

import numpy as np
import pytest
import selective_scan_peers as peers

import marey
from contenders import measure
from marey.reference.selective_scan import selective_scan as reference
from marey.scan.selective_scan import SPEC, selective_scan

CASES = [pytest.param(case, id=case.name) for case in SPEC.tagged("bench")]
NAMES = ("u", "delta", "A", "B", "C", "D", "z", "delta_bias")
TOLERANCE = {"float32": 2e-5, "float64": 1e-12}


@pytest.fixture(scope="module")
def inputs_of():
    """Inputs and the reference's answer, made once a case and dtype."""
    made = {}

    def inputs(case, dtype):
        if (case.name, dtype) not in made:
            made.clear()
            given = case.inputs(dtype)
            made[case.name, dtype] = given, reference(**given | {"return_last_state": False})
        return made[case.name, dtype]

    return inputs


def moved(given, signals, inputs=1):
    return signals * given["u"].nbytes + inputs * (given["B"].nbytes + given["C"].nbytes)


def checked(expected, dtype):
    def check(answer):
        y = answer[0] if isinstance(answer, tuple) else answer
        y = y.detach().cpu().numpy() if hasattr(y, "detach") else y
        scale = np.abs(expected).max()
        np.testing.assert_allclose(y, expected, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype] * scale)

    return check


@pytest.fixture(autouse=True)
def one_thread():
    marey.set_num_threads(1)
    try:
        import torch

        before = torch.get_num_threads()
        torch.set_num_threads(1)
        yield
        torch.set_num_threads(before)
    except ImportError:
        yield
    marey.set_num_threads(0)


@pytest.mark.parametrize("contender", ["marey", "marey, 2 threads", "numba", "numba fastmath"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES)
def test_forward(benchmark, inputs_of, case, dtype, contender):
    given, expected = inputs_of(case, dtype)
    threads = 2 if "2 threads" in contender else 1
    if contender.startswith("marey"):
        marey.set_num_threads(threads)

        def run():
            return selective_scan(**given)
    else:
        pytest.importorskip("numba")
        function = peers.numba_loop("fastmath" in contender)

        def run():
            y = np.empty_like(given["u"])
            function(*(given[name] for name in NAMES), y)
            return y

    group = f"selective_scan {case.name} {dtype}"
    measure(benchmark, group, contender, run, check=checked(expected, dtype), moved=moved(given, 4), threads=threads)


@pytest.mark.slow
def test_forward_of_the_torch_loop(benchmark, inputs_of):
    torch = pytest.importorskip("torch")
    case = SPEC.tagged("bench")[0]
    given, expected = inputs_of(case, "float32")
    tensors = [torch.from_numpy(given[name]) for name in NAMES]
    group = f"selective_scan {case.name} float32"
    measure(
        benchmark, group, "Mamba's reference", lambda: peers.torch_loop(*tensors),
        check=checked(expected, "float32"), moved=moved(given, 4), rounds=3,
    )  # fmt: skip


def gradients(torch, given, function, length=None, device="cpu"):
    """A function that runs forward and backward for all gradients, from a fixed gradient of the output."""
    along = ("u", "delta", "B", "C", "z")
    leaves = {
        name: torch.tensor(given[name][..., :length] if name in along else given[name], device=device).requires_grad_()
        for name in NAMES
    }
    weights = torch.from_numpy(np.random.default_rng(1).normal(size=leaves["u"].shape)).to(leaves["u"])
    return lambda: torch.autograd.grad(function(*leaves.values()), list(leaves.values()), weights)


def ours(*arrays):
    return selective_scan(*arrays, delta_softplus=True)


@pytest.mark.parametrize(
    "contender", ["marey forward", "marey forward + backward", "marey forward + backward, 2 threads"]
)
@pytest.mark.parametrize("length", [512, 2048, 8192])
def test_forward_and_backward(benchmark, length, contender):
    """Its own forward pass, from torch, and its growth with the length; "/ marey" is over the fastest of the group."""
    torch = pytest.importorskip("torch")
    torch.set_num_threads(2 if "2 threads" in contender else 1)
    given = SPEC.tagged("bench")[0].inputs("float32")
    repeats = -(-length // given["u"].shape[-1])
    given = {
        n: np.tile(a, repeats)[..., :length] if n in ("u", "delta", "B", "C", "z") else a for n, a in given.items()
    }
    run = gradients(torch, given, ours)
    if contender == "marey forward":
        tensors = [torch.tensor(given[name]) for name in NAMES]

        def run():
            return ours(*tensors)

    group = f"selective_scan gradient 4 x 256 x {length:,}, 16 states"
    measure(benchmark, group, contender, run, moved=moved(given, 4 if "back" not in contender else 11, 3))


@pytest.mark.slow
@pytest.mark.parametrize("contender", ["marey", "Mamba's reference"])
@pytest.mark.parametrize("length", [128, 256, 512])
def test_gradient_of_the_torch_loop(benchmark, length, contender):
    torch = pytest.importorskip("torch")
    given = SPEC.tagged("bench")[0].inputs("float32")
    given = {n: a[:1, :64] if a.ndim == 3 and n not in ("B", "C") else a[:1] if n in ("B", "C") else a[:64]
             for n, a in given.items() if n in NAMES}  # fmt: skip
    expected = gradients(torch, given, ours, length)()

    def check(answer):
        for a, e in zip(answer, expected, strict=True):
            torch.testing.assert_close(a, e, rtol=0, atol=2e-4 * float(e.abs().max()))

    run = gradients(torch, given, ours if contender == "marey" else peers.torch_loop, length)
    group = f"selective_scan gradient 1 x 64 x {length}, 16 states"
    measure(benchmark, group, contender, run, check=check, rounds=3)


# Wide batches, where mamba-ssm's kernel has a block for each channel, and long series of few channels, where a device
# is filled by cutting time.
GPU_SHAPES = [(8, 1536, 4096, 16), (2, 1024, 4096, 16), (1, 64, 65_536, 16), (1, 8, 1_000_000, 16)]


def gpu_inputs(shape, dtype):
    """Of the benchmark's first case, made on the device."""
    import torch

    batch, channels, length, states = shape
    generator = torch.Generator("cuda").manual_seed(0)

    def normal(*sizes):
        return torch.randn(sizes, generator=generator, device="cuda")

    signals = {"u": (batch, channels, length), "delta": (batch, channels, length), "z": (batch, channels, length)}
    signals |= dict.fromkeys("BC", (batch, states, length))
    return {n: normal(*size).to(dtype) for n, size in signals.items()} | {
        "A": -torch.arange(1, states + 1, device="cuda").float().repeat(channels, 1),
        "D": normal(channels),
        "delta_bias": normal(channels) - 3,
    }


def mamba_kernel():
    return pytest.importorskip("mamba_ssm.ops.selective_scan_interface").selective_scan_fn


@pytest.mark.gpu
@pytest.mark.parametrize("contender", ["marey", "mamba-ssm"])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("shape", GPU_SHAPES, ids=str)
def test_gpu_forward(gpu, shape, dtype, contender):
    import torch

    given = gpu_inputs(shape, getattr(torch, dtype))
    function = selective_scan if contender == "marey" else mamba_kernel()
    part = {
        n: a[:1, :2] if a.ndim == 3 and n not in "BC" else a[:1] if a.ndim == 3 else a[:2] for n, a in given.items()
    }
    expected = selective_scan(**{n: a.cpu().double() for n, a in part.items()}, delta_softplus=True)

    def check(answer):
        bound = (2e-5 if dtype == "float32" else 2.0**-7) * float(expected.abs().max())
        torch.testing.assert_close(answer[:1, :2].cpu().double(), expected, rtol=0, atol=bound)

    bytes_moved = 4 * given["u"].nbytes + given["B"].nbytes + given["C"].nbytes
    group = f"selective_scan {shape} {dtype}"
    gpu.measure(group, contender, lambda: function(**given, delta_softplus=True), check=check, moved=bytes_moved)


@pytest.mark.gpu
@pytest.mark.parametrize("contender", ["marey", "mamba-ssm"])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("shape", GPU_SHAPES, ids=str)
def test_gpu_backward(gpu, shape, dtype, contender):
    import torch

    given = {n: a.requires_grad_() for n, a in gpu_inputs(shape, getattr(torch, dtype)).items()}
    function = selective_scan if contender == "marey" else mamba_kernel()
    y = function(**given, delta_softplus=True)
    weights = torch.randn(y.shape, generator=torch.Generator("cuda").manual_seed(1), device="cuda").to(y)
    leaves = list(given.values())
    expected = torch.autograd.grad(selective_scan(**given, delta_softplus=True), leaves, weights)

    def check(answer):
        for a, e in zip(answer, expected, strict=True):
            bound = (2e-4 if dtype == "float32" else 2.0**-6) * float(e.abs().max())
            torch.testing.assert_close(a, e, rtol=0, atol=bound)

    bytes_moved = 7 * given["u"].nbytes + 2 * (given["B"].nbytes + given["C"].nbytes)
    run = lambda: torch.autograd.grad(y, leaves, weights, retain_graph=True)  # noqa: E731
    gpu.measure(f"selective_scan backward {shape} {dtype}", contender, run, check=check, moved=bytes_moved)
