"""causal_conv1d: the short depthwise convolution before a state space, with its state in and out."""

from __future__ import annotations

import math
from typing import Any, TypeVar

import numpy as np

from marey._runtime import native
from marey._runtime.checks import check_dtype, check_same_dtype, check_shape, dtype_name
from marey._runtime.doors import door, is_half, is_torch
from marey._runtime.specs import Case, Chunks, Inputs, OpSpec, Tolerance, register
from marey.reference.causal_conv1d import causal_conv1d as reference
from marey.scan._layout import contiguous, is_channels_last

__all__ = ["causal_conv1d"]

ArrayT = TypeVar("ArrayT")
MOST_TAPS = 64


@door("x", "weight", "bias", "x0", halves=("x", "weight"), halves_on_gpu=("float16", "bfloat16"))
def causal_conv1d(
    x: ArrayT,
    weight: Any,
    bias: Any = None,
    activation: str | None = None,
    *,
    x0: Any = None,
) -> tuple[ArrayT, Any]:
    r"""Depthwise causal convolution, each channel with its own few taps.

    .. math:: y_t = f\Big(b + \sum_{k=0}^{W-1} w_k\, x_{t - W + 1 + k}\Big)

    Parameters
    ----------
    x : (..., D, T)
        Signal, float32 or float64; float16 and bfloat16 on a GPU. A transposed view of channel-last data is taken as
        it lies, and ``y`` comes back in the same layout.
    weight : (D, W)
        Taps, 1 to 64, the last of them on the present step, as in ``torch.nn.functional.conv1d``. Of the dtype of
        ``x``, or float32 beside 16 bits.
    bias : (D,), optional
        Added before the activation; of the dtype of ``weight``.
    activation
        None, ``"silu"`` or its other name ``"swish"``: :math:`f(s) = s / (1 + e^{-s})`.
    x0 : (..., D, W - 1), optional
        The inputs before the first step, oldest first; zero if left out.

    Returns
    -------
    y : like ``x``
        Output at each step.
    xT : (..., D, W - 1)
        The last inputs: ``x0`` of a call that goes on from here.

    Raises
    ------
    ValueError, TypeError
        If a shape, a dtype or ``activation`` does not fit, before any work is done.

    Notes
    -----
    Always a pair, as the other recurrences of this module give it. The equation is that of the package
    ``causal-conv1d`` (Dao, github.com/Dao-AILab/causal-conv1d), which takes 2 to 4 taps, on a GPU. A signal in chunks
    with the state carried equals the whole, on the CPU bit for bit. A NaN reaches the W outputs that read it and no
    others. In torch, gradients reach ``x``, ``weight``, ``bias`` and ``x0`` from both results.

    Examples
    --------
    A glucose curve and its change since the sample before, going on from 5.0:

    >>> import numpy as np
    >>> from marey.scan import causal_conv1d
    >>> glucose = np.array([[5.2, 5.9, 7.1], [5.2, 5.9, 7.1]])
    >>> taps = np.array([[0.0, 1.0], [-1.0, 1.0]])
    >>> y, last = causal_conv1d(glucose, taps, x0=np.array([[5.0], [5.0]]))
    >>> y.round(1)
    array([[5.2, 5.9, 7.1],
           [0.2, 0.7, 1.2]])
    >>> last
    array([[7.1],
           [7.1]])
    """
    _check(x, weight, bias, activation, x0)
    *leading, channels, _ = x.shape  # type: ignore[attr-defined]
    batch, taps = math.prod(leading), weight.shape[1] - 1
    channels_last = is_channels_last(x)
    rows: Any = x.swapaxes(-1, -2) if channels_last else x  # type: ignore[attr-defined]
    run = _torch_op() if is_torch(x) else native.core().causal_conv1d
    y = run(
        contiguous(rows).reshape(batch, *rows.shape[-2:]),
        contiguous(weight),
        None if bias is None else contiguous(bias),
        None if x0 is None else contiguous(x0).reshape(batch, channels, taps),
        activation is not None,
        channels_last,
    ).reshape(rows.shape)
    last = _last_inputs(x, x0, taps)
    if is_torch(x) and is_half(x):
        last = last.float()  # as from every door
    return y.swapaxes(-1, -2) if channels_last else y, last


