"""The Triton kernels of segment_reduce: under the interpreter and compiled; on a GPU the contract runs them."""

from __future__ import annotations

import numpy as np
import pytest
from triton_checks import INTERPRETED, compile_for_hopper, run_interpreted

torch = pytest.importorskip("torch")
pytest.importorskip("triton")

OPS = ("sum", "mean", "min", "max", "logsumexp")
# Tiles of 32 elements: rows inside a chunk, rows over several, chunks of one row, rows that end where a chunk does.
SHAPES = {
    "rows of a chunk and less": ((0, 1, 2, 13, 0, 16, 33, 7, 0), ()),
    "over many chunks": ((100, 3, 29, 0), ()),
    "three channels": ((5, 0, 40, 11), (3,)),
    "more channels than a program takes": ((3, 0, 2), (67,)),
    "no channels": ((3, 2), (0,)),
    "no values": ((0, 0), (2,)),
    "no rows": ((), ()),
}


def rows(lengths: tuple[int, ...], trailing: tuple[int, ...], dtype: torch.dtype = torch.float64):
    generator = torch.Generator().manual_seed(0)
    offsets = torch.tensor([0, *np.cumsum(lengths)], dtype=torch.int64)
    values = torch.randn((int(offsets[-1]), int(np.prod(trailing))), generator=generator, dtype=torch.float64)
    return values.to(dtype), offsets


def run_kernels(name: str, *args):
    from marey.ragged._triton import segment_reduce as kernels

    return getattr(kernels, name)(*args, launch=lambda kernel: kernel, tile=32)


if INTERPRETED:

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    @pytest.mark.parametrize("op", OPS)
    @pytest.mark.parametrize("shape", SHAPES)
    def test_equals_the_cpu_with_its_gradient(shape: str, op: str, dtype: torch.dtype) -> None:
        from marey._runtime import torch_ops  # noqa: F401

        values, offsets = rows(*SHAPES[shape], dtype)
        expected = torch.ops.marey.segment_reduce(values, offsets, op)
        # Float32 sums of a hundred terms: a few roundings of 6e-8 of terms of 3.
        tolerance = {"rtol": 1e-5, "atol": 5e-6} if dtype == torch.float32 else {"rtol": 1e-13, "atol": 1e-13}
        tolerance["equal_nan"] = True
        torch.testing.assert_close(run_kernels("segment_reduce", values, offsets, op), expected, **tolerance)
        grad = torch.randn(expected.shape, dtype=dtype, generator=torch.Generator().manual_seed(1))
        torch.testing.assert_close(
            run_kernels("segment_reduce_backward", grad, values, expected, offsets, op),
            torch.ops.marey.segment_reduce_backward(grad, values, expected, offsets, op),
            **tolerance,
        )

    @pytest.mark.parametrize("op", OPS)
    @pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")  # inf - inf in the interpreter
    def test_nan_and_infinities_go_where_they_go_on_the_cpu(op: str) -> None:
        from marey._runtime import torch_ops  # noqa: F401

        values, offsets = rows((30, 1, 2, 50, 1, 40), (2,))
        chosen = torch.rand(values.shape, generator=torch.Generator().manual_seed(2))
        values[chosen < 0.06] = torch.inf
        values[(chosen > 0.06) & (chosen < 0.12)] = -torch.inf
        values[40:70, 0] = torch.nan
        values[30:33] = -torch.inf
        expected = torch.ops.marey.segment_reduce(values, offsets, op)
        found = run_kernels("segment_reduce", values, offsets, op)
        torch.testing.assert_close(found, expected, equal_nan=True, rtol=1e-13, atol=1e-13)
        grad = torch.ones_like(expected)
        torch.testing.assert_close(
            run_kernels("segment_reduce_backward", grad, values, expected, offsets, op),
            torch.ops.marey.segment_reduce_backward(grad, values, expected, offsets, op),
            equal_nan=True,
            rtol=1e-13,
            atol=1e-13,
        )

    def test_of_equal_extremes_the_first_gets_the_gradient() -> None:
        values = torch.tensor([1.0, 4.0, 4.0, 2.0, 2.0] * 8)[:, None]  # rows longer than a chunk
        offsets = torch.tensor([0, 40])
        found = run_kernels(
            "segment_reduce_backward", torch.ones(1, 1), values, torch.full((1, 1), 4.0), offsets, "max"
        )
        assert found.nonzero().tolist() == [[1, 0]]

    @pytest.mark.parametrize("bad", [(1, 50, 100), (0, 60, 40, 100), (0, 50, 99), (0, 50, 101), (0, 10**12, 100)])
    @pytest.mark.parametrize("op", OPS)
    def test_wrong_offsets_give_nan_everywhere(bad: tuple[int, ...], op: str) -> None:
        values, offsets = torch.zeros(100, 1), torch.tensor(bad)
        result = run_kernels("segment_reduce", values, offsets, op)
        assert result.isnan().all()
        grad = run_kernels("segment_reduce_backward", torch.ones_like(result), values, result * 0, offsets, op)
        assert grad.isnan().all()

