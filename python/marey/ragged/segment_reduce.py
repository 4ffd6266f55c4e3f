"""segment_reduce: each row of ragged values to one value."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from marey._runtime import native
from marey._runtime.doors import door, is_torch
from marey._runtime.specs import Case, Inputs, OpSpec, Tolerance, register
from marey.ragged._rows import as_matrix, calls_without_nan, check_rows, contiguous, ragged_inputs
from marey.reference.segment_reduce import segment_reduce as reference

__all__ = ["segment_reduce"]

ArrayT = TypeVar("ArrayT")

OPS = ("sum", "mean", "min", "max", "logsumexp")


@door("values", "offsets")
def segment_reduce(values: ArrayT, offsets: Any, op: str) -> ArrayT:
    r"""Each row of ragged values to its sum, mean, minimum, maximum or log of the sum of exponentials.

    Row :math:`i` is ``values[offsets[i]:offsets[i + 1]]``; trailing axes are reduced each by itself.

    Parameters
    ----------
    values : (total,) or (total, ...)
        The rows, one after the other, float32 or float64.
    offsets : (S + 1,) int64
        Where rows begin and end: from 0 to ``total``, never falling.
    op : str
        ``"sum"``, ``"mean"``, ``"min"``, ``"max"`` or ``"logsumexp"``.

    Returns
    -------
    (S,) or (S, ...)
        One value a row, in the dtype and unit of ``values``. Of an empty row: sum 0, mean NaN, min inf, max -inf,
        logsumexp -inf.

    Raises
    ------
    ValueError, TypeError
        If a shape, a dtype, ``offsets`` or ``op`` does not fit, before any work is done.

    Notes
    -----
    NaN propagates: a row with a NaN in it is NaN under every ``op``. On the CPU sums are kept in float64 whatever the
    dtype. The exponentials of logsumexp are taken relative to the largest value, so that none overflows (Blanchard,
    Higham & Higham, IMA J. Numer. Anal. 41:2311, 2021, alg. 3.1); a row of -inf alone gives -inf, one with inf gives
    inf.

    In torch, gradients reach ``values``: 1 for sum, 1 / length for mean, the softmax weights for logsumexp. For min and
    max the first of equal extremes gets all of it, and the first NaN where the result is NaN. Where logsumexp is
    infinite its gradient is NaN at the infinite values, as in ``torch.logsumexp``.

    Examples
    --------
    Heart rates of three stays, the second without a measurement:

    >>> import numpy as np
    >>> from marey.ragged import segment_reduce
    >>> heart_rate = np.array([82.0, 90.0, 86.0, 61.0, 65.0])
    >>> segment_reduce(heart_rate, np.array([0, 3, 3, 5]), "mean")
    array([86., nan, 63.])
    """
    check_rows(values, offsets)
    if op not in OPS:
        raise ValueError(f"`op` is {op!r}; expected one of {', '.join(OPS)}")
    run = _torch_op() if is_torch(values) else native.core().segment_reduce
    result = run(as_matrix(values), contiguous(offsets), op)
    return result.reshape(result.shape[0], *values.shape[1:])  # type: ignore[attr-defined, no-any-return]


def _torch_op() -> Any:
    import torch

    return torch.ops.marey.segment_reduce


def _register_torch() -> None:
    import torch

    from marey._runtime.triton_ops import register_triton

    @torch.library.register_fake("marey::segment_reduce")
    def _(values: Any, offsets: Any, op: str) -> Any:
        return values.new_empty((offsets.shape[0] - 1, values.shape[1]))

    @torch.library.register_fake("marey::segment_reduce_backward")
    def _(grad: Any, values: Any, result: Any, offsets: Any, op: str) -> Any:
        return grad.new_empty(values.shape)

    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        values, offsets, ctx.op = inputs
        ctx.shape = values.shape
        reads_values = ctx.op in ("min", "max", "logsumexp")
        ctx.save_for_backward(offsets, *((values, output) if reads_values else ()))

    def backward(ctx: Any, grad: Any) -> Any:
        offsets, *read = ctx.saved_tensors
        # Sum and mean read no values: a tensor of one element, expanded, tells their shape.
        values, result = read or (grad.new_empty(()).expand(ctx.shape), grad)
        return torch.ops.marey.segment_reduce_backward(grad.contiguous(), values, result, offsets, ctx.op), None, None

    torch.library.register_autograd("marey::segment_reduce", backward, setup_context=setup_context)
    for operator in ("segment_reduce", "segment_reduce_backward"):
        register_triton(operator, "marey.ragged._triton.segment_reduce")


def _torch_calls(inputs: Inputs) -> list[tuple[Any, tuple[Any, ...]]]:
    import torch

    operator = torch.ops.marey.segment_reduce.default
    arguments = (as_matrix(inputs["values"]), inputs["offsets"], inputs["op"])
    return calls_without_nan(operator, arguments)


_EDGES = (0, 1, 2, 31, 0, 32, 33, 7, 0)  # around the widths of vectors; empty rows within and at both ends


def _case(op: str, name: str, lengths: Any, *trailing: int, tags: str, special: tuple[float, ...] = ()) -> Case:
    return Case(
        f"{op}, {name}",
        lambda rng: ragged_inputs(rng, lengths, *trailing, special=special, op=op),
        frozenset(tags.split()),
    )


def _cases_of(op: str) -> list[Case]:
    return [
        _case(op, "rows", _EDGES, tags="odd"),
        _case(op, "three channels", _EDGES, 3, tags="odd"),
        _case(op, "wide, long", (9, 0, 1, 200), 7, 11, tags="odd"),
        _case(op, "long", (5000, 3, 8193, 0), tags="odd"),
        _case(op, "NaN", _EDGES, 2, tags="nan odd", special=(np.nan,)),
        _case(op, "infinities", (40, 1, 1, 9, 5000), tags="nan", special=(np.inf, -np.inf)),
        _case(op, "for gradients", (4, 1, 6), tags="grad"),  # no empty row: finite differences of infinity are NaN
        _case(op, "for gradients, channels", (3, 2), 3, tags="grad"),
        _case(op, "many rows and long ones", (50_000, 3, 0, *[17] * 3000, 60_001), tags="threads"),
        _case(op, "one row of 10,000,000", (10_000_000,), tags="bench"),
        _case(op, "1,000,000 rows of 10", np.full(1_000_000, 10), tags="bench"),
        _case(op, "4,000 stays of 75 steps, 64 channels", np.full(4000, 75), 64, tags="bench"),
    ]


SPEC = register(
    OpSpec(
        name="ragged.segment_reduce",
        function=segment_reduce,
        reference=reference,
        cases=(
            *(case for op in OPS for case in _cases_of(op)),
            _case("sum", "one value", (1,), tags="one"),
            _case("logsumexp", "one value", (1,), 1, tags="one"),
            _case("mean", "no values", (0, 0), 4, tags="empty"),
            _case("max", "no rows", (), tags="empty"),
            _case("min", "no channels", (3, 2), 0, tags="empty"),
            _case("sum", "channels on threads", (4000, 3, 0, *[17] * 300, 9001), 7, tags="threads"),
            _case("max", "wide on threads", (400, 3, 0, *[17] * 30, 901), 130, tags="threads"),
            _case("logsumexp", "-inf alone", (1, 2, 9), tags="nan", special=(-np.inf,)),
        ),
        backends=frozenset({"numpy", "torch", "compile", "cuda"}),
        native={
            "cpp": "csrc/src/ragged/segment_reduce.kernel.cpp",
            "triton": "python/marey/ragged/_triton/segment_reduce.py",
        },
        tolerance={
            "float64": Tolerance(
                1e-12, 1e-12, "sums of thousands of values of mixed sign in another order, one rounding each"
            ),
            "float32": Tolerance(
                2e-6, 2e-5, "values rounded to float32 move each term by 6e-8 of itself; on a GPU sums are float32"
            ),
        },
        missing="NaN propagates under every op: a row with a NaN in it is NaN",
        differentiable=("values",),
        register_torch=_register_torch,
        torch_calls=_torch_calls,
    )
)
