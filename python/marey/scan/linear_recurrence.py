"""linear_recurrence: the first-order recurrence with a coefficient a step, real or complex."""

from __future__ import annotations

import math
from typing import Any, TypeVar

import numpy as np

from marey._runtime import native
from marey._runtime.checks import check_dtype, check_same_dtype, check_shape, dtype_name
from marey._runtime.doors import door, is_torch
from marey._runtime.specs import Case, Chunks, Inputs, OpSpec, Tolerance, register
from marey.reference.linear_recurrence import linear_recurrence as reference
from marey.scan import _complex_recurrence
from marey.scan._arrays import check_reset, double_of, is_channels_last, is_complex, pairs, unpaired

__all__ = ["linear_recurrence"]

ArrayT = TypeVar("ArrayT")

DTYPES = ("float32", "float64", "complex64", "complex128")


@door("a", "x", "h0", "reset", halves=("a", "x"), halves_on_gpu=("bfloat16",))
def linear_recurrence(
    a: Any,
    x: ArrayT,
    *,
    h0: Any = None,
    reverse: bool = False,
    reset: Any = None,
) -> tuple[ArrayT, Any]:
    r"""First-order linear recurrence with a coefficient of its own at every step.

    .. math:: h_t = a_t\, h_{t-1} + x_t

    Parameters
    ----------
    a : (..., D, T), or (D,), or with axes of length one where it does not vary
        Coefficients, of the dtype of ``x``: one a step, one a channel ((D,) or (..., D, 1)), one a step for all
        channels ((..., 1, T)).
    x : (..., D, T)
        Input: float32, float64, complex64 or complex128. A transposed view of channel-last data is taken as it lies,
        and ``h`` comes back in the same layout.
    h0 : (..., D), optional
        State before the first step; zero if left out. It may be of double precision beside single ``x``, and then
        ``hT`` is too: a signal carried in chunks that way equals the whole bit for bit.
    reverse : bool
        Run from the last step to the first, :math:`h_t = a_t h_{t+1} + x_t`; ``h0`` stands behind the last step then
        and ``hT`` is the state at the first.
    reset : (..., T) or (..., D, T), optional
        Boolean; where True the state is forgotten before that step's input: :math:`h_t = x_t`, and neither
        :math:`a_t` nor the state before is read, be they NaN.

    Returns
    -------
    h : like ``x``
        State after each step.
    hT : (..., D)
        State after the last step in the order of running; ``h0`` where there are no steps.

    Raises
    ------
    ValueError, TypeError
        If a shape or a dtype does not fit, before any work is done.

    Notes
    -----
    The state is float64 on the CPU whatever the dtype of ``x``. A NaN stays in the state up to the next reset. On a
    GPU ``a`` and ``x`` may be bfloat16: then ``h`` is, while ``h0`` and ``hT`` are float32. There complex
    numbers run a channel a program, in blocks of steps one after another.

    In torch, gradients reach ``a``, ``x`` and ``h0`` from both results, for complex numbers in torch's convention (the
    conjugate one). With :math:`g_t = \partial L/\partial h_t` through all later steps,
    :math:`g_t = \bar h_t + \overline{a_{t+1}}\, g_{t+1}`, :math:`\bar x_t = g_t`,
    :math:`\bar a_t = g_t\, \overline{h_{t-1}}`; both are zero across a reset. As a parallel scan this is the primitive
    of G. E. Blelloch, Prefix sums and their applications, CMU-CS-90-190, 1990, sec. 1.4.

    Examples
    --------
    A leaky sum that starts again at the third step:

    >>> import numpy as np
    >>> from marey.scan import linear_recurrence
    >>> reset = np.array([False, False, True, False])
    >>> h, hT = linear_recurrence(np.array([0.5]), np.ones((1, 4)), reset=reset)
    >>> h
    array([[1. , 1.5, 1. , 1.5]])
    """
    a, reset = _checked(a, x, h0, reset)
    on_gpu = is_torch(x) and x.is_cuda  # type: ignore[attr-defined]
    channels_last = is_channels_last(x)
    if on_gpu:  # its kernel takes a whole `a`, and marks of single channels with time last
        channels_last = channels_last and (reset is None or reset.shape[1] == 1)
    *leading, channels, length = x.shape  # type: ignore[attr-defined]
    batch = math.prod(leading)
    if on_gpu:
        a = a.expand(batch, channels, length)
        if is_complex(x):
            h, hT = _complex_recurrence.complex_recurrence(a, x.reshape(batch, channels, length), h0, reset, reverse)  # type: ignore[attr-defined]
            return h.reshape(x.shape), hT.reshape((*leading, channels))  # type: ignore[attr-defined]

    def rows(array: Any) -> Any:  # (B, D, T) -> as it is, or (B, T, D) if the channels lie last in memory
        return pairs(array.swapaxes(-1, -2) if channels_last else array)

    run = _torch_op() if is_torch(x) else native.core().linear_recurrence
    h, hT = run(
        rows(a),
        rows(x.reshape(batch, channels, length)),  # type: ignore[attr-defined]
        None if h0 is None else pairs(h0.reshape(batch, channels)),
        reset,
        is_complex(x),
        reverse,
        channels_last,
    )
    h, hT = unpaired(h, is_complex(x)), unpaired(hT, is_complex(x))
    h = (h.swapaxes(-1, -2) if channels_last else h).reshape(x.shape)  # type: ignore[attr-defined]
    return h, hT.reshape((*leading, channels))