def _last_inputs(x: Any, x0: Any, taps: int) -> Any:
    length = x.shape[-1]
    last = x[..., max(0, length - taps) :]
    if length >= taps:
        return last.clone(memory_format=_contiguous_format()) if is_torch(x) else last.copy()
    if is_torch(x):
        import torch

        before = x.new_zeros((*x.shape[:-1], taps)) if x0 is None else x0
        return torch.cat([before[..., length:], last], dim=-1)
    before = np.zeros((*x.shape[:-1], taps), x.dtype) if x0 is None else x0
    return np.concatenate([before[..., length:], last], axis=-1)


def _contiguous_format() -> Any:
    import torch

    return torch.contiguous_format


def _check(x: Any, weight: Any, bias: Any, activation: str | None, x0: Any) -> None:
    on_gpu = is_torch(x) and x.device.type == "cuda"
    check_dtype("x", x, ("float32", "float64", *(("float16", "bfloat16") if on_gpu else ())))
    if not (dtype_name(weight) == "float32" and dtype_name(x) in ("float16", "bfloat16")):
        check_same_dtype("weight", weight, "x", x)
    if x.ndim < 2:
        raise ValueError(f"`x` has shape {tuple(x.shape)}; expected (..., D, T)")
    *leading, channels, _ = x.shape
    if weight.ndim != 2 or weight.shape[0] != channels or not 1 <= weight.shape[1] <= MOST_TAPS:
        raise ValueError(
            f"`weight` has shape {tuple(weight.shape)}; expected (D, W) = ({channels}, 1 to {MOST_TAPS}):"
            " longer kernels are for an FFT"
        )
    half = dtype_name(x) in ("float16", "bfloat16")
    if bias is not None:
        if not (half and dtype_name(bias) == "float32"):
            check_same_dtype("bias", bias, "weight", weight)
        check_shape("bias", bias, (channels,), "(D,)")
    if activation not in (None, "silu", "swish"):
        raise ValueError(f"`activation` is {activation!r}; expected None, 'silu' or 'swish'")
    if x0 is not None:
        if not (half and dtype_name(x0) == "float32"):
            check_same_dtype("x0", x0, "x", x)
        check_shape("x0", x0, (*leading, channels, weight.shape[1] - 1), "(..., D, W - 1)")


def _torch_op() -> Any:
    import torch

    return torch.ops.marey.causal_conv1d


def _register_torch() -> None:
    import torch

    from marey._runtime.triton_ops import register_triton

    @torch.library.register_fake("marey::causal_conv1d")
    def _(x: Any, weight: Any, bias: Any, x0: Any, silu: bool, channels_last: bool) -> Any:
        return x.new_empty(x.shape)

    @torch.library.register_fake("marey::causal_conv1d_backward")
    def _(grad_y: Any, x: Any, weight: Any, bias: Any, x0: Any, silu: bool, channels_last: bool) -> Any:
        batch, (channels, width) = x.shape[0], weight.shape
        return (
            x.new_empty(x.shape),
            weight.new_empty(weight.shape),
            (weight if bias is None else bias).new_empty((channels,)),
            (x if x0 is None else x0).new_empty((batch, channels, width - 1)),
        )

    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        *tensors, ctx.silu, ctx.channels_last = inputs
        ctx.save_for_backward(*tensors)

    def backward(ctx: Any, grad_y: Any) -> Any:
        x, weight, bias, x0 = ctx.saved_tensors
        grad_x, grad_weight, grad_bias, grad_x0 = torch.ops.marey.causal_conv1d_backward(
            grad_y.contiguous(), x, weight, bias, x0, ctx.silu, ctx.channels_last
        )
        return (
            grad_x,
            grad_weight,
            None if bias is None else grad_bias,
            None if x0 is None else grad_x0,
            None,
            None,
        )

    torch.library.register_autograd("marey::causal_conv1d", backward, setup_context=setup_context)
    for operator in ("causal_conv1d", "causal_conv1d_backward"):
        register_triton(operator, "marey.scan._triton.causal_conv1d")


