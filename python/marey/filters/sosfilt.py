"""sosfilt: a cascade of second-order sections."""

from __future__ import annotations

import math
from functools import partial
from typing import Any, TypeVar

import numpy as np

from marey._runtime.checks import check_dtype
from marey._runtime.doors import door, is_torch
from marey._runtime.specs import Case, Chunks, Inputs, OpSpec, Tolerance, register
from marey.filters._sections import (
    check_signal,
    check_state,
    contiguous,
    per_row,
    register_filter,
    run_filter,
    to_double,
)
from marey.reference.sosfilt import sosfilt as reference

__all__ = ["sosfilt"]

ArrayT = TypeVar("ArrayT")


@door("sos", "x", "zi", "reset", halves=("x",))
def sosfilt(sos: ArrayT, x: ArrayT, *, zi: ArrayT | None = None, reset: ArrayT | None = None) -> Any:
    r"""Filter a signal through second-order sections, one after the other.

    Each section is :math:`y_t = b_0 x_t + b_1 x_{t-1} + b_2 x_{t-2} - a_1 y_{t-1} - a_2 y_{t-2}`, kept as the two
    states of the transposed direct form II.

    Parameters
    ----------
    sos : (n_sections, 6), or (..., n_sections, 6) for a filter of each channel
        Rows :math:`b_0, b_1, b_2, a_0, a_1, a_2`, as ``scipy.signal.butter(..., output="sos")`` gives them; each is
        divided by its :math:`a_0`. It may be float64 beside a float32 signal, and should be: a slow filter's poles
        do not survive rounding to float32.
    x : (..., T)
        Signal, float32 or float64; any unit.
    zi : (n_sections, ..., 2), optional
        State before the first sample, SciPy's. It may be float64 beside a float32 signal, and then ``zf`` is too.
    reset : (T,) or (..., T), optional
        Boolean; where True the state is zero before that sample, as if a new signal began: at gaps and non-wear.

    Returns
    -------
    y : like ``x``
        Filtered signal.
    zf : like ``zi``
        State after the last sample; only if ``zi`` is given.

    Raises
    ------
    ValueError, TypeError
        If a shape or a dtype does not fit, or an :math:`a_0` is zero.

    Notes
    -----
    Streaming is this same call: pass ``zf`` on as ``zi``. On the CPU, chunks of any size then equal the whole bit for
    bit (with a float64 ``zi``), on any number of threads. Values are those of ``scipy.signal.sosfilt`` to rounding; the
    output keeps the dtype of ``x``, while state and arithmetic are float64 always. A NaN or an infinity reaches every
    later sample of its channel up to the next reset, as the recursion demands. On a GPU at most eight sections run in
    one call, an infinity may come out as NaN, and an :math:`a_0` of zero is not refused but gives NaN.

    In torch, gradients reach ``sos``, ``x`` and ``zi`` from both results by a filter run backward in time: with
    :math:`Y_t = \partial L/\partial y_t`, :math:`Y_t = \bar y_t - a_1 Y_{t+1} - a_2 Y_{t+2}`,
    :math:`\partial L/\partial x_t = b_0 Y_t + b_1 Y_{t+1} + b_2 Y_{t+2}`,
    :math:`\partial L/\partial b_i = \sum_t Y_{t+i} x_t`, :math:`\partial L/\partial a_i = -\sum_t Y_{t+i} y_t`
    (C.-Y. Yu, G. Fazekas, Singing voice synthesis using differentiable LPC, ISMIR 2023, sec. 3).

    Examples
    --------
    A moving average of two samples, fed in two chunks:

    >>> import numpy as np
    >>> from marey.filters import sosfilt
    >>> sos = np.array([[0.5, 0.5, 0.0, 1.0, 0.0, 0.0]])
    >>> y, zf = sosfilt(sos, np.array([1.0, 3.0]), zi=np.zeros((1, 2)))
    >>> y, zf
    (array([0.5, 2. ]), array([[1.5, 0. ]]))
    >>> sosfilt(sos, np.array([5.0]), zi=zf)[0]
    array([4.])
    """
    sections = check_sos(sos, x)
    *leading, _ = x.shape  # type: ignore[attr-defined]
    n_sections, channels = sections.shape[1], math.prod(leading)
    if zi is not None:
        check_state(zi, x, (n_sections, *leading, 2), "(n_sections, ..., 2)")
    state = None if zi is None else to_double(zi).reshape(n_sections, channels, 2)
    y, zf = run_filter("sosfilt", sections, x, state, None if reset is None else _marks(reset, x))
    if zi is None:
        return y
    zf = zf.reshape(n_sections, *leading, 2)
    return y, zf.to(zi.dtype) if is_torch(zi) else zf.astype(zi.dtype, copy=False)  # type: ignore[attr-defined]


def check_sos(sos: Any, x: Any) -> Any:
    check_signal(x, ("sos", sos))
    if sos.ndim < 2 or sos.shape[-1] != 6 or sos.shape[-2] < 1:
        raise ValueError(f"`sos` has shape {tuple(sos.shape)}; expected (n_sections, 6) or (..., n_sections, 6)")
    return contiguous(per_row("sos", to_double(sos), 2, x))


def _marks(reset: Any, x: Any) -> Any:
    check_dtype("reset", reset, ("bool",))
    if reset.ndim < 1 or reset.shape[-1] != x.shape[-1]:
        raise ValueError(f"`reset` has shape {tuple(reset.shape)}; expected (T,) or (..., T) with T = {x.shape[-1]}")
    return contiguous(per_row("reset", reset, 1, x))


