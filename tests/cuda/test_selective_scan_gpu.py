"""What only a GPU can show of selective_scan: large grids, segments that really run at once, streams, graphs, 16 bits.

The oracle is the operation on the CPU, which the contract holds against the reference.
"""

from __future__ import annotations

from typing import Any

import pytest

from marey.scan import causal_conv1d, selective_scan, selective_scan_step

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.gpu

SIGNALS = ("u", "delta", "B", "C", "z")


def inputs(batch: int, channels: int, length: int, states: int, groups: int = 1, seed: int = 0) -> dict[str, Any]:
    generator = torch.Generator().manual_seed(seed)

    def normal(*sizes: int) -> Any:
        return torch.randn(sizes, generator=generator)

    return {
        "u": normal(batch, channels, length),
        "delta": normal(batch, channels, length),
        "A": -torch.rand((channels, states), generator=generator) * 4 - 0.01,
        "B": normal(batch, groups, states, length),
        "C": normal(batch, groups, states, length),
        "D": normal(channels),
        "z": normal(batch, channels, length),
        "delta_bias": normal(channels) - 2,
        "h0": normal(batch, channels, states),
        "dt_scale": -torch.rand((batch, length), generator=generator).log(),
    }


def results(given: dict[str, Any], device: str, dtype: Any = None, channels_last: bool = False) -> Any:
    leaves = {n: a.to(device).detach() for n, a in given.items()}
    if dtype is not None:
        leaves |= {n: leaves[n].to(dtype) for n in SIGNALS}
    if channels_last:
        leaves |= {n: leaves[n].mT.contiguous().mT for n in SIGNALS}
    for leaf in leaves.values():
        leaf.requires_grad_()
    y, hT = selective_scan(**leaves, delta_softplus=True, return_last_state=True)
    weights = torch.randn(y.shape, generator=torch.Generator().manual_seed(1)).to(y)
    grads = torch.autograd.grad((y * weights).float().sum() + hT.sum(), list(leaves.values()))
    return [a.detach().cpu().double() for a in (y, hT, *grads)]


def assert_near(found: Any, expected: Any, tolerance: float) -> None:
    for name, f, e in zip(("y", "hT", *inputs(1, 1, 1, 1)), found, expected, strict=True):
        scale = max(1.0, float(e.abs().max()))
        torch.testing.assert_close(f, e, rtol=0, atol=tolerance * scale, msg=lambda m, name=name: f"{name}: {m}")


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize(
    "shape",
    [(2, 70, 3000, 16), (1, 1, 200_000, 4), (1, 64, 40_000, 16), (64, 256, 300, 16), (1, 24, 5000, 67)],
    ids=str,
)
def test_like_the_cpu(shape, channels_last):
    given = inputs(*shape)
    assert_near(results(given, "cuda", channels_last=channels_last), results(given, "cpu"), 2e-5)


def test_groups_and_float64():
    given = {n: a.double() for n, a in inputs(2, 48, 2000, 8, groups=3).items()}
    assert_near(results(given, "cuda"), results(given, "cpu"), 1e-11)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_sixteen_bits_keep_a_float32_state(dtype):
    given = inputs(2, 64, 3000, 16)
    given |= {n: given[n].to(dtype).float() for n in SIGNALS}
    found, expected = results(given, "cuda", dtype), results(given, "cpu")
    assert_near(found, expected, 1.01 * torch.finfo(dtype).eps)
    torch.testing.assert_close(found[1], expected[1], rtol=1e-4, atol=1e-4)


def test_the_same_bits_every_time():
    given = inputs(1, 16, 60_000, 16)
    first = results(given, "cuda")
    for _ in range(4):
        for a, b in zip(results(given, "cuda"), first, strict=True):
            assert torch.equal(a, b)


def test_steps_equal_the_whole():
    given = {n: a.cuda() for n, a in inputs(2, 20, 50, 8).items()}
    whole, _ = selective_scan(**given, delta_softplus=True, return_last_state=True)
    state = given.pop("h0")
    for t in range(50):
        step = {n: a[..., t] if n in (*SIGNALS, "dt_scale") else a for n, a in given.items()}
        y, state = selective_scan_step(state, **step, delta_softplus=True)
        torch.testing.assert_close(y, whole[..., t], rtol=1e-5, atol=1e-5)


def test_a_cuda_graph_replays_on_new_values():
    static = {n: a.cuda() for n, a in inputs(1, 8, 50_000, 4).items()}
    selective_scan(**static, delta_softplus=True)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        y = selective_scan(**static, delta_softplus=True)
    for seed in (2, 3):
        fresh = {n: a.cuda() for n, a in inputs(1, 8, 50_000, 4, seed=seed).items()}
        for name, tensor in fresh.items():
            static[name].copy_(tensor)
        graph.replay()
        expected = selective_scan(**fresh, delta_softplus=True)
        assert expected.isfinite().all()
        assert torch.equal(y, expected)


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize("width", [2, 4, 17, 64])
def test_causal_conv1d_like_the_cpu(width, dtype, channels_last):
    generator = torch.Generator().manual_seed(0)
    given = [torch.randn(s, generator=generator) for s in ((3, 50, 3001), (50, width), (50,), (3, 50, width - 1))]
    given = [a.to(dtype).float() for a in given]

    def run(device: str, kind: Any) -> Any:
        x, weight, bias, x0 = (a.to(device=device, dtype=kind) for a in given)
        x = x.mT.contiguous().mT if channels_last else x
        leaves = [a.requires_grad_() for a in (x, weight, bias, x0)]
        y, last = causal_conv1d(*leaves[:3], "silu", x0=leaves[3])
        grads = torch.autograd.grad(y.float().sin().sum() + last.float().sum(), leaves)
        return [a.detach().cpu().double() for a in (y, last, *grads)]

    bound = 3 * torch.finfo(dtype).eps if dtype != torch.float32 else 2e-5
    for f, e in zip(run("cuda", dtype), run("cpu", torch.float32), strict=True):
        torch.testing.assert_close(f, e, rtol=0, atol=bound * max(1.0, float(e.abs().max())))


def test_under_the_sanitizer():
    """Small enough for compute-sanitizer, with segments: `gpu_check.py --sanitize` runs it there."""
    given = inputs(1, 9, 3700, 3)
    for result in results(given, "cuda"):
        assert torch.isfinite(result).all()
