"""Non-dominated sorting."""

from __future__ import annotations

from typing import Any

import numpy as np

from marey._runtime import native
from marey._runtime.doors import door, is_torch
from marey._runtime.specs import Case, Inputs, OpSpec, Tolerance, register
from marey.moo._points import as_count, as_points
from marey.reference.pareto_rank import pareto_rank as reference

__all__ = ["pareto_rank"]


@door("F")
def pareto_rank(F: Any, *, k: int | None = None) -> Any:
    """Non-dominated rank of each point: 0 for the Pareto front, 1 for the front once that is removed, and so on.

    A point dominates another when it is no worse in every objective and better in at least one; all objectives are
    minimised. Equal points share a rank.

    Parameters
    ----------
    F : (N, d) array_like
        Objective values, one point a row. Infinities are allowed, NaN is not, -0.0 equals 0.0. Computed in float64.
        A torch tensor gives a tensor; a CUDA tensor is ranked on its device.
    k : int, optional
        Rank only as many fronts as it takes to hold `k` points; every point beyond them gets the number of these
        fronts. Saves time when only the best are selected.

    Returns
    -------
    (N,) int64
        The ranks. They do not depend on the order of the points or on the number of threads.

    Raises
    ------
    ValueError
        If `F` is not two-dimensional, has no column or holds a NaN, or `k` is less than 1.
    TypeError
        If `F` is not real numbers or `k` is not an integer.

    Notes
    -----
    One sweep in lexicographic order (Jensen, IEEE Trans. Evol. Comput. 7(5), 2003; Zhang et al., ibid. 19(2), 2015):
    O(N log N) for d <= 2, O(N log^2 N) for d = 3; for d >= 4 a branch and bound over a k-d tree of the ranked points,
    whose cost depends on the data and is at worst O(d N^2).

    Examples
    --------
    >>> from marey.moo import pareto_rank
    >>> pareto_rank([[1.0, 4.0], [2.0, 2.0], [4.0, 1.0], [3.0, 3.0], [4.0, 4.0]])
    array([0, 0, 0, 1, 2])
    """
    if k is not None:
        k = as_count("k", k)
    if is_torch(F):
        import torch

        ranks: Any = torch.ops.marey.pareto_rank(F, k)
        return ranks
    return native.rust().pareto_rank(as_points("F", F), k)


def _register_torch() -> None:
    import torch

    @torch.library.custom_op(
        "marey::pareto_rank", mutates_args=(), device_types="cpu", schema="(Tensor F, int? k) -> Tensor"
    )
    def pareto_rank_cpu(F: Any, k: int | None) -> Any:
        return torch.from_numpy(native.rust().pareto_rank(as_points("F", F.detach().numpy()), k))

    @pareto_rank_cpu.register_kernel("cuda")
    def pareto_rank_cuda(F: Any, k: int | None) -> Any:
        from marey.moo._triton.pareto_rank import pareto_rank

        return pareto_rank(F, k=k)

    @pareto_rank_cpu.register_fake
    def _(F: Any, k: int | None) -> Any:
        return F.new_empty(F.shape[0], dtype=torch.int64)


def _torch_calls(inputs: Inputs) -> list[tuple[Any, tuple[Any, ...]]]:
    import torch

    return [(torch.ops.marey.pareto_rank.default, (inputs["F"], inputs.get("k")))]


def _uniform(name: str, n: int, d: int, tags: str = "", k: int | None = None) -> Case:
    def make(rng: np.random.Generator) -> Inputs:
        return {"F": rng.random((n, d)), "k": k}

    return Case(name, make, frozenset(tags.split()))


def _tied(rng: np.random.Generator) -> Inputs:
    return {"F": rng.integers(0, 4, (80, 3)).astype(float)}


def _with_nan(rng: np.random.Generator) -> Inputs:
    F = rng.random((20, 3))
    F[7, 1] = np.nan
    return {"F": F}


SPEC = register(
    OpSpec(
        name="moo.pareto_rank",
        function=pareto_rank,
        reference=reference,
        cases=(
            _uniform("2 objectives", 133, 2, "odd"),
            _uniform("3 objectives", 101, 3, "odd"),
            _uniform("5 objectives", 77, 5, "odd"),
            _uniform("best 20 of 90", 90, 3, k=20),
            _uniform("one objective", 30, 1),
            _uniform("one point", 1, 4, "one grad"),
            _uniform("no points", 0, 3, "empty"),
            Case("ties", _tied),
            Case("missing", _with_nan, frozenset({"nan"})),
            _uniform("large", 20_000, 4, "threads"),
            *(_uniform(f"100,000 x {d}", 100_000, d, "bench") for d in (2, 3, 5)),
        ),
        backends=frozenset({"numpy", "torch", "compile", "cuda"}),
        native={
            "rust": "rust/crates/marey-moo/src/pareto_rank/mod.rs",
            "triton": "python/marey/moo/_triton/pareto_rank.py",
        },
        tolerance={dtype: Tolerance(0.0, 0.0, "ranks are integers") for dtype in ("float32", "float64")},
        missing="refused: a point with NaN has no rank",
        refuses_nan=True,
        output_dtype="int64",
        register_torch=_register_torch,
        torch_calls=_torch_calls,
    )
)
