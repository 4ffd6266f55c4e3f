"""grud beside a loop in torch and `torch.nn.GRU` of the same width, forward, and with the gradient of all weights.

`torch.nn.GRU` does less: no mask, no decay, no missing values; its answer is another and is not checked.
"""

from __future__ import annotations

import numpy as np
import pytest
from grud_peers import torch_loop

from contenders import measure
from marey.scan.grud import SPEC, GRUDParams, grud

CASE = SPEC.tagged("bench")[0]
PACKED = SPEC.tagged("bench")[1]
WEIGHTS = ("x_mean", *GRUDParams._fields)


def tensors(torch, case, device="cpu"):
    """The arguments of grud, and the weights among them."""
    given = {n: torch.from_numpy(a).to(device) for n, a in case.inputs("float32").items()}
    leaves = [given[n].requires_grad_(True) for n in WEIGHTS]
    params = GRUDParams(*leaves[1:])
    return (given["x"], given["mask"], given["dt"], leaves[0], params), leaves, given


def operations(case):
    """Of a forward pass."""
    given = case.inputs("float32")
    D, H = given["W"].shape[1], given["U"].shape[1]
    return 2 * given["dt"].size * (3 * H * (2 * D + H) + H * D)


def contender_of(torch, name, device="cpu"):
    """A function that gives h, its weights, and the check of its answer."""
    arguments, leaves, _ = tensors(torch, CASE, device)
    if name == "nn.GRU":
        gru = torch.nn.GRU(arguments[0].shape[1], arguments[4].U.shape[1], batch_first=True).to(device)
        filled = torch.nan_to_num(arguments[0]).mT.contiguous()
        return lambda: gru(filled)[0].mT, list(gru.parameters()), None
    expected = SPEC.reference(**CASE.inputs("float32"))[0]

    def check(h):
        np.testing.assert_allclose(h.detach().cpu().numpy(), expected, rtol=0, atol=2e-5)

    if name == "torch loop":
        return lambda: torch_loop(*arguments), leaves, check
    return lambda: grud(*arguments)[0], leaves, check


@pytest.fixture(params=[1, 2], ids=["1 thread", "2 threads"])
def threads(request):
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@pytest.mark.parametrize("contender", ["marey", "torch loop", "nn.GRU"])
def test_forward(benchmark, threads, contender):
    torch = pytest.importorskip("torch")
    run, _, check = contender_of(torch, contender)
    with torch.no_grad():
        group = f"grud {CASE.name}, {threads} threads"
        measure(benchmark, group, contender, run, check=check, threads=threads, operations=operations(CASE))


@pytest.mark.parametrize("contender", ["marey", "torch loop", "nn.GRU"])
def test_forward_and_backward(benchmark, threads, contender):
    torch = pytest.importorskip("torch")
    run, weights, check = contender_of(torch, contender)
    if check is not None:
        check(run())
        check_gradients(torch, run, weights)
    toward = torch.randn_like(run())
    group = f"grud forward and backward {CASE.name}, {threads} threads"
    measure(
        benchmark, group, contender, lambda: torch.autograd.grad(run(), weights, toward), threads=threads,
        operations=3 * operations(CASE),
    )  # fmt: skip


def check_gradients(torch, run, weights):
    """Against the loop's, each by its own largest."""
    ours = torch.autograd.grad(run().square().sum(), weights)
    arguments, leaves, _ = tensors(torch, CASE, weights[0].device)
    theirs = torch.autograd.grad(torch_loop(*arguments).square().sum(), leaves)
    for name, a, e in zip(WEIGHTS, ours, theirs, strict=True):
        assert float((a - e).abs().max()) <= 1e-3 * float(e.abs().max()), name


def test_packed(benchmark, threads):
    """Stays of one length, packed; beside nothing: peers would pad."""
    torch = pytest.importorskip("torch")
    (x, mask, dt, x_mean, params), leaves, given = tensors(torch, PACKED)
    states = {n: given[n] for n in ("h0", "x_last", "age", "offsets")}

    def run():
        h = grud(x, mask, dt, x_mean, params, **states)[0]
        return torch.autograd.grad(h.sum(), leaves)

    group = f"grud forward and backward {PACKED.name}, {threads} threads"
    measure(benchmark, group, "marey", run, threads=threads, rounds=3, operations=3 * operations(PACKED))


@pytest.mark.gpu
@pytest.mark.parametrize("contender", ["marey", "torch loop", "nn.GRU"])
def test_gpu_forward_and_backward(gpu, contender):
    import torch

    run, weights, check = contender_of(torch, contender, "cuda")
    toward = torch.randn_like(run())

    def check_all(_):
        if check is not None:
            check(run())
            check_gradients(torch, run, weights)

    x, mask, dt = tensors(torch, CASE, "cuda")[0][:3]
    signals = sum(t.numel() * t.element_size() for t in (x, mask, dt))
    # Signals are read forward and backward, h is written and read, its gradient read, the weights' are written.
    moved = 2 * signals + 3 * toward.numel() * 4 + sum(w.numel() * 4 for w in weights)
    gpu.measure(
        f"grud forward and backward {CASE.name}", contender,
        lambda: torch.autograd.grad(run(), weights, toward), check=check_all, moved=moved,
    )  # fmt: skip
