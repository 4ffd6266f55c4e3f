"""What only a GPU can show of linear_recurrence: look-back among blocks that really run at once, determinism, bfloat16.

The oracle is the operation on the CPU, which the contract holds against the reference.
"""

from __future__ import annotations

import pytest

from marey.scan import linear_recurrence, s5_scan

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.gpu


def inputs(*shape, dtype=torch.float64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    a = 1 - torch.rand(shape, generator=generator, dtype=torch.float64) ** 4
    x = torch.randn(shape, generator=generator, dtype=torch.float64)
    return a.to(dtype), x.to(dtype)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
@pytest.mark.parametrize("shape", [(1, 1_000_003), (3, 700_001), (64, 100_000), (7, 9, 50_000)], ids=str)
def test_long_signals(shape, dtype, reverse):
    a, x = inputs(*shape, dtype=dtype)
    tolerance = 1e-11 if dtype == torch.float64 else 1e-5
    for got, want in zip(
        linear_recurrence(a.cuda(), x.cuda(), reverse=reverse), linear_recurrence(a, x, reverse=reverse), strict=True
    ):
        torch.testing.assert_close(got.cpu(), want, rtol=tolerance, atol=tolerance)


def test_no_run_changes_a_bit():
    a, x = inputs(5, 400_000, dtype=torch.float32)
    a, x = a.cuda().requires_grad_(), x.cuda().requires_grad_()
    runs = []
    for _ in range(5):
        h, hT = linear_recurrence(a, x)
        runs.append((h, hT, *torch.autograd.grad(h.sum() + hT.sum(), (a, x))))
    for run in runs[1:]:
        for got, want in zip(run, runs[0], strict=True):
            assert torch.equal(got, want)


def test_bfloat16_in_and_out_float32_state():
    a, x = inputs(16, 20_000, dtype=torch.bfloat16)
    h, hT = linear_recurrence(a.cuda(), x.cuda())
    expected, expected_hT = linear_recurrence(a.float(), x.float())
    assert h.dtype == torch.bfloat16
    assert hT.dtype == torch.float32
    # Eight significant bits: rounding moves a number by up to 2^-8 of itself.
    torch.testing.assert_close(h.cpu().float(), expected, rtol=2**-8, atol=1e-6)
    torch.testing.assert_close(hT.cpu(), expected_hT, rtol=1e-5, atol=1e-5)


def test_s5_scan_is_the_cpus():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(3, 8, 5000, generator=generator, dtype=torch.complex128)
    Lambda = torch.complex(-torch.rand(8, generator=generator), torch.randn(8, generator=generator)).to(x)
    dt = torch.rand(3, 5000, generator=generator, dtype=torch.float64)
    for got, want in zip(s5_scan(x.cuda(), Lambda.cuda(), dt.cuda()), s5_scan(x, Lambda, dt), strict=True):
        torch.testing.assert_close(got.cpu(), want, rtol=1e-9, atol=1e-9)
