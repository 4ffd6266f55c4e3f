"""mmatrix_profile: the nearest neighbours of windows of several channels, by as many of them as agree best."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from marey._runtime import native
from marey.profile._series import as_series, default_exclusion, whole

__all__ = ["mmatrix_profile"]

_MOST_CHANNELS = 32


def mmatrix_profile(
    t: Any, m: int, *, other: Any = None, exclusion: int | None = None
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """For every window of several channels the nearest one, of the same recording or of another, by 1, ..., d channels.

    Parameters
    ----------
    t : (d, n)
        Channels of one recording, 1 to 32, each in its own unit.
    m : int
        Values in a window, at least 3.
    other : (d, n'), optional
        Look for the neighbours in this recording of the same channels (an AB-join); all its windows count.
    exclusion : int, optional
        As in `matrix_profile`.

    Returns
    -------
    distance : (d, n - m + 1) float64
        Row k - 1: the least mean of the k smallest of the channels' z-normalised distances; inf where there is none.
    index : (d, n - m + 1) int64
        Where that window begins; -1 where there is none.

    Raises
    ------
    ValueError, TypeError
        If a shape, a dtype or a value does not fit.

    Notes
    -----
    The k-dimensional profile of Yeh, Kavantzas and Keogh (ICDM 2017), in stumpy's convention (`mstump`): which channels
    count is chosen anew for each pair. Exact, O(d n n' (1 + d)) time. A channel whose window has a NaN or an infinite
    value is infinitely far there; the other channels still count. Constant windows, ties and threads as in
    `matrix_profile`.

    Examples
    --------
    A shape that comes twice in two of three channels:

    >>> import numpy as np
    >>> from marey.profile import mmatrix_profile
    >>> t = np.sin(np.outer([1.0, 1.3, 1.7], np.arange(80) ** 1.5))
    >>> t[:2, 50:60] = t[:2, 10:20]
    >>> distance, index = mmatrix_profile(t, m=10)
    >>> distance[:, 10].round(2), index[:, 10]
    (array([0.  , 0.  , 1.41]), array([50, 50, 50]))
    """
    t = as_series("t", t, (2,))
    if not 1 <= len(t) <= _MOST_CHANNELS:
        raise ValueError(f"`t` has {len(t)} channels; expected 1 to {_MOST_CHANNELS}")
    m = whole("m", m, 3, t.shape[1], ", the number of values in `t`")
    if other is not None:
        other = as_series("other", other, (2,))
        if len(other) != len(t):
            raise ValueError(f"`other` has {len(other)} channels and `t` {len(t)}; expected as many")
        whole("m", m, 3, other.shape[1], ", the number of values in `other`")
        if exclusion is not None:
            raise ValueError("`exclusion` is for a recording against itself; leave it out with `other`")
    excluded = default_exclusion(m) if exclusion is None else whole("exclusion", exclusion, 0)
    return native.core().mmatrix_profile(t, other, m, excluded)  # type: ignore[no-any-return]