def _torch_calls(inputs: Inputs) -> list[tuple[Any, tuple[Any, ...]]]:
    import torch

    x = inputs["x"].nan_to_num(0.0, 0.0, 0.0)  # opcheck compares by ==
    x = x.reshape(math.prod(x.shape[:-1]), x.shape[-1])
    sections, zi, reset = inputs["sos"], inputs.get("zi"), inputs.get("reset")
    sections = sections[None] if sections.ndim == 2 else sections.flatten(0, -3)
    zi = None if zi is None else zi.reshape(zi.shape[0], x.shape[0], 2)
    reset = None if reset is None else reset.reshape(-1, reset.shape[-1])
    arguments = (sections, x, zi, reset)
    y, zf = torch.ops.marey.sosfilt(*arguments)
    return [
        (torch.ops.marey.sosfilt.default, arguments),
        (torch.ops.marey.sosfilt_backward.default, (torch.ones_like(y), torch.ones_like(zf), *arguments, True)),
    ]


def stable_sections(rng: np.random.Generator, *shape: int, slowest: float = 0.95) -> np.ndarray[Any, Any]:
    """Random sections (*shape, 6), their poles inside the circle of radius ``slowest``."""
    radius, angle = rng.uniform(0.3, slowest, shape), rng.uniform(0.1, 3.0, shape)
    b = rng.normal(size=(*shape, 3))
    return np.concatenate(
        [b, np.ones((*shape, 1)), np.stack([-2 * radius * np.cos(angle), radius**2], axis=-1)], axis=-1
    )


def _inputs(
    rng: np.random.Generator,
    *shape: int,
    sections: int = 2,
    own: bool = False,
    state: bool = False,
    reset: str = "",
    nan: bool = False,
) -> Inputs:
    *leading, length = shape
    inputs: Inputs = {
        "sos": stable_sections(rng, *(leading if own else ()), sections),
        "x": rng.normal(size=shape),
    }
    if state:
        inputs["zi"] = rng.normal(size=(sections, *leading, 2))
    if reset:
        inputs["reset"] = rng.random(shape if reset == "own" else (length,)) < 0.1
    if nan:
        inputs["x"][..., length // 2] = np.nan
        inputs["x"][..., -1] = np.inf
    return inputs


def _split(inputs: Inputs, t: int) -> tuple[Inputs, Inputs]:
    along = ("x", "reset")
    first = {name: a[..., :t] if name in along else a for name, a in inputs.items()}
    second = {name: a[..., t:] if name in along else a for name, a in inputs.items()}
    return first, second


def _case(name: str, *shape: int, tags: str = "", **options: Any) -> Case:
    return Case(name, lambda rng: _inputs(rng, *shape, **options), frozenset(tags.split()))


SPEC = register(
    OpSpec(
        name="filters.sosfilt",
        function=sosfilt,
        reference=reference,
        cases=(
            _case("plain", 3, 11, 37, tags="odd batch"),
            _case("one channel", 4, 1, 133, tags="odd batch", sections=3),
            _case("state", 2, 9, 150, tags="odd chunks", state=True),
            _case("one channel with state", 75, tags="odd chunks", state=True, sections=1),
            _case("seven sections", 3, 90, tags="chunks", state=True, sections=7),
            _case("one step", 2, 5, 1, tags="one batch"),
            _case("one step with state", 5, 1, tags="one chunks", state=True),
            _case("no steps", 2, 5, 0, tags="empty", state=True),
            _case("no channels", 0, 7, tags="empty"),
            _case("a filter each", 2, 9, 50, tags="odd chunks", own=True, state=True),
            _case("resets", 3, 10, 133, tags="odd batch", reset="own"),
            _case("resets with state", 10, 133, tags="odd chunks", reset="own", state=True),
            _case("shared resets", 3, 10, 70, tags="chunks", reset="shared", state=True),
            _case("NaN", 3, 9, 33, tags="nan odd batch", nan=True),
            _case("NaN and resets", 9, 133, tags="nan odd", nan=True, reset="own"),
            _case("for gradients", 3, 9, tags="grad", state=True),
            _case("for gradients, a filter each", 2, 3, 8, tags="grad", own=True, state=True, sections=1),
            _case("for gradients, resets", 2, 12, tags="grad", reset="own", state=True),
            _case("large", 40, 3000, tags="threads", state=True),
            _case("large, a filter each", 33, 3000, tags="threads", own=True, reset="own"),
            _case("64 x 100,000", 64, 100_000, tags="bench"),
            _case("1 x 8,640,000", 1, 8_640_000, tags="bench"),
            _case("4,096 x 1,000", 4096, 1000, tags="bench"),
        ),
        backends=frozenset({"numpy", "torch", "compile", "cuda"}),
        native={"cpp": "csrc/src/filters/sosfilt.kernel.cpp", "cuda": "cuda/kernels/sosfilt.cu"},
        tolerance={
            "float64": Tolerance(
                1e-11, 1e-11, "roundings of 1e-16 amplified by the poles and the gain of the sections"
            ),
            "float32": Tolerance(1.3e-7, 1e-11, "computed in float64 and rounded once: half a unit of float32, 6e-8"),
        },
        halves=("x",),
        missing="a NaN or infinity reaches every later sample of its channel up to the next reset",
        differentiable=("sos", "x", "zi"),
        register_torch=partial(register_filter, "sosfilt"),
        torch_calls=_torch_calls,
        chunks=Chunks(_split, lambda inputs: inputs["x"].shape[-1], "zi", 1, joined=(0,)),
        batched=("x", "reset"),
    )
)
