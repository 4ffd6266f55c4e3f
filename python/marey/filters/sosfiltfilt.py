"""sosfiltfilt: second-order sections forward and backward, without a phase."""

from __future__ import annotations

from functools import partial
from typing import Any, TypeVar

import numpy as np

from marey._runtime.doors import door
from marey._runtime.specs import Case, Inputs, OpSpec, Tolerance, register
from marey.filters._zero_phase import check_padding, register_zero_phase, run_zero_phase, steady_state
from marey.filters.sosfilt import check_sos, stable_sections
from marey.reference.sosfiltfilt import sosfiltfilt as reference

__all__ = ["sosfiltfilt"]

ArrayT = TypeVar("ArrayT")


@door("sos", "x", halves=("x",))
def sosfiltfilt(sos: ArrayT, x: ArrayT, padtype: str | None = "odd", padlen: int | None = None) -> ArrayT:
    r"""Filter forward and then backward through second-order sections: zero phase, the squared gain.

    Parameters
    ----------
    sos : (n_sections, 6), or (..., n_sections, 6) for a filter of each channel
        Rows :math:`b_0, b_1, b_2, a_0, a_1, a_2`; each is divided by its :math:`a_0`. It may be float64 beside a
        float32 signal, and should be.
    x : (..., T)
        Signal, float32 or float64; any unit.
    padtype : {'odd', 'even', 'constant', None}
        How the signal goes on beyond its ends while it is filtered: turned about the end point, mirrored, held, or not.
    padlen : int, optional
        Samples added at each end, fewer than T. SciPy's default: three times ``2 * n_sections + 1`` less the number of
        sections whose :math:`b_2`, or whose :math:`a_2`, is zero, whichever are fewer.

    Returns
    -------
    y : like ``x``
        Filtered signal.

    Raises
    ------
    ValueError, TypeError
        If a shape or a dtype does not fit, ``x`` is not longer than ``padlen``, an :math:`a_0` is zero, or the filter
        has a pole at 1 and so no steady state to start from. (A torch operator tells of coefficients by RuntimeError.)

    Notes
    -----
    Values are those of ``scipy.signal.sosfiltfilt`` to rounding: both passes start in the steady state of their first
    sample (F. Gustafsson, Determining the initial states in forward-backward filtering, IEEE Trans. Signal Process.
    44(4), 1996, describes the problem). State and arithmetic are float64; with a float32 signal the pass forward is
    rounded to float32 once in between. A NaN or an infinity makes its whole channel NaN. In torch, gradients reach
    ``sos`` (through the starting states too) and ``x``; on a GPU the operation is composed of two passes of
    :func:`sosfilt`.

    Examples
    --------
    A step smoothed without moving it:

    >>> import numpy as np
    >>> from marey.filters import sosfiltfilt
    >>> sos = np.array([[0.5, 0.5, 0.0, 1.0, 0.0, 0.0]])
    >>> sosfiltfilt(sos, np.array([0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]))
    array([0.  , 0.  , 0.  , 0.25, 0.75, 1.  , 1.  , 1.  ])
    """
    sections = check_sos(sos, x)
    check_padding(x, padtype, padlen)
    return run_zero_phase("sosfiltfilt", sections, x, padtype, -1 if padlen is None else padlen)  # type: ignore[no-any-return]


def _torch_calls(inputs: Inputs) -> list[tuple[Any, tuple[Any, ...]]]:
    import torch

    x, sos = inputs["x"].nan_to_num(), inputs["sos"]  # opcheck compares by ==
    sections = sos[None] if sos.ndim == 2 else sos.flatten(0, -3)
    arguments = (sections, steady_state(sections).contiguous(), x.flatten(0, -2), 1, -1 if x.shape[-1] > 50 else 0)
    grad = torch.ones_like(arguments[2])
    return [
        (torch.ops.marey.sosfiltfilt.default, arguments),
        (torch.ops.marey.sosfiltfilt_backward.default, (grad, *arguments)),
    ]


def _inputs(
    rng: np.random.Generator, *shape: int, sections: int = 2, own: bool = False, nan: bool = False, **options: Any
) -> Inputs:
    *leading, length = shape
    x = rng.normal(size=shape)
    if nan:
        x[0, ..., length // 2] = np.nan
    return {"sos": stable_sections(rng, *(leading if own else ()), sections, slowest=0.8), "x": x, **options}


def _case(name: str, *shape: int, tags: str = "", **options: Any) -> Case:
    return Case(name, lambda rng: _inputs(rng, *shape, **options), frozenset(tags.split()))


SPEC = register(
    OpSpec(
        name="filters.sosfiltfilt",
        function=sosfiltfilt,
        reference=reference,
        cases=(
            _case("plain", 3, 11, 37, tags="odd batch"),
            _case("even", 3, 11, 70, tags="odd batch", padtype="even"),
            _case("constant", 2, 9, 45, tags="odd batch", padtype="constant", padlen=9),
            _case("not padded", 2, 9, 45, tags="odd batch", padtype=None),
            _case("as long as can be", 2, 9, 45, tags="odd batch", padlen=44),
            _case("one channel", 4, 1, 133, tags="odd batch", sections=3),
            _case("seven sections", 2, 3, 90, tags="odd batch", sections=7),
            _case("one step", 2, 5, 1, tags="one batch", padlen=0),
            _case("no channels", 2, 0, 40, tags="empty"),
            _case("a filter each", 2, 9, 50, tags="odd", own=True),
            _case("NaN", 3, 9, 33, tags="nan odd batch", nan=True),
            _case("for gradients", 3, 20, tags="grad"),
            _case("for gradients, a filter each", 2, 3, 11, tags="grad", own=True, sections=1, padlen=4),
            _case("for gradients, even", 2, 12, tags="grad", padtype="even", padlen=5),
            _case("for gradients, constant", 2, 12, tags="grad", padtype="constant", padlen=5),
            _case("for gradients, not padded", 2, 12, tags="grad", padtype=None),
            _case("large", 40, 3000, tags="threads"),
            _case("64 x 100,000", 64, 100_000, tags="bench"),
        ),
        backends=frozenset({"numpy", "torch", "compile", "cuda"}),
        native={"cpp": "csrc/src/filters/sosfiltfilt.kernel.cpp"},
        tolerance={
            "float64": Tolerance(1e-11, 1e-11, "roundings of 1e-16 amplified by the poles and the squared gain"),
            "float32": Tolerance(
                1e-4, 1e-4, "the pass forward rounded to float32, 6e-8 of up to 1000, and filtered by a gain of 10"
            ),
        },
        halves=("x",),
        missing="a NaN or infinity makes its whole channel NaN",
        differentiable=("sos", "x"),
        register_torch=partial(register_zero_phase, "sosfiltfilt", "sosfilt"),
        torch_calls=_torch_calls,
        batched=("x",),
    )
)
