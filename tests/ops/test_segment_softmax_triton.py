"""The Triton kernels of segment_softmax under the interpreter; on a GPU the contract runs them."""

from __future__ import annotations

import numpy as np
import pytest
from triton_checks import INTERPRETED, run_interpreted

torch = pytest.importorskip("torch")
pytest.importorskip("triton")

# Tiles of 32 elements: rows inside a chunk, rows over several, rows that end where a chunk does.
SHAPES = [((0, 1, 2, 13, 0, 16, 33, 7, 0), 1), ((100, 3, 29, 0), 1), ((5, 0, 40, 11), 3), ((3, 0, 2), 67), ((0, 0), 2)]


if INTERPRETED:

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    @pytest.mark.parametrize(("lengths", "channels"), SHAPES)
    def test_equals_the_cpu_with_its_gradient(lengths: tuple[int, ...], channels: int, dtype: torch.dtype) -> None:
        from marey._runtime import torch_ops  # noqa: F401
        from marey.ragged._triton import segment_softmax as kernels

        generator = torch.Generator().manual_seed(0)
        offsets = torch.tensor([0, *np.cumsum(lengths)], dtype=torch.int64)
        values = 3 * torch.randn((sum(lengths), channels), generator=generator, dtype=torch.float64).to(dtype)
        grad = torch.randn(values.shape, generator=generator, dtype=torch.float64).to(dtype)
        # A few roundings of 6e-8 in float32.
        tolerance = {"rtol": 1e-5, "atol": 1e-6} if dtype == torch.float32 else {"rtol": 1e-12, "atol": 1e-13}
        expected = torch.ops.marey.segment_softmax(values, offsets)
        found = kernels.segment_softmax(values, offsets, launch=lambda kernel: kernel, tile=32)
        torch.testing.assert_close(found, expected, **tolerance)
        torch.testing.assert_close(
            kernels.segment_softmax_backward(grad, expected, offsets, launch=lambda kernel: kernel, tile=32),
            torch.ops.marey.segment_softmax_backward(grad, expected, offsets),
            **tolerance,
        )

else:

    def test_the_kernels_under_the_interpreter() -> None:
        run_interpreted(__file__)
