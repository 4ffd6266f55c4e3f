"""lfilter: a filter by numerator and denominator."""

from __future__ import annotations

import math
from functools import partial
from typing import Any, TypeVar

import numpy as np

from marey._runtime.doors import door, is_torch
from marey._runtime.specs import Case, Chunks, Inputs, OpSpec, Tolerance, register
from marey.filters._sections import check_signal, check_state, join, register_filter, run_filter, to_double
from marey.reference.lfilter import lfilter as reference

__all__ = ["lfilter"]

ArrayT = TypeVar("ArrayT")


@door("b", "a", "x", "zi", halves=("x",))
def lfilter(b: ArrayT, a: ArrayT, x: ArrayT, zi: ArrayT | None = None) -> Any:
    r"""Filter a signal by a rational transfer function.

    .. math:: a_0 y_t = \sum_{i=0} b_i x_{t-i} - \sum_{i=1} a_i y_{t-i}

    Parameters
    ----------
    b : (n_b,), or (..., n_b) for a filter of each channel
        Numerator; divided by :math:`a_0`. It may be float64 beside a float32 signal, and should be.
    a : (n_a,), or (..., n_a)
        Denominator; of length 1 for a filter without recursion.
    x : (..., T)
        Signal, float32 or float64; any unit.
    zi : (..., K) with ``K = max(n_a, n_b) - 1``, optional
        State of the transposed direct form II before the first sample, SciPy's. It may be float64 beside a float32
        signal, and then ``zf`` is too.

    Returns
    -------
    y : like ``x``
        Filtered signal.
    zf : (..., K)
        State after the last sample; only if ``zi`` is given.

    Raises
    ------
    ValueError, TypeError
        If a shape or a dtype does not fit, or :math:`a_0` is zero.

    Notes
    -----
    Streaming is this same call: pass ``zf`` on as ``zi``; on the CPU chunks then equal the whole bit for bit. Values
    are those of ``scipy.signal.lfilter`` to rounding, with state and arithmetic in float64 whatever the dtype of ``x``.
    A high order in this form loses digits that second-order sections keep: for an order above four or a slow cut-off
    take :func:`sosfilt`. A NaN or an infinity reaches every later sample of its channel; without recursion, the next K.
    Gradients reach ``b``, ``a``, ``x`` and ``zi`` from both results, by the equations of :func:`sosfilt`. On a GPU an
    infinity may come out as NaN, and an :math:`a_0` of zero is not refused but gives NaN.

    Examples
    --------
    An exponential average:

    >>> import numpy as np
    >>> from marey.filters import lfilter
    >>> lfilter(np.array([0.5]), np.array([1.0, -0.5]), np.array([2.0, 4.0, 4.0]))
    array([1.  , 2.5 , 3.25])
    """
    check_ba(b, a, x)
    sections = join(b, a, x)
    *leading, _ = x.shape  # type: ignore[attr-defined]
    order = max(b.shape[-1], a.shape[-1]) - 1  # type: ignore[attr-defined]
    state = None
    if zi is not None:
        check_state(zi, x, (*leading, order), "(..., max(n_a, n_b) - 1)")
        if order > 0:
            state = to_double(zi).reshape(1, math.prod(leading), order)
    y, zf = run_filter("lfilter", sections, x, state, None)
    if zi is None:
        return y
    if order == 0:
        return y, zi
    zf = zf.reshape(*leading, order)
    return y, zf.to(zi.dtype) if is_torch(zi) else zf.astype(zi.dtype, copy=False)  # type: ignore[attr-defined]


def check_ba(b: Any, a: Any, x: Any) -> None:
    check_signal(x, ("b", b), ("a", a))
    for name, array in (("b", b), ("a", a)):
        if array.ndim < 1 or array.shape[-1] < 1:
            raise ValueError(f"`{name}` has shape {tuple(array.shape)}; expected (n_{name},) or (..., n_{name})")


def _torch_calls(inputs: Inputs) -> list[tuple[Any, tuple[Any, ...]]]:
    import torch

    x = inputs["x"].nan_to_num()  # opcheck compares by ==
    sections = join(inputs["b"], inputs["a"], x).contiguous()
    channels, zi = math.prod(x.shape[:-1]), inputs.get("zi")
    zi = None if zi is None else zi.reshape(1, channels, zi.shape[-1])
    arguments = (sections, x.reshape(channels, x.shape[-1]), zi, None)
    y, zf = torch.ops.marey.lfilter(*arguments)
    return [
        (torch.ops.marey.lfilter.default, arguments),
        (torch.ops.marey.lfilter_backward.default, (torch.ones_like(y), torch.ones_like(zf), *arguments, True)),
    ]


