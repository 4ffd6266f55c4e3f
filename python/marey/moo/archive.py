"""An archive of non-dominated points."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from marey._runtime import native
from marey.moo._points import as_count, as_floats, as_points, as_reference
from marey.moo.hypervolume import hypervolume

__all__ = ["Archive"]


class Archive:
    """The points that no other point offered so far dominates, with what belongs to each, bounded on wish.

    Parameters
    ----------
    n_obj : int
        Number of objectives, minimised.
    capacity : int, optional
        Most members. When one too many is in, the member that adds least is dropped, the latest of several.
    eps : float or (n_obj,) array_like, optional
        Size of boxes of which each holds one member at most, and none is dominated by another's: the archive stays
        small by itself, and for every point offered there is a member less than `eps` worse in every objective.
    truncate : {"crowding", "hv"}
        What a member adds: its crowding distance, or its hypervolume contribution below `ref`.
    ref : (n_obj,) array_like, optional
        Reference point for ``truncate="hv"``.

    Raises
    ------
    ValueError
        If an argument is out of range, or `ref` is left out where it is needed.
    TypeError
        If an argument is not a number.

    Notes
    -----
    Points are offered one after the other in the order of the rows, and the members are the same however they are cut
    into calls. Equal points enter once. Boxes: Laumanns, Thiele, Deb, Zitzler, Evol. Comput. 10(3), 2002.

    Examples
    --------
    >>> from marey.moo import Archive
    >>> archive = Archive(2)
    >>> archive.add([[1.0, 3.0], [2.0, 4.0], [3.0, 1.0]], X=["a", "b", "c"])
    array([ True, False,  True])
    >>> archive.add([[2.0, 0.5]], X=["d"])
    array([ True])
    >>> archive.F.tolist(), archive.X.tolist()
    ([[1.0, 3.0], [2.0, 0.5]], ['a', 'd'])
    """

    def __init__(
        self,
        n_obj: int,
        *,
        capacity: int | None = None,
        eps: Any = None,
        truncate: str = "crowding",
        ref: Any = None,
    ) -> None:
        self.n_obj = as_count("n_obj", n_obj)
        if truncate not in ("crowding", "hv"):
            raise ValueError(f"`truncate` is {truncate!r}; expected 'crowding' or 'hv'")
        if truncate == "hv" and ref is None:
            raise ValueError("`ref` is left out; expected a reference point where `truncate` is 'hv'")
        self.capacity = None if capacity is None else as_count("capacity", capacity)
        self.eps = None if eps is None else np.broadcast_to(as_floats("eps", eps), (self.n_obj,))
        self.truncate = truncate
        self.ref = None if ref is None else as_reference(ref, self.n_obj)
        self._ids = np.zeros(0, np.uint64)
        self._offered = 0
        self._F = np.zeros((0, self.n_obj))
        self._X: NDArray[Any] | None = None
        self._native = self._empty()

    def _empty(self) -> Any:
        ref = self.ref if self.truncate == "hv" else None
        return native.rust().Archive(self.n_obj, self.capacity, self.eps, ref)

    def add(self, F: Any, X: Any = None) -> NDArray[np.bool_]:
        """Offers points; returns which of them are members now.

        Parameters
        ----------
        F : (N, n_obj) array_like
            Objective values, finite.
        X : (N, ...) array_like, optional
            What belongs to each point, a decision vector say; with every call or with none.

        Returns
        -------
        (N,) bool
            True for the rows that are members after the last.

        Raises
        ------
        ValueError
            If a shape does not fit, a value is not finite, or `X` is given in some calls only.
        """
        points = as_points("F", F, d=self.n_obj)
        belongings = None if X is None else np.asarray(X)
        if belongings is not None and len(belongings) != len(points):
            raise ValueError(f"`X` has {len(belongings)} rows; expected one for each of the {len(points)} rows of `F`")
        if self._offered > 0 and (belongings is None) != (self._X is None):
            raise ValueError("`X` is given in some calls only; expected it with every call or with none")
        kept: NDArray[np.bool_] = self._native.add(points)
        ids = np.concatenate([self._ids, np.arange(self._offered, self._offered + len(points), dtype=np.uint64)])
        self._offered += len(points)
        self._ids, members = self._native.members()
        self._F = members.reshape(-1, self.n_obj)
        if belongings is not None:
            before = belongings[:0] if self._X is None else self._X
            self._X = np.concatenate([before, belongings])[np.searchsorted(ids, self._ids)]
        return kept

    @property
    def F(self) -> NDArray[np.float64]:
        """(M, n_obj) objective values of the members, in the order in which they were offered."""
        return self._F.copy()

    @property
    def X(self) -> NDArray[Any]:
        """(M, ...) what belongs to the members."""
        if self._X is None:
            raise ValueError("`X` was not given to `add`")
        return self._X.copy()

    def hypervolume(self, ref: Any = None) -> float:
        """Hypervolume of the members below `ref`, the archive's own if left out."""
        if ref is None and self.ref is None:
            raise ValueError("`ref` is left out; expected a reference point, here or at the archive's making")
        return float(hypervolume(self._F, self.ref if ref is None else ref))

    def __len__(self) -> int:
        return len(self._F)

    def __repr__(self) -> str:
        limits = [f"capacity={self.capacity}"] if self.capacity is not None else []
        limits += [f"eps={self.eps.tolist()}"] if self.eps is not None else []
        return f"Archive({', '.join([f'n_obj={self.n_obj}', *limits])}): {len(self)} members of {self._offered} offered"
