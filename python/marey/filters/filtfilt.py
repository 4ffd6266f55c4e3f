"""filtfilt: numerator and denominator forward and backward, without a phase."""

from __future__ import annotations

from functools import partial
from typing import Any, TypeVar

import numpy as np

from marey._runtime.doors import door
from marey._runtime.specs import Case, Inputs, OpSpec, Tolerance, register
from marey.filters._sections import join
from marey.filters._zero_phase import check_padding, register_zero_phase, run_zero_phase, steady_state
from marey.filters.lfilter import check_ba, stable_ba
from marey.reference.filtfilt import filtfilt as reference

__all__ = ["filtfilt"]

ArrayT = TypeVar("ArrayT")


@door("b", "a", "x", halves=("x",))
def filtfilt(b: ArrayT, a: ArrayT, x: ArrayT, padtype: str | None = "odd", padlen: int | None = None) -> ArrayT:
    r"""Filter forward and then backward by a rational transfer function: zero phase, the squared gain.

    Parameters
    ----------
    b : (n_b,), or (..., n_b) for a filter of each channel
        Numerator; divided by :math:`a_0`. It may be float64 beside a float32 signal, and should be.
    a : (n_a,), or (..., n_a)
        Denominator.
    x : (..., T)
        Signal, float32 or float64; any unit.
    padtype : {'odd', 'even', 'constant', None}
        How the signal goes on beyond its ends while it is filtered: turned about the end point, mirrored, held, or not.
    padlen : int, optional
        Samples added at each end, fewer than T; ``3 * max(n_a, n_b)`` if left out.

    Returns
    -------
    y : like ``x``
        Filtered signal.

    Raises
    ------
    ValueError, TypeError
        If a shape or a dtype does not fit, ``x`` is not longer than ``padlen``, :math:`a_0` is zero, or the filter has
        a pole at 1 and so no steady state to start from. (A torch operator tells of coefficients by RuntimeError.)

    Notes
    -----
    Values are those of ``scipy.signal.filtfilt`` with ``method="pad"`` to rounding. State and arithmetic are float64;
    with a float32 signal the pass forward is rounded to float32 once in between. For an order above four or a slow
    cut-off take :func:`sosfiltfilt`. A NaN or an infinity makes its whole channel NaN, without recursion the samples
    within reach. In torch, gradients reach ``b``, ``a`` (through the starting states too) and ``x``; on a GPU the
    operation is composed of two passes of :func:`lfilter`.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.filters import filtfilt
    >>> filtfilt(np.array([0.5, 0.5]), np.array([1.0]), np.array([0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]))
    array([0.  , 0.  , 0.  , 0.25, 0.75, 1.  , 1.  , 1.  ])
    """
    check_ba(b, a, x)
    check_padding(x, padtype, padlen)
    taps = max(b.shape[-1], a.shape[-1])  # type: ignore[attr-defined]
    return run_zero_phase("filtfilt", join(b, a, x), x, padtype, 3 * taps if padlen is None else padlen)  # type: ignore[no-any-return]


def _torch_calls(inputs: Inputs) -> list[tuple[Any, tuple[Any, ...]]]:
    import torch

    x = inputs["x"].nan_to_num()  # opcheck compares by ==
    sections = join(inputs["b"], inputs["a"], x).contiguous()
    arguments = (sections, steady_state(sections).contiguous(), x.flatten(0, -2), 1, 0)
    grad = torch.ones_like(arguments[2])
    return [
        (torch.ops.marey.filtfilt.default, arguments),
        (torch.ops.marey.filtfilt_backward.default, (grad, *arguments)),
    ]


def _inputs(
    rng: np.random.Generator,
    *shape: int,
    n: tuple[int, int] = (4, 4),
    own: bool = False,
    nan: bool = False,
    **options: Any,
) -> Inputs:
    *leading, length = shape
    b, a = stable_ba(rng, *n, *(leading if own else ()))
    x = rng.normal(size=shape)
    if nan:
        x[0, ..., length // 2] = np.nan
    return {"b": b, "a": a, "x": x, **options}


def _case(name: str, *shape: int, tags: str = "", **options: Any) -> Case:
    return Case(name, lambda rng: _inputs(rng, *shape, **options), frozenset(tags.split()))


SPEC = register(
    OpSpec(
        name="filters.filtfilt",
        function=filtfilt,
        reference=reference,
        cases=(
            _case("plain", 3, 11, 37, tags="odd batch"),
            _case("even", 3, 11, 70, tags="odd batch", padtype="even", n=(2, 2)),
            _case("constant", 2, 9, 45, tags="odd batch", padtype="constant", padlen=9, n=(3, 3)),
            _case("not padded", 2, 9, 45, tags="odd batch", padtype=None),
            _case("as long as can be", 2, 9, 45, tags="odd batch", padlen=44),
            _case("one channel, order 8", 4, 1, 133, tags="odd batch", n=(9, 9)),
            _case("no recursion", 2, 3, 90, tags="odd batch", n=(21, 1)),
            _case("a factor", 2, 3, 20, tags="odd batch", n=(1, 1)),
            _case("one step", 2, 5, 1, tags="one batch", padlen=0),
            _case("no channels", 2, 0, 40, tags="empty"),
            _case("a filter each", 2, 9, 50, tags="odd", own=True),
            _case("NaN", 3, 9, 33, tags="nan odd batch", nan=True),
            _case("for gradients", 3, 20, tags="grad"),
            _case("for gradients, a filter each", 2, 3, 11, tags="grad", own=True, n=(3, 2), padlen=4),
            _case("large", 40, 3000, tags="threads"),
            _case("64 x 100,000", 64, 100_000, tags="bench", n=(5, 5)),
        ),
        backends=frozenset({"numpy", "torch", "compile", "cuda"}),
        native={"cpp": "csrc/src/filters/filtfilt.kernel.cpp"},
        tolerance={
            "float64": Tolerance(
                1e-9, 1e-9, "roundings of 1e-16 amplified twice by the poles, up to eight of radius 0.9"
            ),
            "float32": Tolerance(
                1e-4, 1e-3, "the pass forward rounded to float32, 6e-8 of up to 1000, and filtered by a gain of 10"
            ),
        },
        halves=("x",),
        missing="a NaN or infinity makes its whole channel NaN; without recursion, what is within reach",
        differentiable=("b", "a", "x"),
        register_torch=partial(register_zero_phase, "filtfilt", "lfilter"),
        torch_calls=_torch_calls,
        batched=("x",),
    )
)
