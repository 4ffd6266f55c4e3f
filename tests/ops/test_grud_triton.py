"""The Triton kernels of grud: under the interpreter and compiled; on a GPU the contract runs them."""

from __future__ import annotations

from typing import Any

import pytest
from triton_checks import INTERPRETED, compile_for_hopper, run_interpreted

torch = pytest.importorskip("torch")
pytest.importorskip("triton")

from marey._runtime.contract import to_backend  # noqa: E402
from marey.scan.grud import SPEC, _torch_calls  # noqa: E402

CASES = [case for case in SPEC.cases if not case.tags & {"bench", "threads"}]

if INTERPRETED:

    def run_kernels(operator: Any, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        from marey.scan._triton import grud as kernels

        function = getattr(kernels, operator.name().removeprefix("marey::"))
        result: tuple[Any, ...] = function(*arguments, launch=lambda kernel: kernel)
        return result

    @pytest.mark.parametrize(
        ("case", "dtype"),
        [pytest.param(case, "float64", id=case.name) for case in CASES]
        + [pytest.param(case, "float32", id=f"{case.name}, float32") for case in SPEC.tagged("grad")],
    )
    def test_equals_the_cpu_with_its_gradient(case: Any, dtype: str) -> None:
        from marey._runtime import torch_ops  # noqa: F401

        # Float32: sums of some hundred products in another order.
        tolerance = {"rtol": 1e-4, "atol": 1e-4} if dtype == "float32" else {"rtol": 1e-11, "atol": 1e-11}
        forward, backward = _torch_calls(to_backend(case.inputs(dtype), "torch"))
        expected, found = forward[0](*forward[1]), run_kernels(*forward)
        torch.testing.assert_close(found[:4], expected[:4], **tolerance)
        generator = torch.Generator().manual_seed(0)
        grads = [torch.randn(r.shape, generator=generator, dtype=r.dtype) for r in expected[:4]]
        rest = backward[1][5:]
        torch.testing.assert_close(
            run_kernels(backward[0], (*grads, found[4], *rest)),
            backward[0](*grads, expected[4], *rest),
            **tolerance,
        )

else:

    def test_the_kernels_under_the_interpreter() -> None:
        run_interpreted(__file__)

    @pytest.mark.parametrize("dtype", ["fp32", "fp64"])
    def test_the_kernels_compile(dtype: str) -> None:
        from marey.scan._triton import grud as kernels

        numbers = ("D", "H", "S", "width", "Dp", "gates", "decay", "before")
        sizes = {"BLOCK": 32, "DOT": dtype == "fp32", "BLOCK_S": 16 if dtype == "fp32" else 1, "BLOCK_H": 64}
        for name in ("inputs_forward", "inputs_backward", "recurrence_forward", "recurrence_backward"):
            kernel = getattr(kernels, name)
            types = {n: f"*{dtype}" for n in kernel.arg_names if n not in sizes}
            types |= dict.fromkeys(("begin", "length"), "*i64") | {"mask": "*i8"} | dict.fromkeys(numbers, "i32")
            types = {n: t for n, t in types.items() if n in kernel.arg_names}
            used = {n: v for n, v in sizes.items() if n in kernel.arg_names}
            assert f".entry {name}" in compile_for_hopper(kernel, types, used)
