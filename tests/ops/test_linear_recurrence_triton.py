"""linear_recurrence's Triton kernel for complex numbers under the interpreter; on a GPU the contract runs it."""

from __future__ import annotations

from typing import Any

import pytest
from triton_checks import INTERPRETED, run_interpreted

torch = pytest.importorskip("torch")
pytest.importorskip("triton")


if INTERPRETED:
    from marey._runtime import torch_ops  # noqa: F401
    from marey.scan import linear_recurrence
    from marey.scan._complex_recurrence import gradient
    from marey.scan._triton.linear_recurrence_complex import complex_recurrence

    def run(a: Any, x: Any, h0: Any, reset: Any, reverse: bool) -> Any:
        return complex_recurrence(a, x, h0, reset, reverse, launch=lambda kernel: kernel, block=16)

    def real(z: Any) -> Any:
        return None if z is None else torch.view_as_real(z.resolve_conj())

    def problem(length: int, dtype: Any, *, state: bool, reset: str, coefficients: str) -> Any:
        generator = torch.Generator().manual_seed(length)

        def normal(*sizes: int) -> Any:
            return torch.randn(sizes, generator=generator, dtype=dtype)

        batch, channels = 2, 3
        sizes = {"whole": (batch, channels, length), "a channel": (1, channels, 1), "a step": (batch, 1, length)}
        a = 0.5 * normal(*sizes[coefficients])
        marks = None
        if reset:
            marks = torch.rand(batch, channels if reset == "own" else 1, length, generator=generator) < 0.1
        return a, normal(batch, channels, length), normal(batch, channels) if state else None, marks

    @pytest.mark.parametrize("length", [0, 1, 16, 37])
    @pytest.mark.parametrize("reverse", [False, True])
    @pytest.mark.parametrize(
        ("state", "reset", "coefficients"),
        [(False, "", "whole"), (True, "own", "whole"), (True, "shared", "a channel"), (False, "own", "a step")],
    )
    def test_equals_the_cpu_with_its_gradient(length: int, reverse: bool, state: bool, reset: str, coefficients: str):
        a, x, h0, marks = problem(length, torch.complex128, state=state, reset=reset, coefficients=coefficients)
        a = a.expand(x.shape).clone().requires_grad_()
        x.requires_grad_()
        if h0 is not None:
            h0.requires_grad_()
        given = None if marks is None else marks[:, 0] if marks.shape[1] == 1 else marks
        h, hT = linear_recurrence(a, x, h0=h0, reset=given, reverse=reverse)
        found = run(real(a.detach()), real(x.detach()), None if h0 is None else real(h0.detach()), marks, reverse)
        for f, e in zip(found, (h, hT), strict=True):
            torch.testing.assert_close(f, real(e.detach()), rtol=1e-12, atol=1e-12)

        grad_h, grad_hT = torch.randn_like(h), torch.randn_like(hT)
        leaves = [leaf for leaf in (a, x, h0) if leaf is not None]
        wanted = torch.autograd.grad([h, hT], leaves, [grad_h, grad_hT])
        h0 = None if h0 is None else real(h0.detach())
        back = gradient(run, real(grad_h), real(grad_hT), found[0], real(a.detach()), h0, marks, reverse)
        back = [torch.view_as_complex(b) if not b.is_complex() else b for b in back]
        for b, w in zip(back, wanted, strict=False):
            torch.testing.assert_close(b, w, rtol=1e-12, atol=1e-12)

    @pytest.mark.parametrize("channels_last", [False, True])
    def test_coefficients_without_an_axis_and_any_layout(channels_last: bool) -> None:
        a, x, h0, _ = problem(37, torch.complex64, state=True, reset="", coefficients="a channel")
        if channels_last:
            x = x.mT.contiguous().mT
        h, hT = run(real(a.expand(x.shape)), real(x), real(h0), None, False)
        expected = linear_recurrence(a, x, h0=h0)
        torch.testing.assert_close(torch.view_as_complex(h), expected[0], rtol=2e-7, atol=1e-7)
        torch.testing.assert_close(torch.view_as_complex(hT), expected[1], rtol=2e-7, atol=1e-7)

    def test_a_reset_stops_a_nan() -> None:
        a, x, _, _ = problem(50, torch.complex128, state=False, reset="", coefficients="whole")
        x[:, :, 5] = complex("nan+nanj")
        a[:, :, 30] = complex("nan+nanj")
        marks = torch.zeros(2, 1, 50, dtype=torch.bool)
        marks[..., 30] = True
        h, _ = run(real(a), real(x), None, marks, False)
        assert h[:, :, 5:30].isnan().all()
        assert not h[:, :, :5].isnan().any()
        torch.testing.assert_close(
            torch.view_as_complex(h[:, :, 30:]),
            linear_recurrence(a[:, :, 30:] * 1, x[:, :, 30:], reset=marks[:, 0, 30:])[0],
        )

else:

    def test_the_kernel_under_the_interpreter() -> None:
        run_interpreted(__file__)

    def test_the_kernel_compiles_for_a_hopper() -> None:
        from triton_checks import compile_for_hopper

        from marey.scan._triton.linear_recurrence_complex import recurrence

        types = dict.fromkeys(("a", "x", "h0", "h", "hT"), "*fp32") | {"reset": "*i1"}
        types |= {name: "i64" for name in recurrence.arg_names if name not in types and not name.isupper()}
        constants = {"H0": True, "RESET": True, "REVERSE": True, "BLOCK": 1024}
        assert ".entry" in compile_for_hopper(recurrence, types, constants)
