"""spmm: every node's weighted sum over its neighbours."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from marey._runtime import native
from marey._runtime.checks import check_dtype, check_same_dtype, check_shape
from marey._runtime.doors import door, is_torch
from marey._runtime.specs import Case, Inputs, OpSpec, Tolerance, register
from marey.ragged._rows import as_matrix, contiguous
from marey.reference.spmm import spmm as reference

__all__ = ["spmm"]

ArrayT = TypeVar("ArrayT")


@door("offsets", "targets", "x", "weights")
def spmm(offsets: Any, targets: Any, x: ArrayT, weights: Any = None) -> ArrayT:
    r"""Sum over each node's arcs of weight times the row of `x` that the arc leads to: a sparse matrix by a dense one.

    .. math:: y_r = \sum_{e \in r} w_e\, x_{t_e}

    The arcs of node :math:`r` are ``targets[offsets[r]:offsets[r + 1]]``, as `Graph` has them.

    Parameters
    ----------
    offsets : (R + 1,) int64
        Where each node's arcs begin and end: from 0 to the number of arcs, never falling.
    targets : (arcs,) int32 or int64
        Row of `x` at the end of each arc.
    x : (N, ...)
        Features, float32 or float64.
    weights : (arcs,), optional
        Weight of each arc, in the dtype of `x`; 1 if left out.

    Returns
    -------
    (R, ...)
        In the dtype of `x`; zeros for a node without arcs.

    Raises
    ------
    ValueError, TypeError
        If a shape, a dtype, ``offsets`` or, on the CPU, a target does not fit.

    Notes
    -----
    On the CPU sums are kept in float64, in the order of the arcs, whatever the dtype. NaN and inf go where arcs lead
    them. On a GPU a target outside `x` is not read and makes its row NaN. In torch, gradients reach ``x``, by the
    transposed matrix, and ``weights``: :math:`\bar w_e = \langle \bar y_r, x_{t_e} \rangle`; both have the same bits on
    any number of threads.

    Examples
    --------
    The mean of two neighbours, and a node without any:

    >>> import numpy as np
    >>> from marey.graph import spmm
    >>> x = np.array([[1.0, 10.0], [3.0, 30.0]])
    >>> spmm(np.array([0, 2, 2]), np.array([0, 1]), x, np.array([0.5, 0.5]))
    array([[ 2., 20.],
           [ 0.,  0.]])
    """
    _check(offsets, targets, x, weights)
    run = _torch_op() if is_torch(x) else native.core().spmm
    out = run(contiguous(offsets), contiguous(targets), as_matrix(x), None if weights is None else contiguous(weights))
    return out.reshape(out.shape[0], *x.shape[1:])  # type: ignore[attr-defined, no-any-return]


def _check(offsets: Any, targets: Any, x: Any, weights: Any) -> None:
    check_dtype("x", x, ("float32", "float64"))
    check_dtype("offsets", offsets, ("int64",))
    check_dtype("targets", targets, ("int32", "int64"))
    if offsets.ndim != 1 or offsets.shape[0] < 1:
        raise ValueError(f"`offsets` has shape {tuple(offsets.shape)}; expected (R + 1,)")
    if targets.ndim != 1:
        raise ValueError(f"`targets` has shape {tuple(targets.shape)}; expected (arcs,)")
    if x.ndim < 1:
        raise ValueError("`x` has shape (); expected (N, ...)")
    if weights is not None:
        check_same_dtype("weights", weights, "x", x)
        check_shape("weights", weights, tuple(targets.shape), "(arcs,)")


def _torch_op() -> Any:
    import torch

    return torch.ops.marey.spmm


def _register_torch() -> None:
    import torch

    from marey._runtime.triton_ops import register_triton

    @torch.library.register_fake("marey::spmm")
    def _(offsets: Any, targets: Any, x: Any, weights: Any) -> Any:
        return x.new_empty((offsets.shape[0] - 1, x.shape[1]))

    @torch.library.register_fake("marey::spmm_backward")
    def _(grad: Any, offsets: Any, targets: Any, x: Any, weights: Any) -> Any:
        return x.new_empty(x.shape), x.new_empty((0,) if weights is None else weights.shape)

    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.save_for_backward(*inputs)

    def backward(ctx: Any, grad: Any) -> Any:
        offsets, targets, x, weights = ctx.saved_tensors
        to_x, to_weights = torch.ops.marey.spmm_backward(grad.contiguous(), offsets, targets, x, weights)
        return None, None, to_x, None if weights is None else to_weights

    torch.library.register_autograd("marey::spmm", backward, setup_context=setup_context)
    for operator in ("spmm", "spmm_backward"):
        register_triton(operator, "marey.graph._triton.spmm")


def _torch_calls(inputs: Inputs) -> list[tuple[Any, tuple[Any, ...]]]:
    import torch

    arguments = (inputs["offsets"], inputs["targets"], as_matrix(inputs["x"]), inputs.get("weights"))
    operator = torch.ops.marey.spmm
    out = operator(*arguments)
    if out.isnan().any():  # opcheck compares by ==
        return []
    return [
        (operator.default, arguments),
        (torch.ops.marey.spmm_backward.default, (torch.ones_like(out), *arguments)),
    ]


def _inputs(
    rng: np.random.Generator,
    lengths: Any,
    columns: int,
    *trailing: int,
    weighted: bool = True,
    special: bool = False,
    narrow: bool = False,
) -> Inputs:
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    inputs: Inputs = {
        "offsets": offsets,
        "targets": rng.integers(0, max(columns, 1), offsets[-1]).astype(np.int32 if narrow else np.int64),
        "x": rng.normal(size=(columns, *trailing)),
    }
    if weighted:
        inputs["weights"] = rng.normal(size=offsets[-1])
    if special:
        inputs["x"][rng.random(inputs["x"].shape) < 0.05] = np.nan
    return inputs


_EDGES = (0, 1, 2, 31, 0, 17, 7, 0)


def _case(name: str, lengths: Any, columns: int, *trailing: int, tags: str, **options: Any) -> Case:
    return Case(name, lambda rng: _inputs(rng, lengths, columns, *trailing, **options), frozenset(tags.split()))


def _lfr_like(rng: np.random.Generator) -> Inputs:
    """Degrees by a power law, as in a social or patient graph: 100,000 nodes and 1.93 million arcs."""
    share = rng.pareto(2.5, 100_000) + 1
    offsets = np.floor(np.concatenate([[0], np.cumsum(share)]) / share.sum() * 1_930_000 + 0.5)
    return _inputs(rng, np.diff(offsets).astype(np.int64), 100_000, 64)


SPEC = register(
    OpSpec(
        name="graph.spmm",
        function=spmm,
        reference=reference,
        cases=(
            _case("one channel", _EDGES, 13, tags="odd"),
            _case("three channels", _EDGES, 13, 3, tags="odd"),
            _case("without weights", _EDGES, 9, 19, tags="odd", weighted=False),
            _case("int32 targets, wide", _EDGES, 9, 5, 31, tags="odd", narrow=True),
            _case("64 channels", _EDGES, 40, 64, tags="odd"),
            _case("one arc", (1,), 1, 1, tags="one"),
            _case("no arcs", (0, 0, 0), 4, 5, tags="empty"),
            _case("no nodes", (), 0, 5, tags="empty"),
            _case("no channels", (3, 2), 4, 0, tags="empty"),
            _case("NaN", _EDGES, 40, 5, tags="nan odd", special=True),
            _case("for gradients", (3, 0, 4, 1), 5, 3, tags="grad"),
            _case("for gradients, without weights", (3, 0, 2), 4, 2, tags="grad", weighted=False),
            _case("many rows and a long one", (5000, 3, 0, *[17] * 600), 700, 20, tags="threads"),
            Case("1.93 million arcs x 64", _lfr_like, frozenset({"bench"})),
        ),
        backends=frozenset({"numpy", "torch", "compile", "cuda"}),
        native={
            "cpp": "csrc/src/graph/spmm.kernel.cpp",
            "triton": "python/marey/graph/_triton/spmm.py",
        },
        tolerance={
            "float64": Tolerance(1e-12, 1e-12, "sums of thousands of terms of mixed sign, multiply-adds fused or not"),
            "float32": Tolerance(
                2e-6, 2e-5, "weights and features rounded to float32 move each term by 1e-7 of itself"
            ),
        },
        missing="NaN in a row of x goes to every node with an arc to it",
        differentiable=("x", "weights"),
        register_torch=_register_torch,
        torch_calls=_torch_calls,
    )
)