def _checked(a: Any, x: Any, h0: Any, reset: Any) -> tuple[Any, Any]:
    """``a`` with its three axes (batch, channel, time), each whole or one; ``reset`` as (B, D or 1, T)."""
    on_gpu = is_torch(x) and x.is_cuda
    check_dtype("x", x, (*DTYPES, "bfloat16") if on_gpu else DTYPES)
    check_same_dtype("a", a, "x", x)
    if x.ndim < 2:
        raise ValueError(f"`x` has shape {tuple(x.shape)}; expected (..., D, T)")
    *leading, channels, _ = x.shape
    if h0 is not None:
        if dtype_name(x) == "bfloat16":
            check_dtype("h0", h0, ("float32",))
        elif dtype_name(h0) != double_of(x):
            check_same_dtype("h0", h0, "x", x)
        check_shape("h0", h0, (*leading, channels), "(..., D)")
    return _coefficients(a, x), None if reset is None else check_reset(reset, x)


def _coefficients(a: Any, x: Any) -> Any:
    *leading, channels, _ = x.shape
    if a.ndim == 1:
        check_shape("a", a, (channels,), "(D,)")
        return a[None, :, None]
    own = (1,) * (x.ndim - a.ndim) + tuple(a.shape)
    if len(own) != x.ndim or any(n not in (1, m) for n, m in zip(own, x.shape, strict=True)):
        raise ValueError(
            f"`a` has shape {tuple(a.shape)}; expected (D,) = ({channels},), or {tuple(x.shape)} with axes of length "
            "one where it does not vary"
        )
    if any(n != m for n, m in zip(own[:-2], leading, strict=True)) and math.prod(own[:-2]) != 1:
        shape = (*leading, *own[-2:])  # some of several leading axes
        a = a.broadcast_to(shape) if is_torch(a) else np.broadcast_to(a, shape)
        own = shape
    return a.reshape(math.prod(own[:-2]), *own[-2:])


def _torch_op() -> Any:
    import torch

    return torch.ops.marey.linear_recurrence


