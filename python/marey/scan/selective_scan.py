"""selective_scan: the selective state space of Mamba, on irregular time and with its state in and out."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from marey._runtime import native
from marey._runtime.checks import check_dtype, check_shape, dtype_name
from marey._runtime.doors import door, is_torch
from marey._runtime.specs import Case, Chunks, Inputs, OpSpec, Tolerance, register
from marey.reference.selective_scan import selective_scan as reference
from marey.scan._layout import contiguous, is_channels_last

__all__ = ["selective_scan"]

ArrayT = TypeVar("ArrayT")
MOST_STATES = 256
# Steps between the states that the gradient starts again from, on a CPU and on a GPU.
CHUNK_STEPS, CHUNK_STEPS_CUDA = 64, 256


@door(
    "u",
    "delta",
    "A",
    "B",
    "C",
    "D",
    "z",
    "delta_bias",
    "h0",
    "dt_scale",
    "reset",
    halves=("u", "delta", "B", "C", "z"),
    halves_on_gpu=("float16", "bfloat16"),
)
def selective_scan(
    u: ArrayT,
    delta: Any,
    A: Any,
    B: Any,
    C: Any,
    D: Any = None,
    z: Any = None,
    delta_bias: Any = None,
    delta_softplus: bool = False,
    return_last_state: bool = False,
    *,
    h0: Any = None,
    dt_scale: Any = None,
    reset: Any = None,
) -> Any:
    r"""The selective state space of Mamba: a diagonal recurrence whose step, input and output vary with time.

    .. math::
        \Delta_t &= s_t\,\operatorname{softplus}(\delta_t + b), \\
        h_t &= e^{\Delta_t A} h_{t-1} + \Delta_t\, B_t\, u_t, \\
        y_t &= \Big(\sum_n C_t h_t + D\, u_t\Big)\, \operatorname{silu}(z_t)

    Parameters
    ----------
    u, delta : (B, D, L)
        Input and step size, float32 or float64; float16 and bfloat16 on a GPU. Transposed views of channel-last data
        are taken as they lie, and the output comes back in the layout of ``u``.
    A : (D, N)
        Decay of each state, usually negative; real. At most 256 states.
    B, C : (D, N), (B, N, L) or (B, G, N, L)
        How the input enters and the state is read; ``G`` groups of ``D / G`` channels that lie together.
    D : (D,), optional
        Weight of the input itself in the output.
    z : (B, D, L), optional
        Gate: the output is multiplied by ``silu(z)``.
    delta_bias : (D,), optional
        Added to ``delta``.
    delta_softplus
        Whether the step is :math:`\log(1 + e^{\delta + b})`, or ``delta + delta_bias`` itself.
    return_last_state
        Whether the state after the last step is returned too.
    h0 : (B, D, N), optional
        State before the first step; zero if left out.
    dt_scale : (B, L), optional
        Real time since the step before, in units of the model's step: it multiplies the step after bias and softplus,
        for the decay and the input alike. Ones if left out.
    reset : (B, L), optional
        Boolean; where True the state is forgotten before that step's input comes in.

    Returns
    -------
    y : (B, D, L)
        Output; with ``return_last_state`` the pair of it and the last state, (B, D, N).

    Raises
    ------
    ValueError, TypeError
        If a shape or a dtype does not fit, before any work is done. Complex arguments are refused: a complex diagonal
        is for :func:`marey.scan.linear_recurrence`.

    Notes
    -----
    Arguments, values and return are those of ``selective_scan_fn`` in the package ``mamba-ssm`` for real ``A`` (Gu &
    Dao, "Mamba: Linear-Time Sequence Modeling with Selective State Spaces", arXiv:2312.00752, section 3); ``h0``,
    ``dt_scale``, ``reset`` and the gradient of the last state are added. All floating arguments have one dtype; beside
    float16 or bfloat16 signals ``A``, ``D``, ``delta_bias``, ``h0``, ``dt_scale`` and the last state are float32. The
    state is kept in the signal's dtype, in float32 for 16 bits. A NaN stays in the states that it reached until a
    reset.

    In torch, gradients reach every floating argument from both results. The backward pass starts again from states
    kept every 64 steps (256 on a GPU): linear in L, in time and memory. On the CPU chunks with the state carried,
    batches and threads change no bit.

    Examples
    --------
    One channel of heart rate above baseline with two memories, of 2 and 20 minutes, noted after 1, 1 and 10 minutes:

    >>> import numpy as np
    >>> from marey.scan import selective_scan
    >>> u, ones = np.array([[[10.0, 10.0, 0.0]]]), np.ones((1, 1, 3))
    >>> A = np.array([[-1 / 2, -1 / 20]])
    >>> y = selective_scan(u, ones, A, np.ones((1, 2)), np.ones((1, 2)), dt_scale=np.array([[1.0, 1.0, 10.0]]))
    >>> y.round(2)
    array([[[20.  , 35.58, 11.94]]])
    """
    B, C = _check(u, delta, A, B, C, D, z, delta_bias, h0, dt_scale, reset)
    channels_last = is_channels_last(u)

    def laid(array: Any) -> Any:  # time last, or channel or state last as `u` lies
        if array is None:
            return None
        return contiguous(array.swapaxes(-1, -2) if channels_last and array.ndim > 2 else array)

    signals = (laid(u), laid(delta), contiguous(A), laid(B), laid(C))
    rest = (
        None if D is None else contiguous(D),
        laid(z),
        *(None if a is None else contiguous(a) for a in (delta_bias, h0, dt_scale, reset)),
        delta_softplus,
        channels_last,
    )
    if is_torch(u):
        floating = (u, delta, A, B, C, D, z, delta_bias, h0, dt_scale)
        out, hT, _ = _torch_op()(*signals, *rest, _wants_gradient(floating))
    else:
        out, hT = native.core().selective_scan(*signals, *rest)
    out = out.swapaxes(-1, -2) if channels_last else out
    return (out, hT) if return_last_state else out


def _wants_gradient(tensors: tuple[Any, ...]) -> bool:
    import torch

    return torch.is_grad_enabled() and any(tensor is not None and tensor.requires_grad for tensor in tensors)


def _check(
    u: Any, delta: Any, A: Any, B: Any, C: Any, D: Any, z: Any, delta_bias: Any, h0: Any, dt_scale: Any, reset: Any
) -> tuple[Any, Any]:
    """B and C as (D, N) or (B, G, N, L) with one G."""
    on_gpu = is_torch(u) and u.device.type == "cuda"
    check_dtype("u", u, ("float32", "float64", *(("float16", "bfloat16") if on_gpu else ())))
    signal = dtype_name(u)
    parameter = "float32" if signal in ("float16", "bfloat16") else signal
    for name, array, dtype in (
        ("delta", delta, signal),
        ("A", A, parameter),
        ("B", B, signal),
        ("C", C, signal),
        ("D", D, parameter),
        ("z", z, signal),
        ("delta_bias", delta_bias, parameter),
        ("h0", h0, parameter),
        ("dt_scale", dt_scale, parameter),
    ):
        if array is not None and dtype_name(array) != dtype:
            real = "; real" if dtype_name(array).startswith("complex") else ""
            raise TypeError(f"`{name}` has dtype {dtype_name(array)}; expected {dtype}{real}, with `u` in {signal}")
    if u.ndim != 3:
        raise ValueError(f"`u` has shape {tuple(u.shape)}; expected (B, D, L)")
    batch, channels, length = u.shape
    if A.ndim != 2 or A.shape[0] != channels or A.shape[1] > MOST_STATES:
        raise ValueError(f"`A` has shape {tuple(A.shape)}; expected (D, N) = ({channels}, at most {MOST_STATES})")
    states = A.shape[1]
    check_shape("delta", delta, (batch, channels, length), "(B, D, L)")
    B, C = (_check_input(name, a, batch, channels, states, length) for name, a in (("B", B), ("C", C)))
    for name, array, shape, meaning in (
        ("D", D, (channels,), "(D,)"),
        ("z", z, (batch, channels, length), "(B, D, L)"),
        ("delta_bias", delta_bias, (channels,), "(D,)"),
        ("h0", h0, (batch, channels, states), "(B, D, N)"),
        ("dt_scale", dt_scale, (batch, length), "(B, L)"),
        ("reset", reset, (batch, length), "(B, L)"),
    ):
        if array is not None:
            check_shape(name, array, shape, meaning)
    if reset is not None:
        check_dtype("reset", reset, ("bool",))
    if B.ndim == C.ndim == 4 and B.shape[1] != C.shape[1]:
        groups = max(B.shape[1], C.shape[1])
        B, C = (_in_groups(name, a, groups) for name, a in (("B", B), ("C", C)))
    return B, C


def _check_input(name: str, a: Any, batch: int, channels: int, states: int, length: int) -> Any:
    if a.ndim == 3:
        a = a[:, None]
    if a.ndim == 2:
        check_shape(name, a, (channels, states), "(D, N)")
        return a
    groups = a.shape[1] if a.ndim == 4 else 0
    if groups < 1 or channels % groups != 0:
        raise ValueError(
            f"`{name}` has shape {tuple(a.shape)}; expected (D, N), (B, N, L) or (B, G, N, L) with G dividing D ="
            f" {channels}"
        )
    check_shape(name, a, (batch, groups, states, length), "(B, G, N, L)")
    return a


def _in_groups(name: str, a: Any, groups: int) -> Any:
    if groups % a.shape[1] != 0:
        raise ValueError(f"`{name}` has {a.shape[1]} groups beside {groups}; expected a number that divides it")
    return a.repeat_interleave(groups // a.shape[1], 1) if is_torch(a) else np.repeat(a, groups // a.shape[1], axis=1)


def _torch_op() -> Any:
    import torch

    return torch.ops.marey.selective_scan


def _register_torch() -> None:
    import torch

    @torch.library.register_fake("marey::selective_scan")
    def _(u: Any, delta: Any, A: Any, *rest: Any) -> Any:
        channels_last, save = rest[-2:]
        batch, (channels, states) = u.shape[0], A.shape
        length = u.shape[1 if channels_last else 2]
        steps = CHUNK_STEPS_CUDA if u.device.type == "cuda" else CHUNK_STEPS
        chunks = (length + steps - 1) // steps
        return (
            u.new_empty(u.shape),
            A.new_empty((batch, channels, states)),
            A.new_empty((batch, chunks, states, channels) if save else (0,)),
        )

    @torch.library.register_fake("marey::selective_scan_backward")
    def _(grad_out: Any, grad_hT: Any, u: Any, *rest: Any) -> Any:
        return tuple(u.new_empty((0,)) if a is None else a.new_empty(a.shape) for a in (u, *rest[:9]))

    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        *tensors, ctx.softplus, ctx.channels_last, ctx.saved = inputs
        ctx.save_for_backward(*tensors, output[2])
        ctx.set_materialize_grads(False)

    def backward(ctx: Any, grad_out: Any, grad_hT: Any, _: Any) -> Any:
        *tensors, states = ctx.saved_tensors
        if not ctx.saved:  # a call of the operator itself
            states = torch.ops.marey.selective_scan(*tensors, ctx.softplus, ctx.channels_last, True)[2]
        grads = torch.ops.marey.selective_scan_backward(
            torch.zeros_like(tensors[0]) if grad_out is None else grad_out.contiguous(),
            None if grad_hT is None else grad_hT.contiguous(),
            *tensors,
            states,
            ctx.softplus,
            ctx.channels_last,
        )
        wanted = tuple(None if a is None else g for a, g in zip(tensors[:-1], grads, strict=True))
        return (*wanted, None, None, None, None)

    torch.library.register_autograd("marey::selective_scan", backward, setup_context=setup_context)


def _torch_calls(inputs: Inputs) -> list[tuple[Any, tuple[Any, ...]]]:
    import torch

    def number(name: str) -> Any:  # opcheck compares, and NaN equals nothing
        array = inputs.get(name)
        return None if array is None or name == "reset" else torch.nan_to_num(array)

    B, C = (a[:, None] if a.ndim == 3 else a for a in (inputs["B"], inputs["C"]))
    tensors = (
        *(number(name) for name in ("u", "delta", "A")), B, C,
        *(number(name) for name in ("D", "z", "delta_bias", "h0", "dt_scale")), inputs.get("reset"),
    )  # fmt: skip
    flags = (inputs["delta_softplus"], False)
    operator = torch.ops.marey.selective_scan
    out, hT, states = operator(*tensors, *flags, True)
    gradients = (torch.ones_like(out), torch.ones_like(hT))
    return [
        (operator.default, (*tensors, *flags, True)),
        (operator.default, (*tensors, *flags, False)),
        (torch.ops.marey.selective_scan_backward.default, (*gradients, *tensors, states, *flags)),
    ]


def _case(name: str, *shape: int, tags: str, groups: int = 0, nan: bool = False, without: str = "") -> Case:
    """Shape (B, D, L, N); groups 0: one, without their axis; -1: B and C do not vary; -2: C does, B does not."""

    def make(rng: np.random.Generator) -> Inputs:
        batch, channels, length, states = shape
        constant = rng.normal(size=(channels, states))
        varying = rng.normal(size=(batch, *([groups] if groups > 0 else []), states, length))
        inputs: Inputs = {
            "u": rng.normal(size=(batch, channels, length)),
            "delta": rng.normal(size=(batch, channels, length)),
            "A": -rng.uniform(0.5, 8.0, size=(channels, states)),
            "B": constant if groups < 0 else varying,
            "C": rng.permutation(constant if groups == -1 else varying),
            "D": rng.normal(size=channels),
            "z": rng.normal(size=(batch, channels, length)),
            "delta_bias": rng.uniform(-4.0, 0.0, size=channels),
            "delta_softplus": "softplus" not in without,
            "return_last_state": True,
            "h0": rng.normal(size=(batch, channels, states)),
            "dt_scale": rng.exponential(size=(batch, length)),
            "reset": rng.random((batch, length)) < 0.04,
        }
        if "softplus" in without:
            inputs["delta"] = rng.uniform(0.01, 0.5, size=(batch, channels, length))
            inputs.pop("delta_bias")
        if nan:
            inputs["u"][rng.random(inputs["u"].shape) < 0.02] = np.nan
        return {name: value for name, value in inputs.items() if name not in without.split()}

    return Case(name, make, frozenset(tags.split()))


def _split(inputs: Inputs, t: int) -> tuple[Inputs, Inputs]:
    along = [n for n in ("u", "delta", "z", "dt_scale", "reset", "B", "C") if n in inputs]
    along = [n for n in along if n not in ("B", "C") or inputs[n].ndim > 2]
    first = inputs | {name: inputs[name][..., :t] for name in along}
    second = inputs | {name: inputs[name][..., t:] for name in along}
    return first, second


_PLAIN = "D z h0 dt_scale reset softplus"

SPEC = register(
    OpSpec(
        name="scan.selective_scan",
        function=selective_scan,
        reference=reference,
        cases=(
            _case("everything", 2, 19, 77, 16, tags="odd chunks"),
            _case("plain", 3, 5, 37, 4, tags="odd", without=_PLAIN),
            _case("two groups", 2, 34, 45, 3, tags="odd chunks", groups=2),
            _case("a group a channel", 2, 6, 33, 5, tags="odd", groups=6),
            _case("nothing varies", 2, 18, 41, 8, tags="odd chunks", groups=-1),
            _case("the output alone varies", 2, 9, 35, 7, tags="odd", groups=-2, without="z reset"),
            _case("wide", 1, 150, 40, 2, tags="odd chunks", without="dt_scale"),
            _case("many states", 1, 3, 35, 67, tags="odd", without="D h0"),
            _case("one step", 2, 5, 1, 4, tags="one"),
            _case("no steps", 2, 5, 0, 4, tags="empty"),
            _case("no channels", 2, 0, 7, 4, tags="empty"),
            _case("no states", 2, 3, 7, 0, tags="empty"),
            _case("missing", 2, 9, 80, 4, tags="nan odd chunks", nan=True),
            _case("for gradients", 2, 3, 7, 2, tags="grad"),
            _case("for gradients, plain", 1, 2, 5, 2, tags="grad", without=_PLAIN),
            _case("for gradients, nothing varies", 1, 2, 5, 2, tags="grad", groups=-1),
            _case("for gradients, groups", 1, 4, 4, 2, tags="grad", groups=2, without="reset"),
            _case("large", 3, 150, 200, 16, tags="threads"),
            _case("4 x 256 x 2,048, 16 states", 4, 256, 2048, 16, tags="bench", without="h0 dt_scale reset"),
            _case("1 x 64 x 65,536, 16 states", 1, 64, 65_536, 16, tags="bench", without="h0 dt_scale reset"),
        ),
        backends=frozenset({"numpy", "torch", "compile", "cuda"}),
        native={
            "cpp": "csrc/src/scan/selective_scan.kernel.cpp",
            "cuda": "cuda/kernels/selective_scan.cu",
        },
        tolerance={
            "float64": Tolerance(1e-12, 1e-12, "roundings of decays and sums over the states, damped by the decay"),
            "float32": Tolerance(2e-5, 2e-5, "the state is float32: a few hundred roundings of 6e-8 of values up to 3"),
        },
        halves=("u", "delta", "B", "C", "z"),
        missing="a NaN stays in the states that it reached until a reset",
        differentiable=("u", "delta", "A", "B", "C", "D", "z", "delta_bias", "h0", "dt_scale"),
        register_torch=_register_torch,
        torch_calls=_torch_calls,
        chunks=Chunks(
            _split, lambda inputs: inputs["u"].shape[-1], (), 1, joined=(0,), carry=lambda inputs, out: {"h0": out[1]}
        ),
        batched=(),
    )
)
