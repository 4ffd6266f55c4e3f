"""Reference directions: points spread over the simplex of weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from marey._runtime import native
from marey.moo._points import as_count
from marey.moo.space import as_seed

__all__ = ["das_dennis", "riesz"]


def das_dennis(n_obj: int, partitions: int, *, scaling: float = 1.0) -> NDArray[np.float64]:
    """The lattice of all weights that are multiples of 1 / `partitions`.

    Parameters
    ----------
    n_obj : int
        Number of objectives.
    partitions : int
        Steps along an edge.
    scaling : float
        Below 1: drawn towards the centre, as inner layers are.

    Returns
    -------
    (k, n_obj)
        k = C(n_obj + partitions - 1, partitions) rows of sum 1.

    Raises
    ------
    ValueError
        If there would be more than a million, or an argument is out of range.

    Notes
    -----
    Das, Dennis, "Normal-boundary intersection", SIAM J. Optim. 8(3), 1998.

    Examples
    --------
    >>> from marey.moo import ref_dirs
    >>> ref_dirs.das_dennis(3, 12).shape
    (91, 3)
    >>> ref_dirs.das_dennis(2, 2).tolist()
    [[0.0, 1.0], [0.5, 0.5], [1.0, 0.0]]
    """
    if not 0 < scaling <= 1:
        raise ValueError(f"`scaling` is {scaling}; expected more than 0, at most 1")
    n_obj = as_count("n_obj", n_obj)
    flat = native.rust().das_dennis(n_obj, as_count("partitions", partitions))
    rows: NDArray[np.float64] = flat.reshape(-1, n_obj)
    return rows if scaling == 1 else rows * scaling + (1 - scaling) / n_obj


def riesz(n_obj: int, n: int, *, seed: int = 0, iterations: int = 500) -> NDArray[np.float64]:
    """`n` weights that repel each other until they are evenly spread, the corners among them.

    Parameters
    ----------
    n_obj, n : int
        Numbers of objectives and of directions, at least `n_obj`.
    seed, iterations : int
        Of the start, and of the descent.

    Returns
    -------
    (n, n_obj)
        Rows of sum 1.

    Raises
    ------
    ValueError
        If `n` is less than `n_obj`.

    Notes
    -----
    Blank, Deb, Dhebar, Bandaru, Seada, "Generating well-spaced points on a unit simplex for evolutionary many-objective
    optimization", IEEE Trans. Evol. Comput. 25(1), 2021. Cost O(iterations n^2 n_obj).

    Examples
    --------
    >>> from marey.moo import ref_dirs
    >>> ref_dirs.riesz(3, 50, seed=1).sum(axis=1).round(12).min()
    np.float64(1.0)
    """
    n_obj = as_count("n_obj", n_obj)
    flat = native.rust().riesz(n_obj, as_count("n", n), as_seed(seed), as_count("iterations", iterations))
    rows: NDArray[np.float64] = flat.reshape(-1, n_obj)
    return rows
