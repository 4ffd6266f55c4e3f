"""mass: the distance of a query to every window of a series."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from marey._runtime import native
from marey.profile._series import as_series

__all__ = ["mass"]


def mass(q: Any, t: Any) -> NDArray[np.float64]:
    """z-normalised Euclidean distance of the query `q` to every window of `t` as long as it.

    Parameters
    ----------
    q : (m,)
        The query, at least 3 values.
    t : (n,)
        The series, n >= m.

    Returns
    -------
    (n - m + 1,) float64
        Distances; inf where the query or the window has a NaN or an infinite value.

    Raises
    ------
    ValueError, TypeError
        If a shape or a dtype does not fit.

    Notes
    -----
    Differences of normalised values are summed as they are, in O(n m) on threads: nothing cancels, and a window equal
    to the query is 0 away. Constant windows as in `matrix_profile`.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.profile import mass
    >>> t = np.array([3.0, 1, 0, 2, 0, 20, 0, 1, 2])
    >>> mass([1, 2, 1], t).round(2)  # 0, 2, 0 and 0, 20, 0 have its shape
    array([2.67, 3.35, 0.  , 3.08, 0.  , 3.04, 2.45])
    """
    q, t = as_series("q", q, (1,)), as_series("t", t, (1,))
    if not 3 <= len(q) <= len(t):
        raise ValueError(f"`q` has {len(q)} values; expected 3 to {len(t)}, the number of values in `t`")
    found: NDArray[np.float64] = native.core().mass(q, t)
    return found