def _torch_calls(inputs: Inputs) -> list[tuple[Any, tuple[Any, ...]]]:
    import torch

    def batched(a: Any) -> Any:  # and without NaN: opcheck compares, and NaN equals nothing
        return None if a is None else torch.nan_to_num(a[None] if a.ndim == 2 else a.flatten(0, -3))

    x, x0 = batched(inputs["x"]), batched(inputs.get("x0"))
    rest = (inputs["weight"], inputs.get("bias"), x0, inputs.get("activation") is not None, False)
    return [
        (torch.ops.marey.causal_conv1d.default, (x, *rest)),
        (torch.ops.marey.causal_conv1d_backward.default, (torch.ones_like(x), x, *rest)),
    ]


def _case(
    name: str, *shape: int, width: int, tags: str, silu: bool = True, bias: bool = True, state: bool = True,
    nan: bool = False,
) -> Case:  # fmt: skip
    def make(rng: np.random.Generator) -> Inputs:
        *leading, channels, _ = shape
        inputs: Inputs = {
            "x": rng.normal(size=shape),
            "weight": rng.normal(size=(channels, width)) / math.sqrt(width),
            "activation": "silu" if silu else None,
        }
        if bias:
            inputs["bias"] = rng.normal(size=channels)
        if state:
            inputs["x0"] = rng.normal(size=(*leading, channels, width - 1))
        if nan:
            inputs["x"][rng.random(shape) < 0.05] = np.nan
        return inputs

    return Case(name, make, frozenset(tags.split()))


def _split(inputs: Inputs, t: int) -> tuple[Inputs, Inputs]:
    return inputs | {"x": inputs["x"][..., :t]}, inputs | {"x": inputs["x"][..., t:]}


SPEC = register(
    OpSpec(
        name="scan.causal_conv1d",
        function=causal_conv1d,
        reference=reference,
        cases=(
            _case("four taps", 2, 19, 133, width=4, tags="odd batch chunks"),
            _case("plain", 3, 5, 37, width=4, tags="odd batch", silu=False, bias=False, state=False),
            _case("two taps", 2, 17, 61, width=2, tags="odd chunks", bias=False),
            _case("three taps", 1, 33, 29, width=3, tags="odd chunks", silu=False),
            _case("seven taps, no batch", 18, 70, width=7, tags="odd chunks"),
            _case("64 taps", 2, 3, 131, width=64, tags="odd chunks"),
            _case("64 taps, shorter than they are", 2, 3, 20, width=64, tags="odd chunks", state=False),
            _case("one tap", 2, 3, 9, width=1, tags="odd"),
            _case("two blocks", 1, 2, 1100, width=5, tags="odd chunks"),
            _case("one step", 2, 5, 1, width=4, tags="one batch"),
            _case("no steps", 2, 5, 0, width=4, tags="empty"),
            _case("no channels", 2, 0, 7, width=4, tags="empty"),
            _case("missing", 2, 9, 80, width=4, tags="nan odd batch chunks", nan=True),
            _case("for gradients", 2, 3, 7, width=4, tags="grad"),
            _case("for gradients, plain", 1, 2, 9, width=3, tags="grad", silu=False, bias=False, state=False),
            _case("for gradients, shorter than the taps", 1, 2, 3, width=6, tags="grad"),
            _case("large", 8, 96, 2000, width=4, tags="threads"),
            _case("4 x 256 x 2,048, 4 taps", 4, 256, 2048, width=4, tags="bench"),
            _case("4 x 256 x 2,048, 16 taps", 4, 256, 2048, width=16, tags="bench"),
            _case("1 x 8 x 1,000,000, 64 taps", 1, 8, 1_000_000, width=64, tags="bench", silu=False),
        ),
        backends=frozenset({"numpy", "torch", "compile", "cuda"}),
        native={
            "cpp": "csrc/src/scan/causal_conv1d.kernel.cpp",
            "triton": "python/marey/scan/_triton/causal_conv1d.py",
        },
        tolerance={
            "float64": Tolerance(1e-13, 1e-13, "64 roundings of products near 1 and an exp"),
            "float32": Tolerance(4e-6, 4e-6, "up to 64 roundings of 6e-8 in sums near 1"),
        },
        halves=("x", "weight"),
        missing="a NaN reaches the outputs that read it, as many as there are taps, and no others",
        differentiable=("x", "weight", "bias", "x0"),
        register_torch=_register_torch,
        torch_calls=_torch_calls,
        chunks=Chunks(
            _split, lambda inputs: inputs["x"].shape[-1], (), 1, joined=(0,), carry=lambda inputs, out: {"x0": out[1]}
        ),
        batched=("x", "x0"),
    )
)
