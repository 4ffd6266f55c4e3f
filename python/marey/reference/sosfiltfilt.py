"""Second-order sections forward and backward over the extended signal."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from marey.reference.filtfilt import extend, settled
from marey.reference.sosfilt import sosfilt

__all__ = ["sosfiltfilt"]


def sosfiltfilt(
    sos: ArrayLike, x: ArrayLike, padtype: str | None = "odd", padlen: int | None = None
) -> NDArray[np.float64]:
    """See :func:`marey.filters.sosfiltfilt`."""
    sos, x = np.asarray(sos, dtype=np.float64), np.asarray(x, dtype=np.float64)
    if padlen is None:
        each = sos.reshape(-1, *sos.shape[-2:])
        at_origin = min(np.all(each[..., k] == 0, axis=0).sum() for k in (2, 5))
        padlen = 3 * int(2 * sos.shape[-2] + 1 - at_origin)
    padlen = 0 if padtype is None else padlen
    extended = extend(x, padtype, padlen)
    forth = _from_steady_state(sos, extended)
    back = _from_steady_state(sos, forth[..., ::-1])[..., ::-1]
    return np.array(back[..., padlen : padlen + x.shape[-1]])


def _from_steady_state(sos: Any, x: Any) -> Any:
    zi, level = [], x[..., 0]
    for s in range(sos.shape[-2]):
        b, a = sos[..., s, :3], sos[..., s, 3:]
        zi.append(settled(b, a) * level[..., None])
        level = level * b.sum(-1) / a.sum(-1)
    return sosfilt(sos, x, zi=np.stack(zi))[0]
