"""ProfileStream: a matrix profile that grows with its series, or moves along it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from marey._runtime import native
from marey.profile._series import as_series, default_exclusion, whole
from marey.profile.matrix_profile import MatrixProfile

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
    profile is that of all values, or of the last `keep` of them: a window whose nearest is forgotten gets another
    when `profile` is asked for, at O(n m) too. Indices count from the oldest value remembered, ``stream.t[0]``.

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
        self._m = whole("m", m, 3, len(t), ", the number of values in `t`")
        self._exclusion = default_exclusion(self._m) if exclusion is None else whole("exclusion", exclusion, 0)
        kept = 0 if keep is None else whole("keep", keep, self._m)
        self._native = native.core().ProfileStream(t, self._m, self._exclusion, kept)

    @property
    def profile(self) -> MatrixProfile:
        """That of the values in `t`."""
        distance, index, left, left_index, right, right_index = self._native.profile()
        return MatrixProfile(distance, index, left, left_index, right, right_index, self._m, 1, self._exclusion)

    @property
    def t(self) -> NDArray[np.float64]:
        """The series so far, as much as is remembered of it."""
        return self._native.t()  # type: ignore[no-any-return]

    @property
    def forgotten(self) -> int:
        """How many values came before those in `t`."""
        return self._native.forgotten()  # type: ignore[no-any-return]

    def update(self, values: Any) -> None:
        """Appends one value, or (v,) of them."""
        self._native.update(as_series("values", np.atleast_1d(values), (1,)))

    def __len__(self) -> int:
        return len(self._native)

    def __repr__(self) -> str:
        return f"ProfileStream({len(self):,} values, {self.profile!r})"
