"""mingru: the minimal gated recurrent unit, as a parallel recurrence."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from marey._runtime.checks import check_same_dtype, check_shape
from marey._runtime.doors import door, is_torch
from marey._runtime.specs import Case, Chunks, Inputs, OpSpec, Tolerance, register
from marey.reference.mingru import mingru as reference
from marey.scan.linear_recurrence import linear_recurrence

__all__ = ["mingru", "mingru_step"]

ArrayT = TypeVar("ArrayT")


@door("gate", "candidate", "h0", "reset", halves=("gate", "candidate"))
def mingru(gate: ArrayT, candidate: ArrayT, *, h0: Any = None, reset: Any = None) -> tuple[ArrayT, Any]:
    r"""Minimal gated recurrent unit: a gate that does not look at the state.

    .. math:: h_t = (1 - z_t)\, h_{t-1} + z_t\, \tilde h_t, \qquad z_t = \sigma(\mathrm{gate}_t)

    Parameters
    ----------
    gate, candidate : (..., D, T)
        The two linear maps of the input: the gate before its sigmoid, and :math:`\tilde h`; float32 or float64.
    h0 : (..., D), optional
        State before the first step; zero if left out.
    reset : (..., T) or (..., D, T), optional
        Boolean; where True the state is forgotten before that step: :math:`h_t = z_t \tilde h_t`.

    Returns
    -------
    h : (..., D, T)
        State after each step.
    hT : (..., D)
        State after the last step.

    Raises
    ------
    ValueError, TypeError
        If a shape or a dtype does not fit.

    Notes
    -----
    L. Feng, F. Tung, M. O. Ahmed, Y. Bengio, H. Hajimirsadeghi, Were RNNs all we needed?, arXiv:2410.01201, 2024,
    sec. 3.1.
    The paper scans in log space because its scan multiplies coefficients together; :func:`linear_recurrence` does not,
    so states may have any sign. Streaming is this same call with the state passed on, or :func:`mingru_step`. In torch,
    gradients reach ``gate``, ``candidate`` and ``h0`` from both results.

    Examples
    --------
    A gate half open moves half of the way to the candidate:

    >>> import numpy as np
    >>> from marey.scan import mingru
    >>> mingru(np.zeros((1, 3)), np.full((1, 3), 8.0))[0]
    array([[4., 6., 7.]])
    """
    check_shape("candidate", candidate, tuple(gate.shape), "that of `gate`")  # type: ignore[attr-defined]
    check_same_dtype("candidate", candidate, "gate", gate)
    return linear_recurrence(_sigmoid(-gate), _sigmoid(gate) * candidate, h0=h0, reset=reset)  # type: ignore[operator]


@door("gate", "candidate", "h")
def mingru_step(gate: ArrayT, candidate: ArrayT, h: ArrayT) -> ArrayT:
    """One step of :func:`mingru`: the state after it, from the state ``h`` before.

    Parameters
    ----------
    gate, candidate, h : (..., D)
        The gate before its sigmoid, the candidate, and the state.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.scan import mingru_step
    >>> mingru_step(np.zeros(1), np.full(1, 8.0), np.zeros(1))
    array([4.])
    """
    return _sigmoid(-gate) * h + _sigmoid(gate) * candidate  # type: ignore[operator,no-any-return]


def _sigmoid(x: Any) -> Any:
    if is_torch(x):
        return x.sigmoid()
    with np.errstate(over="ignore"):  # exp of a gate far from zero: the quotient is 0 or 1 as it should be
        return (1 / (1 + np.exp(-x))).astype(x.dtype, copy=False)


def _inputs(rng: np.random.Generator, *shape: int, state: bool = True, reset: str = "", nan: bool = False) -> Inputs:
    *leading, channels, length = shape
    inputs: Inputs = {"gate": 2 * rng.normal(size=shape), "candidate": rng.normal(size=shape)}
    if state:
        inputs["h0"] = rng.normal(size=(*leading, channels))
    if reset:
        inputs["reset"] = rng.random(shape if reset == "own" else (*leading, length)) < 0.1
    if nan:
        inputs["candidate"][..., length // 3] = np.nan
    return inputs


def _split(inputs: Inputs, t: int) -> tuple[Inputs, Inputs]:
    first = {name: a if name == "h0" else a[..., :t] for name, a in inputs.items()}
    second = {name: a if name == "h0" else a[..., t:] for name, a in inputs.items()}
    return first, second


def _case(name: str, *shape: int, tags: str = "", **options: Any) -> Case:
    return Case(name, lambda rng: _inputs(rng, *shape, **options), frozenset(tags.split()))


SPEC = register(
    OpSpec(
        name="scan.mingru",
        function=mingru,
        reference=reference,
        cases=(
            _case("plain", 3, 11, 37, tags="odd batch", state=False),
            _case("state", 2, 3, 9, 50, tags="batch chunks"),
            _case("one channel", 4, 1, 133, tags="odd batch chunks", reset="shared"),
            _case("one step", 2, 5, 1, tags="one batch"),
            _case("no steps", 2, 5, 0, tags="empty"),
            _case("NaN and resets", 2, 9, 61, tags="nan odd batch chunks", reset="own", nan=True),
            _case("for gradients", 2, 3, 7, tags="grad", reset="own"),
            _case("large", 12, 24, 1000, tags="threads"),
            _case("16 x 256 x 1,024", 16, 256, 1024, tags="bench"),
        ),
        backends=frozenset({"numpy", "torch", "compile", "cuda"}),
        native={},
        tolerance={
            "float64": Tolerance(1e-13, 1e-13, "one rounding of the multiply-add a step, damped by the gate"),
            "float32": Tolerance(2e-6, 2e-6, "the sigmoids rounded to float32, 6e-8 a step, damped by the gate"),
        },
        halves=("gate", "candidate"),
        missing="a NaN stays in the state up to the next reset",
        differentiable=("gate", "candidate", "h0"),
        chunks=Chunks(_split, lambda inputs: inputs["gate"].shape[-1], "h0", 1, joined=(0,)),
        batched=("gate", "candidate", "h0", "reset"),
        same_bits=False,  # torch's sigmoid rounds otherwise in the tail of a row
    )
)
