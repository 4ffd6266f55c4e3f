"""y_t = Re(C h_t) + D x_t over the states of a held input B x_t."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from marey.reference.s5_scan import s5_scan

__all__ = ["lti_ssm"]


def lti_ssm(
    x: ArrayLike,
    Lambda: ArrayLike,
    dt: ArrayLike,
    B: ArrayLike,
    C: ArrayLike,
    D: ArrayLike | None = None,
    *,
    conj_sym: bool = False,
    h0: ArrayLike | None = None,
    reset: ArrayLike | None = None,
) -> tuple[NDArray[Any], NDArray[Any]]:
    """See :func:`marey.scan.lti_ssm`."""
    x = np.asarray(x, np.float64)
    h, hT = s5_scan(np.einsum("ph,...ht->...pt", np.asarray(B), x), Lambda, dt, h0=h0, reset=reset)
    y = (2 if conj_sym else 1) * np.einsum("op,...pt->...ot", np.asarray(C), h).real
    if D is not None:
        D = np.asarray(D, np.float64)
        y = y + np.einsum("oh,...ht->...ot", np.diag(D) if D.ndim == 1 else D, x)
    return y, hT
