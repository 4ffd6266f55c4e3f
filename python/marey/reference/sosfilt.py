"""Second-order sections in transposed direct form II, one sample and one section at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["sosfilt"]


def sosfilt(sos: ArrayLike, x: ArrayLike, *, zi: ArrayLike | None = None, reset: ArrayLike | None = None) -> Any:
    """See :func:`marey.filters.sosfilt`."""
    sos, x = (np.asarray(a, dtype=np.float64) for a in (sos, x))
    sos = sos / sos[..., 3:4]
    n_sections = sos.shape[-2]
    marks = np.broadcast_to(False if reset is None else np.asarray(reset), x.shape)
    z = np.zeros((n_sections, *x.shape[:-1], 2)) if zi is None else np.array(zi, dtype=np.float64)
    y = np.empty(x.shape)
    with np.errstate(invalid="ignore"):
        for t in range(x.shape[-1]):
            z[:, marks[..., t]] = 0.0
            signal = x[..., t]
            for s in range(n_sections):
                b0, b1, b2, _, a1, a2 = np.moveaxis(sos[..., s, :], -1, 0)
                out = b0 * signal + z[s, ..., 0]
                z[s, ..., 0] = b1 * signal - a1 * out + z[s, ..., 1]
                z[s, ..., 1] = b2 * signal - a2 * out
                signal = out
            y[..., t] = signal
    return y if zi is None else (y, z)
