"""lti_ssm: a linear state space layer, from its input to its output."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from marey._runtime.checks import check_dtype, check_same_dtype, check_shape, dtype_name
from marey._runtime.doors import door, is_torch
from marey._runtime.specs import Case, Chunks, Inputs, OpSpec, Tolerance, register
from marey.reference.lti_ssm import lti_ssm as reference
from marey.scan.s5_scan import s5_scan

__all__ = ["lti_ssm"]

ArrayT = TypeVar("ArrayT")


@door("x", "Lambda", "dt", "B", "C", "D", "h0", "reset", halves=("x",))
def lti_ssm(
    x: ArrayT,
    Lambda: Any,
    dt: Any,
    B: Any,
    C: Any,
    D: Any = None,
    *,
    conj_sym: bool = False,
    h0: Any = None,
    reset: Any = None,
) -> tuple[ArrayT, Any]:
    r"""Linear state space with a diagonal complex state matrix, every sample held over a time step of its own.

    .. math:: y_t = \Re(C\, h_t) + D\, x_t, \qquad \dot h = \Lambda h + B x

    Parameters
    ----------
    x : (..., H, T)
        Input, float32 or float64.
    Lambda : (P,)
        Eigenvalues per unit of time, complex of the precision of ``x``.
    dt : (..., T)
        Time since the sample before, of the dtype of ``x``.
    B : (P, H)
        Input matrix, complex.
    C : (H_out, P)
        Output matrix, complex.
    D : (H,) or (H_out, H), optional
        Feed-through, real: (H,) for a channel to itself.
    conj_sym : bool
        The P states stand for P conjugate pairs: :math:`y_t = 2\,\Re(C h_t) + D x_t`.
    h0 : (..., P), optional
        State before the first sample; zero if left out.
    reset : (..., T), optional
        Boolean; where True the state is forgotten before that sample's input.

    Returns
    -------
    y : (..., H_out, T)
        Output.
    hT : (..., P)
        State at the last sample.

    Raises
    ------
    ValueError, TypeError
        If a shape or a dtype does not fit.

    Notes
    -----
    The matrix products are BLAS's, in real arithmetic; the scan is :func:`s5_scan`, which has the discretisation. In
    torch, gradients reach every array from both results. Chunks equal the whole to rounding.
    J. T. H. Smith, A. Warrington, S. W. Linderman, Simplified state space layers for sequence modeling, ICLR 2023.

    Examples
    --------
    A low-pass of one second on a step, sampled a half, one and two seconds after the sample before:

    >>> import numpy as np
    >>> from marey.scan import lti_ssm
    >>> one = np.ones((1, 1), complex)
    >>> y, hT = lti_ssm(np.ones((1, 3)), np.array([-1.0 + 0j]), np.array([0.5, 1.0, 2.0]), one, one)
    >>> y.round(3)
    array([[0.393, 0.777, 0.97 ]])
    """
    _check(x, Lambda, B, C, D)
    driven = _join(B.real @ x, B.imag @ x)
    h, hT = s5_scan(driven, Lambda, dt, h0=h0, reset=reset)
    y = C.real @ h.real - C.imag @ h.imag
    if conj_sym:
        y = 2 * y
    if D is not None:
        y = y + (D[:, None] * x if D.ndim == 1 else D @ x)
    return y, hT


def _join(real: Any, imaginary: Any) -> Any:
    if is_torch(real):
        import torch

        return torch.complex(real, imaginary)
    return real + 1j * imaginary


def _check(x: Any, Lambda: Any, B: Any, C: Any, D: Any) -> None:
    check_dtype("x", x, ("float32", "float64"))
    if x.ndim < 2:
        raise ValueError(f"`x` has shape {tuple(x.shape)}; expected (..., H, T)")
    wanted = "complex64" if dtype_name(x) == "float32" else "complex128"
    for name, array in (("Lambda", Lambda), ("B", B), ("C", C)):
        check_dtype(name, array, (wanted,))
    if Lambda.ndim != 1:
        raise ValueError(f"`Lambda` has shape {tuple(Lambda.shape)}; expected (P,)")
    states, inputs = Lambda.shape[0], x.shape[-2]
    check_shape("B", B, (states, inputs), "(P, H)")
    if C.ndim != 2 or C.shape[1] != states:
        raise ValueError(f"`C` has shape {tuple(C.shape)}; expected (H_out, P) with P = {states}")
    if D is None:
        return
    check_same_dtype("D", D, "x", x)
    if tuple(D.shape) not in {(C.shape[0], inputs), (inputs,)}:
        raise ValueError(f"`D` has shape {tuple(D.shape)}; expected (H,) = ({inputs},) or (H_out, H)")
    if D.ndim == 1 and C.shape[0] != inputs:
        raise ValueError(f"`D` has shape {tuple(D.shape)}, a channel to itself; `C` gives {C.shape[0]} of {inputs}")


def _inputs(
    rng: np.random.Generator,
    *shape: int,
    states: int = 6,
    outputs: int = 0,
    state: bool = True,
    reset: bool = False,
    nan: bool = False,
    **options: Any,
) -> Inputs:
    *leading, channels, length = shape

    def normal(*sizes: int) -> np.ndarray[Any, Any]:
        return rng.normal(size=sizes) + 1j * rng.normal(size=sizes)

    inputs: Inputs = {
        "x": rng.normal(size=shape),
        "Lambda": -rng.uniform(0.05, 2.0, states) + 1j * rng.uniform(-8.0, 8.0, states),
        "dt": rng.exponential(0.3, size=(*leading, length)),
        "B": normal(states, channels) / max(channels, 1) ** 0.5,
        "C": normal(outputs or channels, states) / states**0.5,
        "D": rng.normal(size=(outputs, channels) if outputs else (channels,)),
    }
    if state:
        inputs["h0"] = normal(*leading, states)
    if reset:
        inputs["reset"] = rng.random((*leading, length)) < 0.1
    if nan:
        inputs["x"][..., length // 3] = np.nan
    return inputs | options


def _split(inputs: Inputs, t: int) -> tuple[Inputs, Inputs]:
    along = ("x", "dt", "reset")
    first = {name: a[..., :t] if name in along else a for name, a in inputs.items()}
    second = {name: a[..., t:] if name in along else a for name, a in inputs.items()}
    return first, second


def _case(name: str, *shape: int, tags: str = "", **options: Any) -> Case:
    return Case(name, lambda rng: _inputs(rng, *shape, **options), frozenset(tags.split()))


SPEC = register(
    OpSpec(
        name="scan.lti_ssm",
        function=lti_ssm,
        reference=reference,
        cases=(
            _case("plain", 3, 4, 37, tags="odd batch", state=False),
            _case("other outputs", 2, 3, 4, 50, tags="batch chunks", outputs=7),
            _case("conjugate pairs", 2, 5, 41, tags="odd batch chunks", conj_sym=True),
            _case("one step", 2, 5, 1, tags="one batch"),
            _case("no steps", 2, 5, 0, tags="empty"),
            _case("NaN and resets", 2, 3, 61, tags="nan odd batch chunks", reset=True, nan=True),
            _case("for gradients", 2, 3, 5, tags="grad", states=4, reset=True),
            _case("for gradients, other outputs", 2, 5, tags="grad", states=3, outputs=2, conj_sym=True),
            _case("large", 6, 8, 1000, tags="threads", states=24),
            _case("8 x 16 x 4,096, 64 states", 8, 16, 4096, tags="bench", states=64),
        ),
        backends=frozenset({"numpy", "torch", "compile", "cuda"}),
        native={},
        tolerance={
            "float64": Tolerance(1e-12, 1e-12, "the scan's, see s5_scan, and sums over inputs and states"),
            "float32": Tolerance(
                2e-5, 2e-5, "driven input and state rounded to float32, 6e-8, and summed over states of size 10"
            ),
        },
        halves=("x",),
        missing="a NaN stays in the state up to the next reset",
        differentiable=("x", "Lambda", "dt", "B", "C", "D", "h0"),
        chunks=Chunks(_split, lambda inputs: inputs["x"].shape[-1], "h0", 1, joined=(0,), wide_state=False),
        batched=("x", "dt", "h0", "reset"),
        same_bits=False,  # BLAS's blocking follows the shapes
    )
)
