"""lti_ssm: a linear state space layer, from its input to its output."""

from __future__ import annotations

from typing import Any, TypeVar

from marey._runtime.checks import check_dtype, check_same_dtype, check_shape, dtype_name
from marey._runtime.doors import door, is_torch
from marey.scan.s5_scan import s5_scan

__all__ = ["lti_ssm"]

ArrayT = TypeVar("ArrayT")


@door("x", "Lambda", "dt", "B", "C", "D", "h0", "reset")
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
