"""sample_entropy: how seldom patterns that agree go on agreeing."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from marey._runtime import native
from marey._runtime.doors import door, is_torch
from marey._runtime.specs import Case, Inputs, OpSpec, Tolerance, register
from marey.entropy._rows import as_rows, check_template, ratio_entropy
from marey.reference.sample_entropy import sample_entropy as reference

__all__ = ["sample_entropy"]

ArrayT = TypeVar("ArrayT")


@door("x", "offsets")
def sample_entropy(
    x: ArrayT, m: int = 2, r: float = 0.2, *, tolerance: float | None = None, offsets: Any = None
) -> ArrayT:
    r"""Sample entropy of each series: the negative log of the chance that patterns alike in m values stay alike.

    Parameters
    ----------
    x : (..., T) or (total,) with ``offsets``
        Series along the last axis; float32, float64 or integers.
    m : int
        Values in a template, 1 to 63.
    r : float
        Tolerance as a share of the series' own population standard deviation.
    tolerance : float, optional
        Tolerance in the unit of ``x``, instead of ``r``.
    offsets : (S + 1,) int64, optional
        Series of different lengths, one after the other: number i is ``x[offsets[i]:offsets[i + 1]]``.

    Returns
    -------
    (...) or (S,)
        Nats, in the dtype of ``x``; inf where no pair agrees in m + 1 values, NaN where none agrees in m.

    Raises
    ------
    ValueError, TypeError
        If an argument does not fit.

    Notes
    -----
    With :math:`B` and :math:`A` the pairs :math:`i < j` of the first :math:`T - m` templates whose m and m + 1 values
    differ by no more than the tolerance each, the entropy is :math:`\log(B / A)`. Counts are exact: comparisons are
    those of float64. A series with a value that is not finite, or of fewer than m + 2 values, is NaN; the others are
    not touched by it. Cost: O(T log T) and the pairs alike in their first value, over 32 lanes. Source: Richman &
    Moorman, Am J Physiol 278:H2039, 2000.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.entropy import sample_entropy
    >>> t = np.arange(300)
    >>> noise = np.random.default_rng(0).normal(size=300)
    >>> sample_entropy(np.stack([np.sin(t / 3), np.sin(t / 3) + noise])).round(2)
    array([0.24, 2.11])
    """
    m, r, absolute = check_template(m, r, tolerance)
    if is_torch(x):
        return _torch_op()(x, offsets, m, r, absolute)  # type: ignore[no-any-return]
    return _run(x, offsets, m, r, absolute)  # type: ignore[no-any-return]


def _run(x: Any, offsets: Any, m: int, r: float, absolute: bool) -> Any:
    rows = as_rows(x, offsets)
    counts = native.core().entropy_sample_counts(rows.values, rows.offsets, m, r, absolute)
    return rows.back(ratio_entropy(counts[:, 0], counts[:, 1]))


def _torch_op() -> Any:
    import torch

    return torch.ops.marey.sample_entropy


def _register_torch() -> None:
    import torch

    @torch.library.custom_op(
        "marey::sample_entropy",
        mutates_args=(),
        device_types="cpu",
        schema="(Tensor x, Tensor? offsets, int m, float r, bool absolute) -> Tensor",
    )
    def run(x: Any, offsets: Any, m: int, r: float, absolute: bool) -> Any:
        return _run(x, offsets, m, r, absolute)

    @run.register_fake
    def _(x: Any, offsets: Any, m: int, r: float, absolute: bool) -> Any:
        dtype = x.dtype if x.dtype.is_floating_point else torch.float64
        return x.new_empty(x.shape[:-1] if offsets is None else (offsets.shape[0] - 1,), dtype=dtype)


def _torch_calls(inputs: Inputs) -> list[tuple[Any, tuple[Any, ...]]]:
    arguments = (inputs["x"], inputs.get("offsets"), inputs.get("m", 2), inputs.get("r", 0.2), False)
    operator = _torch_op().default
    return [(operator, arguments)] if operator(*arguments).isfinite().all() else []  # opcheck compares by ==


def _case(name: str, shape: tuple[int, ...], tags: str = "", missing: bool = False, **more: Any) -> Case:
    def make(rng: np.random.Generator) -> Inputs:
        x = rng.normal(size=shape)
        if missing:
            x[::2, 5] = (np.nan, np.inf)
        return {"x": x, **more}

    return Case(name, make, frozenset(tags.split()))


def _ragged(rng: np.random.Generator) -> Inputs:
    offsets = np.concatenate([[0], np.cumsum([40, 0, 3, 131, 1, 64])]).astype(np.int64)
    return {"x": rng.normal(size=offsets[-1]), "offsets": offsets}


SPEC = register(
    OpSpec(
        name="entropy.sample_entropy",
        function=sample_entropy,
        reference=reference,
        cases=(
            _case("one series", (137,), "odd"),
            _case("2 x 3 series", (2, 3, 67), "odd"),
            _case("m = 1", (3, 90), "batch", m=1),
            _case("m = 4, r = 0.5", (3, 101), "batch odd", m=4, r=0.5),
            Case("rows of different lengths", _ragged, frozenset({"odd"})),
            _case("not finite", (3, 61), "nan odd", missing=True),
            _case("no values", (2, 0), "empty"),
            _case("no series", (0, 50), "empty"),
            _case("one value", (2, 1), "one"),
            _case("80 series of 500", (80, 500), "threads"),
            _case("one series of 5,000", (5000,), "bench"),
            _case("one series of 20,000", (20000,), "bench"),
            _case("2,000 windows of 375", (2000, 375), "bench"),
        ),
        backends=frozenset({"numpy", "torch", "compile"}),
        native={},
        tolerance={
            "float64": Tolerance(1e-14, 1e-14, "equal counts; two logarithms and their difference"),
            "float32": Tolerance(2e-7, 2e-7, "equal counts; the result rounded to float32"),
        },
        missing="a series with a value that is not finite is NaN; the others are not touched",
        batched=("x",),
        register_torch=_register_torch,
        torch_calls=_torch_calls,
    )
)
