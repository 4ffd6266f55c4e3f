"""ProfileStream: a matrix profile that grows with its series, or moves along it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from marey.profile._series import as_series, whole
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
    keep : int, optional
        How many values are remembered, at least `m`: the oldest are forgotten. All, where left out.

    Notes
    -----
    A value costs O(n m): its window is held against all others, whose nearest it may become. After any updates the
    profile is that of all values, or of the last `keep` of them: a window whose nearest is forgotten gets another, at
    O(n m) too, and indices count from the oldest value that is remembered, ``stream.t[0]``.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.profile import ProfileStream
    >>> t = np.sin(np.arange(40.0)) + 0.1 * np.cos(7 * np.arange(40.0))
    >>> stream = ProfileStream(t[:30], m=8)
    >>> stream.update(t[30:])
    >>> len(stream), stream.profile
    (40, MatrixProfile(33 windows of 8, distances 0.312 to 0.687))
    >>> stream = ProfileStream(t[:30], m=8, keep=30)
    >>> stream.update(t[30:])
    >>> len(stream), stream.forgotten
    (30, 10)
    """

    def __init__(self, t: Any, m: int, *, exclusion: int | None = None, keep: int | None = None) -> None:
        t = as_series("t", t, (1,))
        self._t: NDArray[np.float64]
        self._keep = None if keep is None else whole("keep", keep, whole("m", m, 3))
        self._forgotten = 0 if self._keep is None else max(0, len(t) - self._keep)
        self._t = t[self._forgotten :].copy()
        self._profile = matrix_profile(self._t, m, exclusion=exclusion)

    @property
    def profile(self) -> MatrixProfile:
        """That of the values in `t`."""
        return self._profile

    @property
    def t(self) -> NDArray[np.float64]:
        """The series so far, as much as is remembered of it."""
        return self._t

    @property
    def forgotten(self) -> int:
        """How many values came before those in `t`."""
        return self._forgotten

    def update(self, values: Any) -> None:
        """Appends one value, or (v,) of them."""
        more = as_series("values", np.atleast_1d(values), (1,))
        p, t = self._profile, np.concatenate([self._t, more])
        gone = 0 if self._keep is None else max(0, len(t) - self._keep)
        start, length = len(p), len(p) + len(more)
        left, left_index = _grown(p.left_distance, np.inf, length), _grown(p.left_index, -1, length)
        right, right_index = _grown(p.right_distance, np.inf, length), _grown(p.right_index, -1, length)

        def before(i: int) -> tuple[slice, Any]:
            """The windows before `i` that may be its neighbours, and how far they are."""
            near = slice(gone, max(gone, i - p.exclusion))
            if near.start == near.stop:
                return near, np.empty(0)
            return near, mass(t[i : i + p.m], t[gone : near.stop + p.m - 1])

        def look_left(i: int, distance: Any) -> None:
            j = int(distance.argmin()) if len(distance) else -1
            found = j >= 0 and np.isfinite(distance[j])
            left[i], left_index[i] = (distance[j], gone + j) if found else (np.inf, -1)

        for i in range(max(start, gone), length):
            near, distance = before(i)
            nearer = distance < right[near]
            right[near][nearer], right_index[near][nearer] = distance[nearer], i
            look_left(i, distance)
        orphans = gone + np.flatnonzero((left_index[gone:start] >= 0) & (left_index[gone:start] < gone))
        for i in orphans.tolist():
            look_left(i, before(i)[1])  # what lies to the right of a window is forgotten after it
        left, right = left[gone:], right[gone:]
        left_index, right_index = (np.where(a < 0, -1, a - gone) for a in (left_index[gone:], right_index[gone:]))
        on_left = left <= right
        nearest, index = np.where(on_left, left, right), np.where(on_left, left_index, right_index)
        self._t, self._forgotten = t[gone:].copy(), self._forgotten + gone
        self._profile = MatrixProfile(nearest, index, left, left_index, right, right_index, p.m, 1, p.exclusion)

    def __len__(self) -> int:
        return len(self._t)

    def __repr__(self) -> str:
        return f"ProfileStream({len(self):,} values, {self._profile!r})"


def _grown(array: Any, fill: float, length: int) -> Any:
    grown = np.full(length, fill, array.dtype)
    grown[: len(array)] = array
    return grown