def _register_torch() -> None:
    import torch

    def full(a: Any, x: Any, channels_last: bool) -> list[Any]:
        """The shape of `a`'s gradient before the axes of length one are summed."""
        shape, time = list(x.shape), 1 if channels_last else 2
        shape[time] = x.shape[time] if a.shape[time] == x.shape[time] else 1
        return shape

    def state(x: Any, channels_last: bool) -> tuple[Any, ...]:
        return (x.shape[0], x.shape[2 if channels_last else 1], *x.shape[3:])

    @torch.library.register_fake("marey::linear_recurrence")
    def _(a: Any, x: Any, h0: Any, reset: Any, is_complex: bool, reverse: bool, channels_last: bool) -> Any:
        dtype = h0.dtype if h0 is not None else torch.float32 if x.dtype == torch.bfloat16 else x.dtype
        return x.new_empty(x.shape), x.new_empty(state(x, channels_last), dtype=dtype)

    @torch.library.register_fake("marey::linear_recurrence_backward")
    def _(
        grad_h: Any,
        grad_hT: Any,
        h: Any,
        a: Any,
        h0: Any,
        reset: Any,
        is_complex: bool,
        reverse: bool,
        channels_last: bool,
    ) -> Any:
        return h.new_empty(full(a, h, channels_last)), h.new_empty(h.shape), grad_hT.new_empty(grad_hT.shape)

    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        a, _, h0, reset, *ctx.how = inputs
        ctx.save_for_backward(output[0], a, h0, reset)

    def backward(ctx: Any, grad_h: Any, grad_hT: Any) -> Any:
        h, a, h0, reset = ctx.saved_tensors
        grad_a, grad_x, grad_h0 = torch.ops.marey.linear_recurrence_backward(
            grad_h.contiguous(), grad_hT.contiguous(), h, a, h0, reset, *ctx.how
        )
        once = [i for i in range(3) if a.shape[i] == 1 and grad_a.shape[i] != 1]
        if once:
            grad_a = grad_a.sum(once, keepdim=True)
        return grad_a, grad_x, None if h0 is None else grad_h0, None, None, None, None

    torch.library.register_autograd("marey::linear_recurrence", backward, setup_context=setup_context)
    _complex_recurrence.register_torch()


def _torch_calls(inputs: Inputs) -> list[tuple[Any, tuple[Any, ...]]]:
    import torch

    x = inputs["x"].nan_to_num(0.0)  # opcheck compares by ==
    if x.is_cuda and is_complex(x):
        return []
    a, reset = _checked(inputs["a"].nan_to_num(0.0), x, None, inputs.get("reset"))
    x = x.reshape(math.prod(x.shape[:-2]), *x.shape[-2:])
    a = a.expand(x.shape) if x.is_cuda else a
    h0 = inputs.get("h0")
    h0 = None if h0 is None else pairs(h0.reshape(x.shape[:2]))
    rest = (h0, reset, is_complex(x), bool(inputs.get("reverse")), False)
    a, x = pairs(a), pairs(x)
    h, hT = torch.ops.marey.linear_recurrence(a, x, *rest)
    return [
        (torch.ops.marey.linear_recurrence.default, (a, x, *rest)),
        (torch.ops.marey.linear_recurrence_backward.default, (torch.ones_like(h), torch.ones_like(hT), h, a, *rest)),
    ]


def _normal(rng: np.random.Generator, shape: tuple[int, ...], is_complex: bool) -> np.ndarray[Any, Any]:
    return rng.normal(size=shape) + 1j * rng.normal(size=shape) if is_complex else rng.normal(size=shape)


