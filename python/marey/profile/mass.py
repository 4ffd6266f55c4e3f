"""mass: the distance of a query to every window of a series."""

from __future__ import annotations

from typing import Any

import numpy as np

from marey._runtime import native
from marey._runtime.doors import door, is_torch
from marey._runtime.specs import Case, Inputs, OpSpec, Tolerance, register
from marey.profile._series import as_given
from marey.reference.mass import mass as reference

__all__ = ["mass"]


@door("q", "t")
def mass(q: Any, t: Any) -> Any:
    """z-normalised Euclidean distance of the query `q` to every window of `t` as long as it.

    Parameters
    ----------
    q : (m,), or (B, m) with a batch
        The query, or one for each series; at least 3 values.
    t : (n,) or (B, n)
        Series, n >= m; float64, or float32 and whole numbers, which are taken as float64. Arrays or tensors on the CPU.

    Returns
    -------
    (n - m + 1,) or (B, n - m + 1), float64
        Distances; inf where the query or the window has a NaN or an infinite value.

    Raises
    ------
    ValueError, TypeError
        If a shape or a dtype does not fit.

    Notes
    -----
    Differences of normalised values are summed as they are, in O(n m) on threads: nothing cancels, and a window equal
    to the query is 0 away. Constant windows as in `matrix_profile`.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.profile import mass
    >>> t = np.array([3.0, 1, 0, 2, 0, 20, 0, 1, 2])
    >>> mass([1, 2, 1], t).round(2)  # 0, 2, 0 and 0, 20, 0 have its shape
    array([2.67, 3.35, 0.  , 3.08, 0.  , 3.04, 2.45])
    """
    q, t = as_given("q", q), as_given("t", t)
    if q.ndim == 2 and tuple(q.shape[:-1]) != tuple(t.shape[:-1]):
        raise ValueError(f"`q` has shape {tuple(q.shape)} and `t` {tuple(t.shape)}; expected a query for each series")
    if not 3 <= q.shape[-1] <= t.shape[-1]:
        raise ValueError(f"`q` has {q.shape[-1]} values; expected 3 to {t.shape[-1]}, the number of values in `t`")
    run = _torch_op() if is_torch(t) else native.core().mass
    found = run(q if q.ndim == 2 else q[None], t if t.ndim == 2 else t[None])
    return found if t.ndim == 2 else found[0]


def _torch_op() -> Any:
    import torch

    return torch.ops.marey.mass


def _register_torch() -> None:
    import torch

    @torch.library.custom_op(
        "marey::mass", mutates_args=(), device_types="cpu", schema="(Tensor q, Tensor t) -> Tensor"
    )
    def run(q: Any, t: Any) -> Any:
        return torch.from_numpy(native.core().mass(q.detach().contiguous().numpy(), t.detach().contiguous().numpy()))

    @run.register_fake
    def _(q: Any, t: Any) -> Any:
        return t.new_empty((t.shape[0], t.shape[1] - q.shape[1] + 1))


def _torch_calls(inputs: Inputs) -> list[tuple[Any, tuple[Any, ...]]]:
    q, t = (a.double() if a.ndim == 2 else a.double()[None] for a in (inputs["q"], inputs["t"]))
    return [(_torch_op().default, (q, t))] if q.isfinite().all() and t.isfinite().all() else []  # compared by ==


def _case(name: str, q: tuple[int, ...], t: tuple[int, ...], tags: str = "", kind: str = "") -> Case:
    def make(rng: np.random.Generator) -> Inputs:
        made = {"q": rng.normal(size=q), "t": rng.normal(size=t).cumsum(axis=-1)}
        if kind == "missing":
            made["t"][..., [5, 40, 41]] = [np.nan, np.inf, -np.inf]
        elif kind == "constant":
            made["t"][..., 11:37] = 3.0
            made["q"][..., :] = np.where(np.arange(q[0])[:, None] == 1, 2.0, made["q"])
        return made

    return Case(name, make, frozenset(tags.split()))


SPEC = register(
    OpSpec(
        name="profile.mass",
        function=mass,
        reference=reference,
        cases=(
            _case("one series", (7,), (137,), "odd"),
            _case("one query for all", (12,), (3, 101), "odd"),
            _case("a query for each", (3, 12), (3, 101), "batch odd"),
            _case("constant windows and a constant query", (3, 9), (3, 83), "batch odd", "constant"),
            _case("not finite", (8,), (2, 61), "nan odd", "missing"),
            _case("one window", (2, 5), (2, 5), "one"),
            _case("no series", (5,), (0, 40), "empty"),
            _case("many windows", (64,), (40_000,), "threads"),
            _case("100 in 20,000", (100,), (20_000,), "bench"),
        ),
        backends=frozenset({"numpy", "torch", "compile"}),
        native={"cpp": "csrc/src/profile/mass.kernel.cpp"},
        tolerance={
            "float64": Tolerance(
                1e-11, 1e-11, "differences of values, squared and summed; a window spreads a hundredth of t"
            ),
            "float32": Tolerance(1e-11, 1e-11, "float32 values are taken as float64"),
        },
        missing="a window with a NaN or an infinite value has distance inf, as has every window of such a query",
        batched=("q", "t"),
        output_dtype="float64",
        register_torch=_register_torch,
        torch_calls=_torch_calls,
    )
)
