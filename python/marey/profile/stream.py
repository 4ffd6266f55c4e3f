"""ProfileStream: a matrix profile that grows with its series."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from marey.profile._series import as_series
from marey.profile.mass import mass
from marey.profile.matrix_profile import MatrixProfile, matrix_profile

__all__ = ["ProfileStream"]


class ProfileStream:
    """The matrix profile of a series to which values are appended.

    Parameters
    ----------
    t : (n,)
        What is known of the series, n >= `m`.
    m, exclusion
        As in `matrix_profile`.

    Notes
    -----
    A value costs O(n m): its window is held against all others, whose nearest it may become. After any updates the
    profile is that of the whole series.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.profile import ProfileStream
    >>> t = np.sin(np.arange(40.0)) + 0.1 * np.cos(7 * np.arange(40.0))
    >>> stream = ProfileStream(t[:30], m=8)
    >>> stream.update(t[30:])
    >>> len(stream), stream.profile
    (40, MatrixProfile(33 windows of 8, distances 0.312 to 0.687))
    """

    def __init__(self, t: Any, m: int, *, exclusion: int | None = None) -> None:
        self._t = as_series("t", t, (1,)).copy()
        self._profile = matrix_profile(self._t, m, exclusion=exclusion)

    @property
    def profile(self) -> MatrixProfile:
        """That of all values so far."""
        return self._profile

    @property
    def t(self) -> NDArray[np.float64]:
        """The series so far."""
        return self._t

    def update(self, values: Any) -> None:
        """Appends one value, or (v,) of them."""
        more = as_series("values", np.atleast_1d(values), (1,))
        p = self._profile
        start, length = len(p), len(p) + len(more)
        t = np.concatenate([self._t, more])
        left, left_index = _grown(p.left_distance, np.inf, length), _grown(p.left_index, -1, length)
        right, right_index = _grown(p.right_distance, np.inf, length), _grown(p.right_index, -1, length)
        for i in range(start, length):
            before = i - p.exclusion  # windows that may be its neighbours
            if before < 1:
                continue
            distance = mass(t[i : i + p.m], t[: before + p.m - 1])
            nearer = distance < right[:before]
            right[:before][nearer], right_index[:before][nearer] = distance[nearer], i
            j = int(distance.argmin())
            if np.isfinite(distance[j]):
                left[i], left_index[i] = distance[j], j
        on_left = left <= right
        nearest, index = np.where(on_left, left, right), np.where(on_left, left_index, right_index)
        self._t = t
        self._profile = MatrixProfile(nearest, index, left, left_index, right, right_index, p.m, 1, p.exclusion)

    def __len__(self) -> int:
        return len(self._t)

    def __repr__(self) -> str:
        return f"ProfileStream({len(self):,} values, {self._profile!r})"


def _grown(array: Any, fill: float, length: int) -> Any:
    grown = np.full(length, fill, array.dtype)
    grown[: len(array)] = array
    return grown
