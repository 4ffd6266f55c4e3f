"""decay_scan: the gated first-order recurrence over irregular time."""

from __future__ import annotations

import math
from typing import Any, TypeVar

import numpy as np

from marey._runtime import native
from marey._runtime.checks import check_dtype, check_same_dtype, check_shape, dtype_name
from marey._runtime.doors import door, is_torch
from marey._runtime.specs import Case, Chunks, Inputs, OpSpec, Tolerance, register
from marey.reference.decay_scan import decay_scan as reference

__all__ = ["decay_scan"]

ArrayT = TypeVar("ArrayT")


@door("x", "dt", "rate", "h0", "mask", "offsets", halves=("x",))
def decay_scan(
    x: ArrayT,
    dt: Any,
    rate: Any,
    *,
    h0: Any = None,
    mask: Any = None,
    offsets: Any = None,
) -> tuple[ArrayT, Any]:
    r"""Leaky sum of a signal over irregular time, the state decaying through every gap.

    .. math:: h_t = e^{-\mathrm{rate}\,\Delta t_t}\, h_{t-1} + m_t\, x_t

    Parameters
    ----------
    x : (..., D, T), or (D, total) with ``offsets``
        Signal, float32 or float64. A transposed view of channel-last data is taken as it lies, and ``h`` comes back
        in the same layout.
    dt : (..., T), or (total,) with ``offsets``
        Time since the step before, in any unit; ``inf`` forgets the state where ``rate > 0``.
    rate : (D,)
        Decay per unit of time: ``1 / tau``. Negative rates grow.
    h0 : (..., D), or (S, D) with ``offsets``, optional
        State before the first step; zero if left out. It may be float64 beside a float32 signal, and then ``hT`` is
        float64 too: a float32 signal carried in chunks that way equals the whole bit for bit.
    mask : (..., T) or (..., D, T), optional
        Boolean; where False the step decays but ``x`` is not read (it may be NaN there).
    offsets : (S + 1,) int64, optional
        Packed series: series ``s`` is ``x[:, offsets[s]:offsets[s + 1]]``.

    Returns
    -------
    h : like ``x``
        State after each step.
    hT : (..., D), or (S, D)
        State after the last step; ``h0`` for a series without steps.

    Raises
    ------
    ValueError, TypeError
        If a shape, a dtype or ``offsets`` does not fit, before any work is done.

    Notes
    -----
    The state is kept in float64 on the CPU whatever the dtype of ``x``. An observed NaN stays in the state from its
    step on; mask what is missing. In torch, gradients reach ``x``, ``dt``, ``rate`` and ``h0`` from both results.
    With :math:`g_t = \partial L/\partial h_t` (through all later steps):
    :math:`g_t = \bar h_t + e^{-\mathrm{rate}\,\Delta t_{t+1}} g_{t+1}` and
    :math:`\partial L/\partial(\mathrm{rate}\,\Delta t_t) = -g_t\, e^{-\mathrm{rate}\,\Delta t_t}\, h_{t-1}`.
    The exponential decay over gaps is that of GRU-D (Che et al., Sci Rep 8:6085, 2018, eq. 3).

    Examples
    --------
    A heart rate of 90 noted after 0, 1 and 4 hours, forgotten with a time constant of 2 hours:

    >>> import numpy as np
    >>> from marey.scan import decay_scan
    >>> h, hT = decay_scan(np.full((1, 3), 90.0), np.array([0.0, 1.0, 3.0]), np.array([0.5]))
    >>> h.round(1)
    array([[ 90. , 144.6, 122.3]])
    """
    _check(x, dt, rate, h0, mask, offsets)
    *leading, channels, length = x.shape  # type: ignore[attr-defined]
    batch = math.prod(leading)
    series = batch if offsets is None else offsets.shape[0] - 1
    channels_last = _is_channels_last(x)

    def rows(array: Any) -> Any:  # (..., D, T) -> (B, D, T), or (B, T, D) if the channels lie last in memory
        if channels_last:
            return _contiguous(array.swapaxes(-1, -2)).reshape(batch, length, channels)
        return _contiguous(array).reshape(batch, channels, length)

    per_channel = mask is not None and mask.ndim == x.ndim  # type: ignore[attr-defined]
    run = _torch_op() if is_torch(x) else native.core().decay_scan
    h, hT = run(
        rows(x),
        _contiguous(dt).reshape(batch, length),
        _contiguous(rate),
        None if h0 is None else _contiguous(h0).reshape(series, channels),
        None if mask is None else rows(mask) if per_channel else _contiguous(mask).reshape(batch, length),
        None if offsets is None else _contiguous(offsets),
        channels_last,
    )
    h = (h.swapaxes(-1, -2) if channels_last else h).reshape(x.shape)  # type: ignore[attr-defined]
    return h, hT.reshape((series, channels) if offsets is not None else (*leading, channels))


