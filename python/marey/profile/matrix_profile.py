"""matrix_profile: the nearest neighbour of every window of a series."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marey._runtime import native
from marey._runtime.doors import is_torch
from marey.profile._series import as_given, default_exclusion, whole

__all__ = ["MatrixProfile", "matrix_profile"]


@dataclass(frozen=True, eq=False, repr=False)
class MatrixProfile:
    """Nearest windows; (..., w) of w = n - m + 1 windows, with a last axis of k where k > 1.

    Attributes
    ----------
    distance, index : (..., w) or (..., w, k), float64 and int64
        z-normalised Euclidean distance to the nearest windows, and where these begin; inf and -1 where there is none.
    left_distance, left_index, right_distance, right_index : (..., w), or None with ``other``
        The nearest among the windows that begin before, and among those that begin after.
    m, k, exclusion : int
        Values in a window, neighbours a window, and how near to a window no neighbour is looked for.
    """

    distance: NDArray[np.float64]
    index: NDArray[np.int64]
    left_distance: NDArray[np.float64] | None
    left_index: NDArray[np.int64] | None
    right_distance: NDArray[np.float64] | None
    right_index: NDArray[np.int64] | None
    m: int
    k: int
    exclusion: int

    def motifs(self, n: int = 3) -> list[tuple[int, int, float]]:
        """The `n` closest pairs ``(first, second, distance)``, no window of which overlaps one of a pair before.

        Windows overlap that begin within ``exclusion`` of each other. Of a join with another series the second window
        is one of the other series.
        """
        distance, index = self._nearest()
        n = whole("n", n, 0)
        free = np.isfinite(distance)
        found: list[tuple[int, int, float]] = []
        while len(found) < n and free.any():
            i = int(np.where(free, distance, np.inf).argmin())
            j = int(index[i])
            if self.left_index is None or free[j]:
                found.append((i, j, float(distance[i])))
                self._close(free, i)
                if self.left_index is not None:
                    self._close(free, j)
            else:
                free[i] = False
        return found

    def discords(self, n: int = 3) -> list[tuple[int, float]]:
        """The `n` windows ``(begin, distance)`` farthest from their nearest, none within ``exclusion`` of another."""
        distance, _ = self._nearest()
        n = whole("n", n, 0)
        free = np.isfinite(distance)
        found: list[tuple[int, float]] = []
        while len(found) < n and free.any():
            i = int(np.where(free, distance, -np.inf).argmax())
            found.append((i, float(distance[i])))
            self._close(free, i)
        return found

    def plot(self, t: Any, path: str | os.PathLike[str] | None = None, *, fs: float = 1.0, n: int = 2) -> Any:
        """The series `t` above its profile, with `n` motifs and discords; a matplotlib figure, saved at `path`.

        ``fs`` in Hz makes the axis one of seconds.
        """
        from marey.profile._plot import draw

        return draw(self, t, path, fs, n)

    def _nearest(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        of = (..., 0) if self.k > 1 else ...
        distance, index = _on_host(self.distance[of]), _on_host(self.index[of])
        if distance.ndim != 1:
            raise ValueError(f"this profile is of {distance.shape[0]} series; take one by profile[i]")
        return distance, index

    def _close(self, free: NDArray[np.bool_], i: int) -> None:
        free[max(0, i - self.exclusion) : i + self.exclusion + 1] = False

    def __getitem__(self, i: int) -> MatrixProfile:
        """The profile of series `i` of a batch."""
        if self.distance.ndim == (1 if self.k == 1 else 2):
            raise TypeError("this profile is of one series; only one of a batch has items")
        sides = (self.left_distance, self.left_index, self.right_distance, self.right_index)
        left, left_index, right, right_index = (None if a is None else a[i] for a in sides)
        return MatrixProfile(
            self.distance[i], self.index[i], left, left_index, right, right_index, self.m, self.k, self.exclusion
        )

    def __len__(self) -> int:
        return len(self.distance)

    def __repr__(self) -> str:
        windows = " x ".join(f"{n:,}" for n in (self.distance.shape[:-1] if self.k > 1 else self.distance.shape))
        distance = _on_host(self.distance)
        finite = distance[np.isfinite(distance)]
        span = f", distances {finite.min():.3g} to {finite.max():.3g}" if finite.size else ""
        return f"MatrixProfile({windows} windows of {self.m}{span})"

    def _repr_html_(self) -> str:
        """The words, and of one series its motifs and discords."""
        head = f"<p><code>{self!r}</code></p>"
        if self.distance.ndim > (1 if self.k == 1 else 2):
            return head
        found = [("motif", f"{i:,}", f"{j:,}", d) for i, j, d in self.motifs()]
        found += [("discord", f"{i:,}", "", d) for i, d in self.discords()]
        rows = "".join(f"<tr><td>{kind}</td><td>{i}</td><td>{j}</td><td>{d:.4g}</td></tr>" for kind, i, j, d in found)
        columns = "".join(f"<th>{name}</th>" for name in ("", "begins at", "and at", "distance"))
        return f"{head}<table><thead><tr>{columns}</tr></thead><tbody>{rows}</tbody></table>"


def matrix_profile(
    t: Any, m: int, *, other: Any = None, k: int = 1, exclusion: int | None = None, lengths: Any = None
) -> MatrixProfile:
    r"""For every window of `m` values the nearest one of the same series, or of another.

    .. math:: d(i, j)^2 = \sum_{s < m} \Big(\frac{t_{i+s} - \mu_i}{\sigma_i} - \frac{t_{j+s} - \mu_j}{\sigma_j}\Big)^2

    with the mean and the population standard deviation of either window.

    Parameters
    ----------
    t : (n,) or (B, n)
        Series in any unit, n >= `m`; float64, or float32 and whole numbers, which are taken as float64. Of tensors the
        answer has tensors, on their device, under ``torch.compile`` too.
    m : int
        Values in a window, at least 3.
    other : (n',) or (B, n'), optional
        Look for the neighbours in this series (an AB-join): for all of a batch, or for each its own.
    k : int
        Neighbours a window; 1 on a GPU.
    exclusion : int, optional
        Windows that begin this near to a window, or nearer, are no neighbours of it; a quarter of `m`, rounded up,
        where left out. With ``other`` every window is a neighbour.
    lengths : (B,) int64, optional
        How many values of each series count.

    Returns
    -------
    MatrixProfile
        Distances, indices and nearest windows to the left and to the right.

    Raises
    ------
    ValueError, TypeError
        If an argument does not fit.

    Notes
    -----
    Exact, in O(n^2) time and O(n) memory, by the diagonal recurrence of SCAMP (Zimmerman et al., SoCC 2019). A window
    with a NaN or an infinite value has distance inf and index -1 and is nobody's neighbour; the others are not touched.
    A window of equal values is 0 from another such and :math:`\sqrt{m}` from any other one. Of neighbours whose
    correlations are equal in float64 the one that begins first is told. Any number of threads gives the same bits
    (`marey.set_num_threads`).

    Examples
    --------
    A beat that comes three times, the last time upside down:

    >>> import numpy as np
    >>> from marey.profile import matrix_profile
    >>> beat = np.array([0.0, 1, 5, -2, 0, 1, 0, 0])
    >>> t = np.sin(np.arange(60) ** 2.0)
    >>> t[4:12] += 9 * beat
    >>> t[24:32] += 9 * beat
    >>> t[44:52] -= 9 * beat
    >>> p = matrix_profile(t, m=8)
    >>> int(p.index[4]), [i for i, _ in p.discords(1)]  # its copy; and the one that is like nothing else
    (24, [44])
    """
    if other is not None and is_torch(other) != is_torch(t):
        raise TypeError(f"`t` is a {type(t).__name__} and `other` a {type(other).__name__}; pass arrays of one kind")
    t = as_given("t", t, on_gpu=True)
    m = whole("m", m, 3, t.shape[-1], ", the number of values in `t`")
    k = whole("k", k, 1)
    excluded = default_exclusion(m) if exclusion is None else whole("exclusion", exclusion, 0)
    rows = t if t.ndim == 2 else t[None]
    if other is not None:
        other = as_given("other", other, on_gpu=True)
        other = other if other.ndim == 2 else other[None]
        if len(other) not in (1, len(rows)):
            raise ValueError(f"`other` has {len(other)} series and `t` {len(rows)}; expected as many, or one")
        if is_torch(t) and other.device != t.device:
            raise TypeError(f"`other` is on {other.device} and `t` on {t.device}; move them to one device")
        whole("m", m, 3, other.shape[-1], ", the number of values in `other`")
        if exclusion is not None:
            raise ValueError("`exclusion` is for a series against itself; leave it out with `other`")
        excluded = 0
    run = _torch_operator() if is_torch(t) else native.core().matrix_profile
    found = run(rows, other, _lengths(lengths, t), m, k, excluded)
    if t.ndim == 1:
        found = [a[0] if len(a) else a for a in found]
    distance, index, left, left_index, right, right_index = found
    if k == 1:
        distance, index = distance[..., 0], index[..., 0]
    if other is not None:
        return MatrixProfile(distance, index, None, None, None, None, m, k, default_exclusion(m))
    return MatrixProfile(distance, index, left, left_index, right, right_index, m, k, excluded)


def _on_host(array: Any) -> Any:
    return np.asarray(array.cpu() if is_torch(array) else array)


def _torch_operator() -> Any:
    from marey.profile import _torch

    return _torch.run


def _lengths(lengths: Any, t: Any) -> Any:
    if lengths is None:
        return None
    if is_torch(t):  # values are checked by the operator, whose trace has none
        if not is_torch(lengths) or "int64" not in str(lengths.dtype) or lengths.shape != t.shape[:1] or t.ndim != 2:
            raise TypeError("`lengths` is not an int64 tensor of shape (B,), one for each row of `t`")
        if lengths.device != t.device:
            raise TypeError(f"`lengths` is on {lengths.device} and `t` on {t.device}; move them to one device")
        return lengths
    lengths = np.asarray(lengths)
    if t.ndim != 2 or lengths.shape != t.shape[:1]:
        raise ValueError(f"`lengths` has shape {lengths.shape}; expected (B,), one for each row of `t`")
    if lengths.dtype.kind not in "iu":
        raise TypeError(f"`lengths` has dtype {lengths.dtype}; expected int64")
    if ((lengths < 0) | (lengths > t.shape[1])).any():
        raise ValueError(f"`lengths` reach from {lengths.min()} to {lengths.max()}; expected 0 to {t.shape[1]}")
    return np.ascontiguousarray(lengths, np.int64)
