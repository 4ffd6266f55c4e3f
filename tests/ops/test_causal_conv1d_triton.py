"""The Triton kernels of causal_conv1d under the interpreter; on a GPU the contract runs them."""

from __future__ import annotations

from typing import Any

import pytest
from triton_checks import INTERPRETED, run_interpreted

torch = pytest.importorskip("torch")
pytest.importorskip("triton")

# Tiles of 64 elements: one tile, several along time and channels, shorter than the taps.
SHAPES = [(2, 5, 70, 4), (1, 1, 33, 2), (1, 3, 5, 9), (2, 6, 40, 1), (1, 2, 64, 3)]


if INTERPRETED:
    from marey._runtime import torch_ops  # noqa: F401
    from marey.scan._triton import causal_conv1d as kernels

    TILE = {"launch": lambda kernel: kernel, "tile": 64}

    def problem(shape: Any, dtype: Any, plain: bool, channels_last: bool) -> Any:
        batch, channels, length, width = shape
        generator = torch.Generator().manual_seed(0)

        def normal(*sizes: int) -> Any:
            return torch.randn(sizes, generator=generator, dtype=torch.float64).to(dtype)

        x, grad = (normal(batch, length, channels) if channels_last else normal(batch, channels, length) for _ in "xg")
        rest = (
            normal(channels, width),
            *((None, None) if plain else (normal(channels), normal(batch, channels, width - 1))),
        )
        return grad, (x, *rest, not plain, channels_last)

    @pytest.mark.parametrize("channels_last", [False, True])
    @pytest.mark.parametrize("plain", [False, True])
    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    @pytest.mark.parametrize("shape", SHAPES)
    def test_equals_the_cpu_with_its_gradient(shape: Any, dtype: Any, plain: bool, channels_last: bool) -> None:
        grad, arguments = problem(shape, dtype, plain, channels_last)
        # A few roundings of 6e-8 in float32, in sums of up to 140 terms.
        tolerance = {"rtol": 2e-5, "atol": 2e-5} if dtype == torch.float32 else {"rtol": 1e-12, "atol": 1e-12}
        torch.testing.assert_close(
            kernels.causal_conv1d(*arguments, **TILE), torch.ops.marey.causal_conv1d(*arguments), **tolerance
        )
        found = kernels.causal_conv1d_backward(grad, *arguments, **TILE)
        expected = torch.ops.marey.causal_conv1d_backward(grad, *arguments)
        for f, e in zip(found, expected, strict=True):
            torch.testing.assert_close(f, e, **tolerance)

    @pytest.mark.parametrize("own_weight", [False, True])
    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
    def test_sixteen_bits_round_the_result_alone(dtype: Any, own_weight: bool) -> None:
        """Sums are float32: what comes out is the float64 answer to the rounded inputs, rounded once."""
        grad, (x, weight, bias, x0, *flags) = problem((2, 5, 70, 4), dtype, False, False)
        if own_weight:
            weight, bias = weight.float() / 3, bias.float() / 3
        exact = [a.double() for a in (grad, x, weight, bias, x0)]
        # The interpreter cuts bfloat16 off where a GPU rounds to the nearest.
        epsilon = torch.finfo(dtype).eps / (1 if dtype == torch.bfloat16 else 2)
        y = kernels.causal_conv1d(x, weight, bias, x0, *flags, **TILE)
        found = kernels.causal_conv1d_backward(grad, x, weight, bias, x0, *flags, **TILE)
        expected = torch.ops.marey.causal_conv1d_backward(*exact, *flags)
        assert y.dtype == found[0].dtype == dtype
        assert found[1].dtype == weight.dtype
        pairs = [(y, torch.ops.marey.causal_conv1d(*exact[1:], *flags)), *zip(found, expected, strict=True)]
        for f, e in pairs:
            torch.testing.assert_close(f.double(), e, rtol=1.01 * epsilon, atol=2e-5)

    def test_nothing_in_nothing_out() -> None:
        for shape in ((2, 3, 0, 4), (0, 3, 5, 4), (2, 0, 5, 4)):
            grad, arguments = problem(shape, torch.float32, False, False)
            assert kernels.causal_conv1d(*arguments, **TILE).shape == arguments[0].shape
            for f, e in zip(
                kernels.causal_conv1d_backward(grad, *arguments, **TILE),
                torch.ops.marey.causal_conv1d_backward(grad, *arguments),
                strict=True,
            ):
                torch.testing.assert_close(f, e)

else:

    def test_the_kernels_under_the_interpreter() -> None:
        run_interpreted(__file__)

    def test_the_kernels_compile_for_a_hopper() -> None:
        from triton_checks import compile_for_hopper

        from marey.scan._triton import causal_conv1d as kernels

        tensors = dict.fromkeys(("x", "x0", "weight", "bias", "y", "g", "grad_y", "grad_x", "grad_x0"), "*bf16")
        tensors |= {"weight": "*fp32", "bias": "*fp32", "g": "*fp32", "partial": "*fp32"}
        tensors |= dict.fromkeys(("length", "channels", "time_blocks"), "i64")
        constants = {
            "CHANNELS_LAST": False,
            "W": 4,
            "X0": True,
            "BIAS": True,
            "SILU": True,
            "BLOCK_C": 4,
            "BLOCK_T": 512,
        }
        import triton.language as tl

        constants |= {"ACC": tl.float32}
        for kernel in (kernels.forward, kernels.backward_taps, kernels.backward_inputs):
            names = {n: t for n, t in tensors.items() if n in kernel.arg_names}
            given = {n: c for n, c in constants.items() if n in kernel.arg_names}
            assert ".entry" in compile_for_hopper(kernel, names, given)