def _contiguous(array: Any) -> Any:
    return array.contiguous() if is_torch(array) else np.ascontiguousarray(array)


def _is_channels_last(x: Any) -> bool:
    if is_torch(x):
        return x.mT.is_contiguous() and not x.is_contiguous()
    return bool(x.swapaxes(-1, -2).flags.c_contiguous and not x.flags.c_contiguous)


def _check(x: Any, dt: Any, rate: Any, h0: Any, mask: Any, offsets: Any) -> None:
    check_dtype("x", x, ("float32", "float64"))
    check_same_dtype("dt", dt, "x", x)
    check_same_dtype("rate", rate, "x", x)
    if x.ndim < 2:
        raise ValueError(f"`x` has shape {tuple(x.shape)}; expected (..., D, T)")
    *leading, channels, length = x.shape
    check_shape("dt", dt, (*leading, length), "(..., T)")
    check_shape("rate", rate, (channels,), "(D,)")
    if offsets is not None:
        check_dtype("offsets", offsets, ("int64",))
        if leading:
            raise ValueError(f"`x` has shape {tuple(x.shape)}; expected (D, total) with `offsets`")
        if offsets.ndim != 1 or offsets.shape[0] < 1:
            raise ValueError(f"`offsets` has shape {tuple(offsets.shape)}; expected (S + 1,)")
    if h0 is not None:
        if dtype_name(h0) != "float64":
            check_same_dtype("h0", h0, "x", x)
        if offsets is None:
            check_shape("h0", h0, (*leading, channels), "(..., D)")
        else:
            check_shape("h0", h0, (offsets.shape[0] - 1, channels), "(S, D)")
    if mask is not None:
        check_dtype("mask", mask, ("bool",))
        if mask.ndim == x.ndim:
            check_shape("mask", mask, tuple(x.shape), "(..., D, T)")
        else:
            check_shape("mask", mask, (*leading, length), "(..., T) or (..., D, T)")


def _torch_op() -> Any:
    import torch

    return torch.ops.marey.decay_scan


def _register_torch() -> None:
    import torch

    @torch.library.register_fake("marey::decay_scan")
    def _(x: Any, dt: Any, rate: Any, h0: Any, mask: Any, offsets: Any, channels_last: bool) -> Any:
        series = x.shape[0] if offsets is None else offsets.shape[0] - 1
        state = x if h0 is None else h0
        return x.new_empty(x.shape), state.new_empty((series, rate.shape[0]))

    @torch.library.register_fake("marey::decay_scan_backward")
    def _(
        grad_h: Any,
        grad_hT: Any,
        h: Any,
        dt: Any,
        rate: Any,
        h0: Any,
        mask: Any,
        offsets: Any,
        channels_last: bool,
    ) -> Any:
        return (
            h.new_empty(h.shape),
            dt.new_empty(dt.shape),
            rate.new_empty(rate.shape),
            grad_hT.new_empty(grad_hT.shape),
        )

    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        _, dt, rate, h0, mask, offsets, ctx.channels_last = inputs
        ctx.save_for_backward(output[0], dt, rate, h0, mask, offsets)

    def backward(ctx: Any, grad_h: Any, grad_hT: Any) -> Any:
        h, dt, rate, h0, mask, offsets = ctx.saved_tensors
        grad_x, grad_dt, grad_rate, grad_h0 = torch.ops.marey.decay_scan_backward(
            grad_h.contiguous(), grad_hT.contiguous(), h, dt, rate, h0, mask, offsets, ctx.channels_last
        )
        return grad_x, grad_dt, grad_rate, None if h0 is None else grad_h0, None, None, None

    torch.library.register_autograd("marey::decay_scan", backward, setup_context=setup_context)


def _torch_calls(inputs: Inputs) -> list[tuple[Any, tuple[Any, ...]]]:
    import torch

    def axis(tensor: Any, ndim: int) -> Any:
        return tensor[None] if tensor.ndim < ndim else tensor.flatten(0, -ndim)

    x, dt = axis(inputs["x"], 3), axis(inputs["dt"], 2)
    h0, mask, offsets = inputs.get("h0"), inputs.get("mask"), inputs.get("offsets")
    if h0 is not None:
        h0 = axis(h0, 2)
    if mask is not None:
        mask = axis(mask, 3 if mask.ndim == inputs["x"].ndim else 2)
    rest = (dt, inputs["rate"], h0, mask, offsets, False)
    h, hT = torch.ops.marey.decay_scan(x, *rest)
    return [
        (torch.ops.marey.decay_scan.default, (x, *rest)),
        (torch.ops.marey.decay_scan_backward.default, (torch.ones_like(h), torch.ones_like(hT), h, *rest)),
    ]


