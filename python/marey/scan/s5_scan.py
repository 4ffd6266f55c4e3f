"""s5_scan: a diagonal complex state space over irregular time."""

from __future__ import annotations

import math
from typing import Any, TypeVar

import numpy as np

from marey._runtime import native
from marey._runtime.checks import check_dtype, check_same_dtype, check_shape, dtype_name
from marey._runtime.doors import door, is_torch
from marey._runtime.specs import Case, Chunks, Inputs, OpSpec, Tolerance, register
from marey.reference.s5_scan import s5_scan as reference
from marey.scan._arrays import contiguous, is_channels_last, pairs, unpaired
from marey.scan.linear_recurrence import linear_recurrence

__all__ = ["s5_scan"]

ArrayT = TypeVar("ArrayT")


@door("x", "Lambda", "dt", "h0", "reset")
def s5_scan(x: ArrayT, Lambda: Any, dt: Any, *, h0: Any = None, reset: Any = None) -> tuple[ArrayT, Any]:
    r"""Diagonal complex state space, held over a time step of its own at every sample: the scan of the S5 layer.

    .. math::
        h_t = e^{\Lambda\,\Delta t_t}\, h_{t-1} + \frac{e^{\Lambda\,\Delta t_t} - 1}{\Lambda}\, x_t

    Parameters
    ----------
    x : (..., P, T)
        Input of each state, :math:`B u_t`; complex64 or complex128.
    Lambda : (P,)
        Eigenvalues per unit of time, of the dtype of ``x``; zero is an integrator.
    dt : (..., T)
        Time since the sample before, float32 beside complex64, else float64. ``inf`` forgets the state where the
        eigenvalue's real part is negative.
    h0 : (..., P), optional
        State before the first sample; zero if left out.
    reset : (..., T), optional
        Boolean; where True the state is forgotten before that sample's input.

    Returns
    -------
    h : (..., P, T)
        State at each sample.
    hT : (..., P)
        State at the last sample.

    Raises
    ------
    ValueError, TypeError
        If a shape or a dtype does not fit, before any work is done.

    Notes
    -----
    Zero-order hold: the input is constant over the step that ends at its sample. A learnt time scale a state,
    :math:`\Delta_p` of the paper, goes into both arguments: ``s5_scan(x * step, Lambda * step, dt)``. In torch,
    gradients reach ``x``, ``Lambda``, ``dt`` and ``h0`` from both results.
    J. T. H. Smith, A. Warrington, S. W. Linderman, Simplified state space layers for sequence modeling, ICLR 2023,
    eq. 4 and sec. 3.3.

    Examples
    --------
    An oscillation of one turn a second that nothing drives, seen after a quarter and after a half of a turn:

    >>> import numpy as np
    >>> from marey.scan import s5_scan
    >>> h, _ = s5_scan(np.zeros((1, 2), complex), np.array([2j * np.pi]), np.array([0.25, 0.25]), h0=np.ones(1) + 0j)
    >>> h.round(3) + 0
    array([[ 0.+1.j, -1.+0.j]])
    """
    _check(x, Lambda, dt, h0, reset)
    if is_torch(x) and x.is_cuda:  # type: ignore[attr-defined]
        return _by_linear_recurrence(x, Lambda, dt, h0, reset)
    channels_last = is_channels_last(x)
    *leading, states, length = x.shape  # type: ignore[attr-defined]
    batch = math.prod(leading)
    rows = x.reshape(batch, states, length)  # type: ignore[attr-defined]
    run = _torch_op() if is_torch(x) else native.core().s5_scan
    h, hT = run(
        pairs(rows.swapaxes(-1, -2) if channels_last else rows),
        pairs(Lambda),
        contiguous(dt).reshape(batch, length),
        None if h0 is None else pairs(h0.reshape(batch, states)),
        None if reset is None else contiguous(reset).reshape(batch, length),
        channels_last,
    )
    h, hT = unpaired(h, True), unpaired(hT, True)
    return (h.swapaxes(-1, -2) if channels_last else h).reshape(x.shape), hT.reshape((*leading, states))  # type: ignore[attr-defined]


