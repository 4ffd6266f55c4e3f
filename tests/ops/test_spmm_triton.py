"""The Triton kernels of spmm under the interpreter; on a GPU the contract runs them."""

from __future__ import annotations

import numpy as np
import pytest
from triton_checks import INTERPRETED, run_interpreted

torch = pytest.importorskip("torch")
pytest.importorskip("triton")

if INTERPRETED:

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    @pytest.mark.parametrize("weighted", [True, False])
    @pytest.mark.parametrize(("lengths", "channels"), [((3, 0, 9, 1), 5), ((0, 40), 1), ((4, 2), 131), ((0, 0), 3)])
    def test_equals_the_cpu_with_its_gradient(
        lengths: tuple[int, ...], channels: int, weighted: bool, dtype: torch.dtype
    ) -> None:
        from marey._runtime import torch_ops  # noqa: F401
        from marey.graph._triton import spmm as kernels

        generator = torch.Generator().manual_seed(0)
        offsets = torch.tensor([0, *np.cumsum(lengths)], dtype=torch.int64)
        arcs = sum(lengths)
        targets = torch.randint(0, 7, (arcs,), generator=generator)
        x = torch.randn((7, channels), generator=generator, dtype=torch.float64).to(dtype)
        weights = torch.randn(arcs, generator=generator, dtype=torch.float64).to(dtype) if weighted else None
        grad = torch.randn((len(lengths), channels), generator=generator, dtype=torch.float64).to(dtype)
        # A few roundings of 6e-8 a term in float32.
        tolerance = {"rtol": 1e-5, "atol": 1e-5} if dtype == torch.float32 else {"rtol": 1e-12, "atol": 1e-12}
        given = (offsets, targets, x, weights)
        found = kernels.spmm(*given, launch=lambda kernel: kernel)
        torch.testing.assert_close(found, torch.ops.marey.spmm(*given), **tolerance)
        found = kernels.spmm_backward(grad, *given, launch=lambda kernel: kernel)
        for a, b in zip(found, torch.ops.marey.spmm_backward(grad, *given), strict=True):
            torch.testing.assert_close(a, b, **tolerance)

else:

    def test_the_kernels_under_the_interpreter() -> None:
        run_interpreted(__file__)
