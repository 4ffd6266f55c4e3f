"""segment_softmax: softmax within each row of ragged values."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from marey._runtime import native
from marey._runtime.doors import door, is_torch
from marey._runtime.specs import Case, Inputs, OpSpec, Tolerance, register
from marey.ragged._rows import as_matrix, calls_without_nan, check_rows, contiguous, ragged_inputs
from marey.reference.segment_softmax import segment_softmax as reference

__all__ = ["segment_softmax"]

ArrayT = TypeVar("ArrayT")


@door("values", "offsets")
def segment_softmax(values: ArrayT, offsets: Any) -> ArrayT:
    r"""Softmax within each row of ragged values.

    .. math:: y_t = \frac{e^{x_t - \max_r x}}{\sum_{u \in r} e^{x_u - \max_r x}}, \qquad t \in r

    Row :math:`r` is ``values[offsets[r]:offsets[r + 1]]``; trailing axes are weighed each by itself.

    Parameters
    ----------
    values : (total,) or (total, ...)
        Scores, one row after the other, float32 or float64.
    offsets : (S + 1,) int64
        Where rows begin and end: from 0 to ``total``, never falling.

    Returns
    -------
    like ``values``
        Weights from 0 to 1, each row's sum 1.

    Raises
    ------
    ValueError, TypeError
        If a shape, a dtype or ``offsets`` does not fit, before any work is done.

    Notes
    -----
    A row with NaN or inf in it, or of -inf alone, is NaN throughout, as in ``torch.softmax``; -inf beside finite scores
    has the weight 0, which masks what was not observed. Exponentials are taken relative to the row's largest score, so
    that none overflows (Blanchard, Higham & Higham, IMA J. Numer. Anal. 41:2311, 2021, alg. 3.2). On the CPU sums are
    kept in float64 whatever the dtype. In torch, gradients reach ``values``:
    :math:`\bar x_t = y_t\,(\bar y_t - \sum_{u \in r} y_u \bar y_u)`.

    Examples
    --------
    How much each of five measurements counts within its stay:

    >>> import numpy as np
    >>> from marey.ragged import segment_softmax
    >>> segment_softmax(np.array([0.0, 1.0, 0.0, 2.0, 2.0]), np.array([0, 3, 5])).round(3)
    array([0.212, 0.576, 0.212, 0.5  , 0.5  ])
    """
    check_rows(values, offsets)
    run = _torch_op() if is_torch(values) else native.core().segment_softmax
    return run(as_matrix(values), contiguous(offsets)).reshape(values.shape)  # type: ignore[attr-defined, no-any-return]


def _torch_op() -> Any:
    import torch

    return torch.ops.marey.segment_softmax


def _register_torch() -> None:
    import torch

    from marey._runtime.triton_ops import register_triton

    @torch.library.register_fake("marey::segment_softmax")
    def _(values: Any, offsets: Any) -> Any:
        return values.new_empty(values.shape)

    @torch.library.register_fake("marey::segment_softmax_backward")
    def _(grad: Any, result: Any, offsets: Any) -> Any:
        return grad.new_empty(grad.shape)

    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        _, offsets = inputs
        ctx.save_for_backward(output, offsets)

    def backward(ctx: Any, grad: Any) -> Any:
        return torch.ops.marey.segment_softmax_backward(grad.contiguous(), *ctx.saved_tensors), None

    torch.library.register_autograd("marey::segment_softmax", backward, setup_context=setup_context)
    for operator in ("segment_softmax", "segment_softmax_backward"):
        register_triton(operator, "marey.ragged._triton.segment_softmax")


def _torch_calls(inputs: Inputs) -> list[tuple[Any, tuple[Any, ...]]]:
    import torch

    arguments = (as_matrix(inputs["values"]), inputs["offsets"])
    return calls_without_nan(torch.ops.marey.segment_softmax.default, arguments)


_EDGES = (0, 1, 2, 31, 0, 32, 33, 7, 0)  # around the widths of vectors; empty rows within and at both ends


def _case(name: str, lengths: Any, *trailing: int, tags: str, special: tuple[float, ...] = ()) -> Case:
    return Case(name, lambda rng: ragged_inputs(rng, lengths, *trailing, special=special), frozenset(tags.split()))


SPEC = register(
    OpSpec(
        name="ragged.segment_softmax",
        function=segment_softmax,
        reference=reference,
        cases=(
            _case("rows", _EDGES, tags="odd"),
            _case("three channels", _EDGES, 3, tags="odd"),
            _case("wide, long", (9, 0, 1, 200), 7, 11, tags="odd"),
            _case("long", (5000, 3, 8193, 0), tags="odd"),
            _case("long, five channels", (1700, 0, 2), 5, tags="odd"),
            _case("one value", (1,), tags="one"),
            _case("no values", (0, 0), 4, tags="empty"),
            _case("no rows", (), tags="empty"),
            _case("no channels", (3, 2), 0, tags="empty"),
            _case("NaN", _EDGES, 2, tags="nan odd", special=(np.nan,)),
            _case("infinities", (40, 1, 1, 9, 5000), tags="nan", special=(np.inf, -np.inf)),
            _case("-inf", (40, 1, 1, 2, 9, 6000), 1, tags="nan", special=(-np.inf,)),
            _case("for gradients", (4, 0, 1, 6), tags="grad"),
            _case("for gradients, channels", (3, 2, 0), 3, tags="grad"),
            _case("many rows and long ones", (50_000, 3, 0, *[17] * 3000, 60_001), tags="threads"),
            _case("channels on threads", (4000, 3, 0, *[17] * 300, 9001), 7, tags="threads"),
            _case("wide on threads", (400, 3, 0, *[17] * 30, 901), 130, tags="threads"),
            _case("one row of 10,000,000", (10_000_000,), tags="bench"),
            _case("1,000,000 rows of 10", np.full(1_000_000, 10), tags="bench"),
            _case("4,000 stays of 75 steps, 64 channels", np.full(4000, 75), 64, tags="bench"),
        ),
        backends=frozenset({"numpy", "torch", "compile", "cuda"}),
        native={
            "cpp": "csrc/src/ragged/segment_softmax.kernel.cpp",
            "triton": "python/marey/ragged/_triton/segment_softmax.py",
        },
        tolerance={
            "float64": Tolerance(1e-13, 1e-15, "two roundings of exp, one of the sum and one of the division"),
            "float32": Tolerance(4e-6, 1e-7, "scores of up to 12 rounded to float32 move the exponent by 1e-6"),
        },
        missing="a row with a NaN in it is NaN throughout; -inf has the weight 0",
        differentiable=("values",),
        register_torch=_register_torch,
        torch_calls=_torch_calls,
    )
)
