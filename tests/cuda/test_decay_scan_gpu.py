"""What only a GPU can show of decay_scan: look-back among blocks that really run at once, streams, graphs, determinism.

The oracle is the operation on the CPU, which the contract holds against the reference.
"""

from __future__ import annotations

import numpy as np
import pytest

from marey.scan import decay_scan

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.gpu

DEVICE = "cuda"


def inputs(*shape, dtype=torch.float64, rate=(1e-3, 1.0), seed=0, sizes=()):
    generator = torch.Generator().manual_seed(seed)
    *leading, channels, length = shape
    made = {
        "x": torch.randn(shape, generator=generator, dtype=torch.float64),
        "dt": -torch.rand((*leading, length), generator=generator, dtype=torch.float64).log(),
        "rate": torch.empty(channels, dtype=torch.float64).uniform_(*rate, generator=generator),
    }
    made = {name: tensor.to(dtype) for name, tensor in made.items()}
    if len(sizes):
        made["offsets"] = torch.tensor(np.concatenate([[0], np.cumsum(sizes)]))
    return made


def on_gpu(given):
    return {name: tensor.to(DEVICE) for name, tensor in given.items()}


def assert_like_the_cpu(given, rtol, atol):
    expected = decay_scan(**given)
    actual = decay_scan(**on_gpu(given))
    for a, e in zip(actual, expected, strict=True):
        torch.testing.assert_close(a.cpu(), e, rtol=rtol, atol=atol, equal_nan=True)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
@pytest.mark.parametrize("shape", [(1, 1_000_003), (3, 700_001), (64, 100_000), (7, 9, 50_000)], ids=str)
def test_long_signals(shape, dtype):
    tolerance = 1e-11 if dtype == torch.float64 else 4e-5
    assert_like_the_cpu(inputs(*shape, dtype=dtype), tolerance, tolerance)


@pytest.mark.parametrize("channels_last", [False, True])
def test_many_short_series(channels_last):
    rng = np.random.default_rng(0)
    sizes = rng.integers(0, 150, 5000)
    given = inputs(64, int(sizes.sum()), dtype=torch.float32, sizes=sizes)
    if channels_last:
        given["x"] = given["x"].mT.contiguous().mT
    assert_like_the_cpu(given, 4e-6, 4e-6)


def test_a_state_lives_through_a_million_steps():
    ones = torch.ones(1, 1_000_000, dtype=torch.float32, device=DEVICE)
    h, _ = decay_scan(ones, ones[0], torch.tensor([1e-6], device=DEVICE))
    a = np.exp(-np.float64(np.float32(1e-6)))
    np.testing.assert_allclose(h[0, -1].item(), (1 - a**1_000_000) / (1 - a), rtol=2e-7)


def test_the_same_bits_every_time():
    given = on_gpu(inputs(5, 400_000, rate=(1e-6, 1e-3)))
    busy = torch.randn(4096, 4096, device=DEVICE)
    leaves = {name: tensor.clone().requires_grad_(True) for name, tensor in given.items()}
    runs = []
    for k in range(8):
        side = torch.cuda.Stream()
        with torch.cuda.stream(side):  # other work takes multiprocessors away, differently each time
            for _ in range(k):
                busy = (busy @ busy).clamp(-1, 1)
        h, hT = decay_scan(**leaves)
        runs.append([h, hT, *torch.autograd.grad((h.square()).sum() + hT.sum(), list(leaves.values()))])
    torch.cuda.synchronize()
    for run in runs[1:]:
        for a, b in zip(run, runs[0], strict=True):
            assert torch.equal(a, b)


def test_gradients_like_the_cpus():
    sizes = [100_000, 0, 1, 3, 60_000, 4096]
    given = inputs(19, sum(sizes), sizes=sizes)
    found = []
    for place in (given, on_gpu(given)):
        leaves = [place[name].clone().requires_grad_(True) for name in ("x", "dt", "rate")]
        h, hT = decay_scan(*leaves, offsets=place["offsets"])
        found.append([g.cpu() for g in torch.autograd.grad(h.sin().sum() + hT.sum(), leaves)])
    for actual, expected in zip(found[1], found[0], strict=True):
        torch.testing.assert_close(actual, expected, rtol=1e-9, atol=1e-9 * float(expected.abs().max()))


def test_the_callers_stream_is_used():
    given = on_gpu(inputs(16, 200_000))
    expected = decay_scan(**given)[0]
    side = torch.cuda.Stream()
    late = {name: torch.zeros_like(tensor) for name, tensor in given.items()}
    torch.cuda.synchronize()
    with torch.cuda.stream(side):
        torch.cuda._sleep(50_000_000)
        for name, tensor in given.items():
            late[name].copy_(tensor)
        h, _ = decay_scan(**late)
    side.synchronize()
    assert torch.equal(h, expected)


def test_a_cuda_graph_replays_on_new_values():
    given = on_gpu(inputs(16, 30_000, seed=1))
    static = {name: tensor.clone() for name, tensor in given.items()}
    decay_scan(**static)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        h, hT = decay_scan(**static)
    for seed in (2, 3):
        fresh = on_gpu(inputs(16, 30_000, seed=seed))
        for name, tensor in fresh.items():
            static[name].copy_(tensor)
        graph.replay()
        for a, b in zip((h, hT), decay_scan(**fresh), strict=True):
            assert torch.equal(a, b)


@pytest.mark.parametrize("offsets", [[1, 300, 900], [0, 500, 400, 900], [0, 300, 899], [0, 2**62, -(2**62), 900]])
def test_offsets_out_of_order_give_nan(offsets):
    given = on_gpu(inputs(3, 900)) | {"offsets": torch.tensor(offsets, device=DEVICE)}
    for result in decay_scan(**given):
        assert result.isnan().all()


def test_tensors_on_the_cpu_are_refused_by_the_raw_operator():
    given = inputs(2, 3, 10)
    with pytest.raises(RuntimeError, match="`dt` must be on cuda"):
        torch.ops.marey.decay_scan(given["x"].cuda(), given["dt"], given["rate"].cuda(), None, None, None, False)


def test_cupy_arrays_go_in_and_come_back():
    cupy = pytest.importorskip("cupy")
    given = inputs(3, 11, 200)
    mask = torch.rand(3, 200) < 0.7
    expected, expected_hT = decay_scan(**given, mask=mask)
    arrays = {name: cupy.asarray(tensor.numpy()) for name, tensor in given.items()}
    h, hT = decay_scan(**arrays, mask=cupy.asarray(mask.numpy()))
    assert type(h) is type(hT) is cupy.ndarray
    np.testing.assert_allclose(cupy.asnumpy(h), expected.numpy(), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(cupy.asnumpy(hT), expected_hT.numpy(), rtol=1e-12, atol=1e-12)


def test_under_the_sanitizer():
    """Small enough for compute-sanitizer, with every kind of tile: `gpu_check.py --sanitize` runs it there."""
    sizes = [700, 0, 1, 1300]
    given = on_gpu(inputs(9, sum(sizes), dtype=torch.float32, sizes=sizes))
    leaves = {n: t.requires_grad_(t.is_floating_point()) for n, t in given.items()}
    h, hT = decay_scan(**leaves)
    (h.sum() + hT.sum()).backward()
    assert torch.isfinite(leaves["rate"].grad).all()