def _check(x: Any, Lambda: Any, dt: Any, h0: Any, reset: Any) -> None:
    check_dtype("x", x, ("complex64", "complex128"))
    check_same_dtype("Lambda", Lambda, "x", x)
    if x.ndim < 2:
        raise ValueError(f"`x` has shape {tuple(x.shape)}; expected (..., P, T)")
    *leading, states, length = x.shape
    check_shape("Lambda", Lambda, (states,), "(P,)")
    check_dtype("dt", dt, ("float32",) if dtype_name(x) == "complex64" else ("float64",))
    check_shape("dt", dt, (*leading, length), "(..., T)")
    if h0 is not None:
        if dtype_name(h0) != "complex128":
            check_same_dtype("h0", h0, "x", x)
        check_shape("h0", h0, (*leading, states), "(..., P)")
    if reset is not None:
        check_dtype("reset", reset, ("bool",))
        check_shape("reset", reset, (*leading, length), "(..., T)")


def _by_linear_recurrence(x: Any, Lambda: Any, dt: Any, h0: Any, reset: Any) -> tuple[Any, Any]:
    """On a GPU the hold is torch's arithmetic, in double precision; the recurrence is the kernel."""
    import torch

    dtype, state = x.dtype, x.dtype if h0 is None else h0.dtype
    x, Lambda, dt = x.to(torch.complex128), Lambda.to(torch.complex128), dt.double()
    h0 = None if h0 is None else h0.to(torch.complex128)
    endless = torch.isinf(dt)[..., None, :]
    gap = torch.where(torch.isinf(dt), torch.zeros_like(dt), dt)[..., None, :]
    rate = Lambda[:, None]
    z = rate * gap
    small = z.abs() < 1e-2  # seven terms of the series of (exp(z) - 1) / z leave 2e-18
    safe = torch.where(small, torch.ones_like(z), z)
    series = torch.ones_like(z)
    for k in range(7, 1, -1):
        series = 1 + z / k * series
    drive = gap * torch.where(small, series, torch.expm1(safe) / safe)
    away = torch.where(rate == 0, torch.ones_like(rate), rate)
    forgets = endless & (rate.real < 0)
    decay = torch.where(forgets, torch.zeros_like(z), torch.exp(z))
    drive = torch.where(forgets, -1 / away, drive)
    h, hT = linear_recurrence(decay, drive * x, h0=h0, reset=reset)
    return h.to(dtype), hT.to(state)


def _torch_op() -> Any:
    import torch

    return torch.ops.marey.s5_scan


def _register_torch() -> None:
    import torch

    @torch.library.register_fake("marey::s5_scan")
    def _(x: Any, Lambda: Any, dt: Any, h0: Any, reset: Any, channels_last: bool) -> Any:
        state = x if h0 is None else h0
        return x.new_empty(x.shape), state.new_empty((x.shape[0], Lambda.shape[0], 2))

    @torch.library.register_fake("marey::s5_scan_backward")
    def _(
        grad_h: Any,
        grad_hT: Any,
        h: Any,
        x: Any,
        Lambda: Any,
        dt: Any,
        h0: Any,
        reset: Any,
        channels_last: bool,
    ) -> Any:
        return (
            x.new_empty(x.shape),
            Lambda.new_empty(Lambda.shape),
            dt.new_empty(dt.shape),
            grad_hT.new_empty(grad_hT.shape),
        )

    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        *tensors, ctx.channels_last = inputs
        ctx.save_for_backward(output[0], *tensors)

    def backward(ctx: Any, grad_h: Any, grad_hT: Any) -> Any:
        h, x, Lambda, dt, h0, reset = ctx.saved_tensors
        grad_x, grad_Lambda, grad_dt, grad_h0 = torch.ops.marey.s5_scan_backward(
            grad_h.contiguous(), grad_hT.contiguous(), h, x, Lambda, dt, h0, reset, ctx.channels_last
        )
        return grad_x, grad_Lambda, grad_dt, None if h0 is None else grad_h0, None, None

    torch.library.register_autograd("marey::s5_scan", backward, setup_context=setup_context)


def _torch_calls(inputs: Inputs) -> list[tuple[Any, tuple[Any, ...]]]:
    import torch

    x, dt, h0, reset = (inputs.get(name) for name in ("x", "dt", "h0", "reset"))
    assert x is not None
    if x.is_cuda:
        return []  # there it is a call of linear_recurrence
    assert dt is not None
    batch = math.prod(x.shape[:-2])
    x = pairs(x.nan_to_num(0.0).reshape(batch, *x.shape[-2:]))  # opcheck compares by ==
    h0 = None if h0 is None else pairs(h0.reshape(batch, -1) if batch else h0.reshape(x.shape[:2]))
    reset = None if reset is None else reset.reshape(batch, x.shape[2])
    rest = (pairs(inputs["Lambda"]), dt.reshape(batch, x.shape[2]), h0, reset, False)
    h, hT = torch.ops.marey.s5_scan(x, *rest)
    return [
        (torch.ops.marey.s5_scan.default, (x, *rest)),
        (torch.ops.marey.s5_scan_backward.default, (torch.ones_like(h), torch.ones_like(hT), h, x, *rest)),
    ]


