"""The exact hypervolume, with its gradient."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from marey._runtime import native
from marey._runtime.doors import door, is_torch
from marey._runtime.specs import Case, Inputs, OpSpec, Tolerance, register
from marey.moo._points import as_floats, as_reference, like
from marey.reference.hypervolume import hypervolume as reference

__all__ = ["hypervolume"]


@door("F")
def hypervolume(F: Any, ref: Any) -> Any:
    r"""Volume of the region that a set of points dominates, up to a reference point.

    .. math:: H(F) = \lambda\Bigl(\bigcup_{p \in F} [p_1, r_1] \times \dots \times [p_d, r_d]\Bigr)

    All objectives are minimised. Larger is better: it grows with every point that no other dominates.

    Parameters
    ----------
    F : (..., N, d) array_like
        Objective values, one point a row; leading axes are separate sets. NaN is not allowed. A point that is not below
        `ref` in every objective adds nothing; one at -inf in an objective makes the volume infinite.
    ref : (d,) array_like
        Reference point, finite.

    Returns
    -------
    (...)
        The volumes, in the dtype of `F`; computed in float64. For torch tensors, gradients reach `F` and `ref`.

    Raises
    ------
    ValueError
        If a shape does not fit, `F` holds a NaN or `ref` is not finite.
    TypeError
        If an argument is not real numbers, or is on a GPU.

    Notes
    -----
    A sweep along the last objective, in which each point adds the volume that its projection dominates alone beside
    those before it (While, Bradstreet, Barone, IEEE Trans. Evol. Comput. 16(1), 2012; Guerreiro, Fonseca, ibid. 22(3),
    2018): O(N log N) for d <= 3, O(N^2) for d = 4, exponential in d above. The volumes are the same bits for any number
    of threads. Rounding: a few ulp of the volume.

    The derivative in one coordinate is minus the facet that the point dominates alone (Emmerich, Deutz, EVOLVE 2012);
    it costs about d volumes. Where points tie in an objective it is the slope towards worse values; dominated points
    have none.

    Examples
    --------
    >>> from marey.moo import hypervolume
    >>> float(hypervolume([[1.0, 3.0], [2.0, 1.0]], ref=[4.0, 4.0]))
    7.0
    """
    if not is_torch(F):
        F = F if F.dtype.kind == "f" else as_floats("F", F)
        return like(F, volumes(F, as_reference(ref, _objectives(F))))[()]
    import torch

    _objectives(F)
    volume: Any = torch.ops.marey.hypervolume(F, torch.as_tensor(ref, dtype=F.dtype, device=F.device))
    return volume


def _objectives(F: Any) -> int:
    """The number of objectives of an array of sets."""
    if F.ndim < 2 or F.shape[-1] == 0:
        raise ValueError(f"`F` has shape {tuple(F.shape)}; expected (..., N, d) with d >= 1 objectives")
    return int(F.shape[-1])


def volumes(F: NDArray[np.floating], ref: NDArray[np.float64]) -> NDArray[np.float64]:
    """(...) volumes of (..., N, d) points."""
    *leading, n, d = F.shape
    sets = int(np.prod(leading, dtype=np.int64))
    rows = as_floats("F", F).reshape(sets * n, d)
    return native.rust().hypervolume(rows, ref, sets).reshape(leading)  # type: ignore[no-any-return]


def slopes(F: NDArray[np.floating], ref: NDArray[np.float64]) -> NDArray[np.float64]:
    """(..., N, d) derivatives of the volumes."""
    *leading, n, d = F.shape
    sets = int(np.prod(leading, dtype=np.int64))
    rows = as_floats("F", F).reshape(sets * n, d)
    return native.rust().hv_gradient(rows, ref, sets).reshape(F.shape)  # type: ignore[no-any-return]


def _register_torch() -> None:
    import torch

    @torch.library.custom_op(
        "marey::hypervolume", mutates_args=(), device_types="cpu", schema="(Tensor F, Tensor ref) -> Tensor"
    )
    def op(F: Any, ref: Any) -> Any:
        return like(F, np.asarray(volumes(as_floats("F", F), as_reference(ref, F.shape[-1]))))

    @torch.library.custom_op(
        "marey::hypervolume_slopes", mutates_args=(), device_types="cpu", schema="(Tensor F, Tensor ref) -> Tensor"
    )
    def slopes_op(F: Any, ref: Any) -> Any:
        return like(F, slopes(as_floats("F", F), as_reference(ref, F.shape[-1])))

    @op.register_fake
    def _(F: Any, ref: Any) -> Any:
        return F.new_empty(F.shape[:-2])

    @slopes_op.register_fake
    def _(F: Any, ref: Any) -> Any:
        return F.new_empty(F.shape)

    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.save_for_backward(*inputs)

    def backward(ctx: Any, grad: Any) -> Any:
        grad_F = grad[..., None, None] * torch.ops.marey.hypervolume_slopes(*ctx.saved_tensors)
        # Points and reference moved together leave the volume as it is.
        return grad_F, -grad_F.flatten(0, -2).sum(0)

    op.register_autograd(backward, setup_context=setup_context)


def _torch_calls(inputs: Inputs) -> list[tuple[Any, tuple[Any, ...]]]:
    import torch

    return [(torch.ops.marey.hypervolume.default, (inputs["F"], inputs["ref"]))]


def _sets(name: str, sets: int, n: int, d: int, tags: str = "") -> Case:
    def make(rng: np.random.Generator) -> Inputs:
        F = rng.exponential(size=(sets, n, d))
        return {"F": F / F.sum(-1, keepdims=True), "ref": np.full(d, 1.1)}

    return Case(name, make, frozenset(tags.split()))


def _partly_dominated(rng: np.random.Generator) -> Inputs:
    return {"F": rng.random((3, 25, 4)), "ref": np.array([0.9, 1.0, 1.1, 0.8])}


def _tied(rng: np.random.Generator) -> Inputs:
    return {"F": rng.integers(0, 4, (2, 30, 4)).astype(float), "ref": np.full(4, 3.0)}


def _with_nan(rng: np.random.Generator) -> Inputs:
    F = rng.random((1, 20, 3))
    F[0, 7, 1] = np.nan
    return {"F": F, "ref": np.ones(3)}


SPEC = register(
    OpSpec(
        name="moo.hypervolume",
        function=hypervolume,
        reference=reference,
        cases=(
            _sets("1 objective", 3, 5, 1),
            _sets("2 objectives", 3, 31, 2, "odd batch"),
            _sets("3 objectives", 2, 29, 3, "odd batch"),
            _sets("4 objectives", 2, 13, 4, "odd batch"),
            _sets("6 objectives", 1, 7, 6),
            _sets("one point", 2, 1, 4, "one grad"),
            _sets("no points", 2, 0, 3, "empty"),
            Case("partly dominated", _partly_dominated),
            Case("ties", _tied),
            Case("missing", _with_nan, frozenset({"nan"})),
            *(_sets(f"slopes in {d} objectives", 2, 6, d, "grad") for d in (2, 3, 4, 5)),
            _sets("large", 1, 150, 5, "threads"),
            *(_sets(f"{n} x {d}", 1, n, d, "bench") for n, d in ((1000, 4), (1000, 5), (200, 6), (100, 8), (50, 10))),
        ),
        backends=frozenset({"numpy", "torch", "compile"}),
        native={"rust": "rust/crates/marey-moo/src/hypervolume/mod.rs"},
        tolerance={
            "float64": Tolerance(1e-12, 1e-14, "each exclusive volume is a difference of boxes: a few ulp of the box"),
            "float32": Tolerance(2e-6, 1e-6, "points rounded to float32 move each facet by 6e-8, and so the result"),
        },
        missing="refused: a point with NaN has no volume",
        refuses_nan=True,
        differentiable=("F", "ref"),
        register_torch=_register_torch,
        torch_calls=_torch_calls,
        batched=("F",),
    )
)