def _inputs(
    rng: np.random.Generator,
    *shape: int,
    a: tuple[int, ...] = (),
    is_complex: bool = False,
    state: bool = True,
    reverse: bool = False,
    reset: str = "",
    nan: bool = False,
) -> Inputs:
    *leading, channels, length = shape
    decay = rng.uniform(0.3, 0.98, size=a or shape)
    if is_complex:
        decay = decay * np.exp(1j * rng.uniform(-3.0, 3.0, size=decay.shape))
    inputs: Inputs = {"a": decay, "x": _normal(rng, shape, is_complex)}
    if state:
        inputs["h0"] = _normal(rng, (*leading, channels), is_complex)
    if reset:
        inputs["reset"] = rng.random(shape if reset == "own" else (*leading, length)) < 0.1
    if nan:
        inputs["x"][..., length // 3] = np.nan
        if reset and not a:
            marks = inputs["reset"] if reset == "own" else inputs["reset"][..., None, :]
            inputs["a"][np.broadcast_to(marks, shape)] = np.nan
    if reverse:
        inputs["reverse"] = True
    return inputs


def _split(inputs: Inputs, t: int) -> tuple[Inputs, Inputs]:
    length = inputs["x"].shape[-1]

    def cut(name: str, value: Any, piece: slice) -> Any:
        along = name in ("x", "reset") or (name == "a" and value.ndim > 1 and value.shape[-1] == length)
        return value[..., piece] if along else value

    return tuple({n: cut(n, v, p) for n, v in inputs.items()} for p in (slice(t), slice(t, None)))  # type: ignore[return-value]


def _case(name: str, *shape: int, tags: str = "", **options: Any) -> Case:
    return Case(name, lambda rng: _inputs(rng, *shape, **options), frozenset(tags.split()))


SPEC = register(
    OpSpec(
        name="scan.linear_recurrence",
        function=linear_recurrence,
        reference=reference,
        cases=(
            _case("plain", 3, 11, 37, tags="odd batch", state=False),
            _case("state", 2, 3, 9, 50, tags="batch chunks"),
            _case("one channel", 4, 1, 133, tags="odd batch chunks"),
            _case("one series", 1, 75, tags="odd chunks", reset="shared"),
            _case("one step", 2, 5, 1, tags="one batch"),
            _case("no steps", 2, 5, 0, tags="empty"),
            _case("no channels", 2, 0, 7, tags="empty"),
            _case("a a channel", 3, 13, 40, tags="odd chunks", a=(13,)),
            _case("a a series and channel", 3, 13, 40, tags="odd batch chunks", a=(3, 13, 1)),
            _case("a a step", 3, 13, 40, tags="odd batch chunks", a=(3, 1, 40), reset="own"),
            _case("a of one series", 3, 5, 21, tags="odd chunks", a=(5, 21)),
            _case("resets", 2, 17, 70, tags="odd batch chunks", reset="shared"),
            _case("NaN and resets", 2, 9, 61, tags="nan odd batch chunks", reset="own", nan=True),
            _case("reverse", 2, 9, 61, tags="odd batch", reverse=True, reset="own"),
            _case("reverse, one series", 1, 61, tags="odd", reverse=True, reset="own"),
            _case("complex", 2, 9, 33, tags="odd batch chunks", is_complex=True, reset="own"),
            _case("complex, one channel", 1, 21, tags="odd chunks", is_complex=True, reset="own"),
            _case("complex, a a channel", 2, 10, 21, tags="odd chunks", is_complex=True, a=(10,)),
            _case("complex, reverse", 2, 5, 29, tags="odd batch", is_complex=True, reverse=True, reset="shared"),
            _case("for gradients", 2, 3, 7, tags="grad", reset="own"),
            _case("for gradients, a a channel", 2, 9, 5, tags="grad", a=(9,)),
            _case("for gradients, a a step, reverse", 2, 3, 6, tags="grad", a=(2, 1, 6), reverse=True, reset="shared"),
            _case("for gradients, complex", 2, 3, 6, tags="grad", is_complex=True, reset="own"),
            _case("for gradients, complex, a a channel", 9, 4, tags="grad", is_complex=True, a=(9,), reverse=True),
            _case("large", 12, 24, 1000, tags="threads"),
            _case("large, a a step", 40, 6000, tags="threads", a=(1, 6000), reset="shared"),
            _case("64 x 4,096", 64, 4096, tags="bench"),
            _case("64 x 100,000", 64, 100_000, tags="bench"),
            _case("64 x 100,000, a a channel", 64, 100_000, tags="bench", a=(64,)),
            _case("64 x 20,000, complex", 64, 20_000, tags="bench", is_complex=True),
        ),
        backends=frozenset({"numpy", "torch", "compile", "cuda"}),
        native={
            "cpp": "csrc/src/scan/linear_recurrence.kernel.cpp",
            "cuda": "cuda/kernels/linear_recurrence.cu",
            "triton": "python/marey/scan/_triton/linear_recurrence_complex.py",
        },
        tolerance={
            "float64": Tolerance(1e-13, 1e-13, "one rounding of the multiply-add a step, damped by |a| < 1"),
            "float32": Tolerance(2e-7, 1e-7, "computed in float64 and rounded once: half a unit of float32, 6e-8"),
        },
        halves=("a", "x"),
        missing="a NaN stays in the state up to the next reset",
        differentiable=("a", "x", "h0"),
        register_torch=_register_torch,
        torch_calls=_torch_calls,
        chunks=Chunks(_split, lambda inputs: inputs["x"].shape[-1], "h0", 1, joined=(0,)),
        batched=("a", "x", "h0", "reset"),
    )
)