def stable_ba(rng: np.random.Generator, n_b: int, n_a: int, *leading: int) -> tuple[Any, Any]:
    """A random filter, its poles inside the circle of radius 0.9."""
    roots = rng.uniform(-0.9, 0.9, (*leading, n_a - 1))
    a = np.ones((*leading, 1))
    for i in range(n_a - 1):
        a = np.concatenate([a, np.zeros((*leading, 1))], -1) - roots[..., i : i + 1] * np.concatenate(
            [np.zeros((*leading, 1)), a], -1
        )
    return rng.normal(size=(*leading, n_b)), 2.0 * a


def _inputs(
    rng: np.random.Generator,
    *shape: int,
    n: tuple[int, int] = (4, 4),
    own: bool = False,
    state: bool = False,
    nan: bool = False,
) -> Inputs:
    *leading, length = shape
    b, a = stable_ba(rng, *n, *(leading if own else ()))
    inputs: Inputs = {"b": b, "a": a, "x": rng.normal(size=shape)}
    if state:
        inputs["zi"] = rng.normal(size=(*leading, max(n) - 1))
    if nan:
        inputs["x"][..., length // 2] = np.nan
    return inputs


def _split(inputs: Inputs, t: int) -> tuple[Inputs, Inputs]:
    return inputs | {"x": inputs["x"][..., :t]}, inputs | {"x": inputs["x"][..., t:]}


def _case(name: str, *shape: int, tags: str = "", **options: Any) -> Case:
    return Case(name, lambda rng: _inputs(rng, *shape, **options), frozenset(tags.split()))


SPEC = register(
    OpSpec(
        name="filters.lfilter",
        function=lfilter,
        reference=reference,
        cases=(
            _case("plain", 3, 11, 37, tags="odd batch"),
            *(_case(f"order {k}", 9, 75, tags="odd chunks", state=True, n=(k + 1, k + 1)) for k in (1, 2, 4, 6, 8)),
            _case("order 10, one channel", 133, tags="odd chunks", state=True, n=(3, 11)),
            _case("no recursion", 3, 70, tags="odd batch", n=(21, 1)),
            _case("no recursion, state", 3, 70, tags="odd chunks", n=(21, 1), state=True),
            _case("a factor", 3, 20, tags="odd batch", n=(1, 1)),
            _case("poles alone", 2, 3, 45, tags="odd batch", n=(1, 4)),
            _case("one step", 2, 5, 1, tags="one batch"),
            _case("no steps", 2, 5, 0, tags="empty", state=True),
            _case("a filter each", 2, 9, 50, tags="odd chunks", own=True, state=True),
            _case("NaN", 3, 9, 33, tags="nan odd batch", nan=True),
            _case("NaN without recursion", 3, 9, 33, tags="nan odd batch", nan=True, n=(5, 1)),
            _case("for gradients", 3, 9, tags="grad", state=True),
            _case("for gradients, a filter each", 2, 8, tags="grad", own=True, state=True, n=(2, 4)),
            _case("for gradients, order 9", 2, 12, tags="grad", state=True, n=(10, 2)),
            _case("large", 40, 3000, tags="threads", state=True),
            _case("64 x 100,000", 64, 100_000, tags="bench", n=(5, 5)),
        ),
        backends=frozenset({"numpy", "torch", "compile", "cuda"}),
        native={"cpp": "csrc/src/filters/lfilter.kernel.cpp", "cuda": "cuda/kernels/lfilter.cu"},
        tolerance={
            "float64": Tolerance(1e-11, 1e-11, "roundings of 1e-16 amplified by the poles, up to ten of radius 0.9"),
            "float32": Tolerance(1.3e-7, 1e-11, "computed in float64 and rounded once: half a unit of float32, 6e-8"),
        },
        halves=("x",),
        missing="a NaN or infinity reaches every later sample of its channel; without recursion, the next K",
        differentiable=("b", "a", "x", "zi"),
        register_torch=partial(register_filter, "lfilter"),
        torch_calls=_torch_calls,
        chunks=Chunks(_split, lambda inputs: inputs["x"].shape[-1], "zi", 1, joined=(0,)),
        batched=("x",),
    )
)