def _inputs(
    rng: np.random.Generator, *shape: int, mask: str = "", state: bool = True, sizes: tuple[int, ...] = ()
) -> Inputs:
    *leading, channels, length = shape
    inputs: Inputs = {
        "x": rng.normal(size=shape),
        "dt": rng.exponential(size=(*leading, length)),
        "rate": rng.uniform(0.05, 2.0, size=channels),
    }
    if sizes:
        inputs["offsets"] = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    if state:
        inputs["h0"] = rng.normal(size=(len(sizes), channels) if sizes else (*leading, channels))
    if mask:
        seen = rng.random(shape if mask == "per_channel" else (*leading, length)) < 0.6
        inputs["mask"] = seen
        hidden = ~(seen if mask == "per_channel" else seen[..., None, :]) & np.ones(shape, dtype=bool)
        inputs["x"][hidden] = np.nan
    return inputs


def _split(inputs: Inputs, t: int) -> tuple[Inputs, Inputs]:
    along = ("x", "dt", "mask")
    first = {name: a[..., :t] if name in along else a for name, a in inputs.items()}
    second = {name: a[..., t:] if name in along else a for name, a in inputs.items()}
    return first, second


def _case(name: str, *shape: int, tags: str = "", **options: Any) -> Case:
    return Case(name, lambda rng: _inputs(rng, *shape, **options), frozenset(tags.split()))


def _gap(rng: np.random.Generator) -> Inputs:
    inputs = _inputs(rng, 2, 9, 21)
    inputs["dt"][0, 7] = np.inf
    inputs["dt"][1, [0, 20]] = [np.inf, 1e4]
    return inputs


SPEC = register(
    OpSpec(
        name="scan.decay_scan",
        function=decay_scan,
        reference=reference,
        cases=(
            _case("plain", 3, 11, 37, tags="odd batch", state=False),
            _case("state", 2, 3, 9, 50, tags="batch chunks"),
            _case("one channel", 4, 1, 133, tags="odd batch chunks"),
            _case("one step", 2, 5, 1, tags="one batch"),
            _case("no steps", 2, 5, 0, tags="empty"),
            _case("no channels", 2, 0, 7, tags="empty"),
            _case("shared mask", 2, 17, 29, tags="nan odd batch chunks", mask="shared"),
            _case("mask per channel", 2, 13, 31, tags="nan odd batch chunks", mask="per_channel"),
            _case("packed", 19, 60, tags="odd", sizes=(7, 0, 1, 40, 12)),
            _case("packed, masked", 8, 45, tags="nan odd", sizes=(0, 33, 12, 0), mask="per_channel"),
            _case("packed, no series", 4, 0, tags="empty", sizes=(0,)),
            Case("infinite gap", _gap, frozenset({"batch", "chunks"})),
            _case("for gradients", 2, 3, 7, tags="grad"),
            _case("for gradients, packed", 3, 9, tags="grad", sizes=(4, 0, 5)),
            _case("large", 12, 24, 1000, tags="threads"),
            _case("large, packed", 40, 6000, tags="threads", sizes=(3000, 0, 1, 2000, 999)),
            _case("64 x 100,000", 1, 64, 100_000, tags="bench"),
            _case("64 x 64 x 4,096", 64, 64, 4096, tags="bench"),
            _case("4,000 stays of 75 steps", 64, 300_000, tags="bench", sizes=(75,) * 4000),
        ),
        backends=frozenset({"numpy", "torch", "compile", "cuda"}),
        native={
            "cpp": "csrc/src/scan/decay_scan.kernel.cpp",
            "cuda": "cuda/kernels/decay_scan.cu",
        },
        tolerance={
            "float64": Tolerance(
                1e-13, 1e-13, "one rounding of exp and one of the multiply-add a step, damped by decay"
            ),
            "float32": Tolerance(4e-6, 4e-6, "rates and gaps rounded to float32 move the exponent by 6e-8 of itself"),
        },
        halves=("x",),
        missing="an observed NaN stays in the state; masked values are not read",
        differentiable=("x", "dt", "rate", "h0"),
        register_torch=_register_torch,
        torch_calls=_torch_calls,
        chunks=Chunks(_split, lambda inputs: inputs["x"].shape[-1], "h0", 1, joined=(0,)),
        batched=("x", "dt", "h0", "mask"),
    )
)