else:

    def test_the_kernels_under_the_interpreter() -> None:
        run_interpreted(__file__)

    @pytest.mark.parametrize("dtype", ["fp32", "fp64"])
    @pytest.mark.parametrize(("term", "op"), [("value", "sum"), ("value", "max"), ("exp", "sum"), ("first", "min")])
    def test_the_kernels_compile(term: str, op: str, dtype: str) -> None:
        from marey.ragged._triton.segment_reduce import join_chunks, reduce_chunks

        out = "*i64" if term == "first" else f"*{dtype}"
        types = {"values": f"*{dtype}", "other": f"*{dtype}", "offsets": "*i64", "first_rows": "*i64", "total": "i64"}
        types |= {"result": out, "head": out, "tail": out, "n_chunks": "i32", "channels": "i32"}
        sizes = {"OP": op, "BLOCK_T": 32, "BLOCK_C": 64}
        assert ".entry reduce_chunks" in compile_for_hopper(reduce_chunks, types, {**sizes, "TERM": term})
        assert ".entry join_chunks" in compile_for_hopper(join_chunks, types, {**sizes, "BLOCK_K": 2})
        # Sizes of one become constants.
        for one in ("channels", "total", "n_chunks"):
            del types[one]
        sizes |= {"BLOCK_T": 2048, "BLOCK_C": 1, "channels": 1}
        compile_for_hopper(reduce_chunks, types, {**sizes, "TERM": term, "total": 1})
        compile_for_hopper(join_chunks, types, {**sizes, "BLOCK_K": 128, "n_chunks": 1})

    def test_the_plan_compiles_and_no_count_of_its_is_one() -> None:
        from marey.ragged._triton import rows as kernels

        pointers = {"offsets": "*i64", "first_rows": "*i64", "bad_offsets": "*i1"}
        counts = ("minus_total", "minus_rows", "minus_chunks")
        types = pointers | dict.fromkeys(counts, "i32")
        assert ".entry plan" in compile_for_hopper(kernels.plan, types, {"BLOCK_T": 2048, "BLOCK": 256})

        given: dict[str, int] = {}

        def launch(kernel):
            names = kernel.arg_names
            return {(1,): lambda *args, **sizes: given.update(zip(names, args, strict=False))}

        values, offsets = rows((1,), (1,))
        kernels.cut(values, offsets, launch, 2048)
        assert [given[count] for count in counts] == [-1, -1, -1]


@pytest.mark.gpu
@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize(
    ("lengths", "channels"), [((3_000_000, 0, 5), 1), (None, 1), ((70_000, 1, 0, 9), 65), ((40, 0, 2), 3)]
)
def test_cuda_equals_cpu(lengths: tuple[int, ...] | None, channels: int, op: str) -> None:
    from marey.ragged import segment_reduce

    many = tuple(np.random.default_rng(0).poisson(10, 200_000))
    values, offsets = rows(lengths or many, (channels,))
    results = []
    for device in ("cpu", "cuda"):
        leaf = values.to(device, copy=True).requires_grad_()
        result = segment_reduce(leaf, offsets.to(device), op)
        result.nansum().backward()
        results.append((result.detach().cpu(), leaf.grad.cpu()))
    torch.testing.assert_close(results[1], results[0], rtol=1e-11, atol=1e-10, equal_nan=True)


@pytest.mark.gpu
def test_compiled_for_cuda_with_changing_sizes() -> None:
    from marey.ragged import segment_reduce

    for op in OPS:
        torch.compiler.reset()  # every op is a program of its own
        compiled = torch.compile(segment_reduce, fullgraph=True, dynamic=True)
        for lengths in ((100, 3, 0), (7000, 1, 2, 9000), (5,)):
            values, offsets = (t.cuda() for t in rows(lengths, (4,)))
            left, right = (values.clone().requires_grad_() for _ in range(2))
            compiled(left, offsets, op).nansum().backward()
            segment_reduce(right, offsets, op).nansum().backward()
            torch.testing.assert_close(left.grad, right.grad, rtol=1e-12, atol=1e-12)
