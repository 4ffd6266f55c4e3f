"""The Triton kernels of lomb_scargle under the interpreter; on a GPU the contract runs them."""

from __future__ import annotations

import numpy as np
import pytest
from triton_checks import INTERPRETED, compile_for_hopper, run_interpreted

torch = pytest.importorskip("torch")
pytest.importorskip("triton")


if INTERPRETED:
    from marey.spectral._triton import lomb_scargle as kernels

    @pytest.fixture(autouse=True)
    def _narrow_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(kernels, "BLOCK", 16)  # several of 21 frequencies

    def made(weighted: bool) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        from marey._runtime import torch_ops  # noqa: F401

        rng = np.random.default_rng(0)
        sizes = [14, 0, 2, 9, 6, 5]
        t = 5 + np.cumsum(rng.uniform(0.5, 1.2, sum(sizes)))
        y = np.sin(t) + rng.normal(size=len(t))
        y[4], t[19] = np.nan, np.inf
        y[31:] = 0.25  # no variance
        arrays = [t, y, *([rng.uniform(0.5, 2, len(t))] if weighted else [])]
        t, y, *dy = (torch.tensor(a) for a in arrays)
        inputs = [t, y, dy[0] if dy else None, torch.tensor([0, *np.cumsum(sizes)])]
        inputs.append(torch.tensor(np.linspace(0.0, 0.55, 21)))
        shapes = [(6, 21), (6,), (6,)]
        return inputs, [torch.tensor(rng.normal(size=shape)) for shape in shapes]

    @pytest.mark.parametrize(
        ("weighted", "fit_mean", "center"),
        [(False, True, True), (True, False, True), (True, True, False), (False, False, False)],
    )
    def test_equals_the_cpu_with_its_gradients(weighted: bool, fit_mean: bool, center: bool) -> None:
        inputs, grads = made(weighted)
        flags = (fit_mean, center)
        here = {"launch": lambda kernel: kernel}
        # Sums in another order, about another zero of time; the fit of nearly dependent waves magnifies them.
        tolerance = {"rtol": 1e-8, "atol": 1e-9, "equal_nan": True}
        found = kernels.lomb_scargle(*inputs, *flags, False, **here)
        torch.testing.assert_close(found, torch.ops.marey.lomb_scargle(*inputs, *flags, False), **tolerance)
        torch.testing.assert_close(
            kernels.lomb_scargle_backward(*grads, *inputs, *flags, **here),
            torch.ops.marey.lomb_scargle_backward(*grads, *inputs, *flags),
            **tolerance,
        )

    def test_values_that_the_cpu_refuses_are_nan() -> None:
        inputs, _ = made(True)
        inputs[2][3], inputs[4][5], inputs[4][6] = 0, -0.1, np.inf
        power, variance, _ = kernels.lomb_scargle(*inputs, True, True, False, launch=lambda kernel: kernel)
        assert power[0].isnan().all()
        assert variance[0].isnan()
        assert power[3].isnan().nonzero().ravel().tolist() == [5, 6]

    def test_fast_is_near() -> None:
        inputs, _ = made(True)
        exact, _, _ = torch.ops.marey.lomb_scargle(*inputs, True, True, False)
        fast, _, _ = kernels.lomb_scargle(*inputs, True, True, True, launch=lambda kernel: kernel)
        # float32 sums of 14 terms; at 0 Hz and for six points the fit magnifies their rounding.
        torch.testing.assert_close(fast, exact, rtol=0, atol=1e-4, equal_nan=True)

else:

    def test_the_kernels_under_the_interpreter() -> None:
        run_interpreted(__file__)

    @pytest.mark.parametrize("one", [False, True])  # sizes of one become constants
    def test_the_kernels_compile_for_a_gpu(one: bool) -> None:
        from marey.spectral._triton import lomb_scargle as kernels

        names = ("t", "w", "z", "frequency", "weights", "out")
        types = dict.fromkeys(names, "*fp64") | {"offsets": "*i64", "series": "*i64"}
        sizes = {} if one else {"n_points": "i32", "n_series": "i32", "n_freqs": "i32"}
        constants = {"n_points": 1, "n_series": 1, "n_freqs": 1} if one else {}
        for name in ("_sums", "_points", "_frequencies"):
            kernel = getattr(kernels, name)
            for fast in (False, True) if name == "_sums" else (None,):
                given = {**constants, "block": 128, "fast": fast}
                given = {key: value for key, value in given.items() if key in kernel.arg_names}
                assert f".entry {name}" in compile_for_hopper(kernel, types | sizes, given)