def _inputs(
    rng: np.random.Generator,
    *shape: int,
    state: bool = True,
    reset: bool = False,
    nan: bool = False,
    regular: bool = False,
) -> Inputs:
    *leading, states, length = shape

    def normal(*sizes: int) -> np.ndarray[Any, Any]:
        return rng.normal(size=sizes) + 1j * rng.normal(size=sizes)

    inputs: Inputs = {
        "x": normal(*shape),
        "Lambda": -rng.uniform(0.05, 2.0, states) + 1j * rng.uniform(-8.0, 8.0, states),
        "dt": np.full((*leading, length), 0.05) if regular else rng.exponential(0.3, size=(*leading, length)),
    }
    if state:
        inputs["h0"] = normal(*leading, states)
    if reset:
        inputs["reset"] = rng.random((*leading, length)) < 0.1
    if nan:
        inputs["x"][..., length // 3] = np.nan
    return inputs


def _poles(rng: np.random.Generator) -> Inputs:
    """An integrator, a pole that does not decay, one that turns fast; no gap, tiny ones and a long one."""
    inputs = _inputs(rng, 2, 9, 21)
    inputs["dt"][0, [9, 13]] = [0.0, 1e-9]
    inputs["dt"][1, [0, 20]] = [1e3, 1e-4]
    inputs["Lambda"][[0, 1, 2]] = [0.0, 3j, -1.0 + 900j]
    return inputs


def _endless(rng: np.random.Generator) -> Inputs:
    inputs = _inputs(rng, 2, 9, 21)
    inputs["dt"][:, [0, 4]] = np.inf
    return inputs


def _split(inputs: Inputs, t: int) -> tuple[Inputs, Inputs]:
    along = ("x", "dt", "reset")
    first = {name: a[..., :t] if name in along else a for name, a in inputs.items()}
    second = {name: a[..., t:] if name in along else a for name, a in inputs.items()}
    return first, second


def _case(name: str, *shape: int, tags: str = "", **options: Any) -> Case:
    return Case(name, lambda rng: _inputs(rng, *shape, **options), frozenset(tags.split()))


SPEC = register(
    OpSpec(
        name="scan.s5_scan",
        function=s5_scan,
        reference=reference,
        cases=(
            _case("plain", 3, 11, 37, tags="odd batch", state=False),
            _case("state", 2, 3, 9, 50, tags="batch chunks"),
            _case("one state", 4, 1, 133, tags="odd batch chunks", reset=True),
            _case("a regular grid", 2, 16, 60, tags="batch chunks", regular=True),
            _case("one step", 2, 5, 1, tags="one batch"),
            _case("no steps", 2, 5, 0, tags="empty"),
            _case("no states", 2, 0, 7, tags="empty"),
            _case("resets", 2, 17, 70, tags="odd batch chunks", reset=True),
            _case("NaN and resets", 2, 9, 61, tags="nan odd batch chunks", reset=True, nan=True),
            Case("poles and gaps of any size", _poles, frozenset({"batch", "chunks"})),
            Case("endless gaps", _endless, frozenset({"batch", "chunks"})),
            _case("for gradients", 2, 3, 6, tags="grad", reset=True),
            _case("for gradients, slow", 10, 4, tags="grad", regular=True),
            _case("large", 6, 24, 1000, tags="threads", reset=True),
            _case("8 x 64 x 4,096", 8, 64, 4096, tags="bench"),
            _case("8 x 64 x 4,096, regular", 8, 64, 4096, tags="bench", regular=True),
        ),
        backends=frozenset({"numpy", "torch", "compile", "cuda"}),
        native={"cpp": "csrc/src/scan/s5_scan.kernel.cpp"},
        tolerance={
            "float64": Tolerance(
                1e-12, 1e-12, "the angle of a pole that turned 1e3 times is 1e-13 off, damped by decay"
            ),
            "float32": Tolerance(2e-7, 1e-6, "computed in float64 and rounded once: half a unit of float32, 6e-8"),
        },
        missing="a NaN stays in the state up to the next reset",
        differentiable=("x", "Lambda", "dt", "h0"),
        register_torch=_register_torch,
        torch_calls=_torch_calls,
        chunks=Chunks(_split, lambda inputs: inputs["x"].shape[-1], "h0", 1, joined=(0,)),
        batched=("x", "dt", "h0", "reset"),
    )
)
