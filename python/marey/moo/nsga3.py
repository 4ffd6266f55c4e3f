"""NSGA-III."""

from __future__ import annotations

from typing import Any

from marey.moo.optimizer import Optimizer

__all__ = ["NSGA3", "UNSGA3"]


class NSGA3(Optimizer):
    """NSGA-III: non-dominated sorting and niches around reference directions, for three objectives and more.

    Parameters
    ----------
    space : Space, or sequence of variables, or (n, 2) bounds
        Where to search.
    n_obj : int
        Number of objectives, all minimised.
    n_con : int
        Number of constraints; a point is feasible where all are at most 0.
    ref_dirs : (k, n_obj) array_like, optional
        Reference directions; about a hundred of :func:`marey.moo.ref_dirs.das_dennis` if left out.
    pop : int, optional
        Size of the population, as many as there are directions if left out.
    seed : int
        The same seed gives the same bits on any number of threads.
    **options
        `sampling`, `initial`, and the operators' parameters as for :class:`NSGA2`.

    Notes
    -----
    Deb, Jain, "An evolutionary many-objective optimization algorithm using reference-point-based nondominated sorting
    approach", IEEE Trans. Evol. Comput. 18(4), 2014; constraints: part II. SBX with eta 30 and probability 1.

    Examples
    --------
    >>> import numpy as np
    >>> from marey import moo
    >>> def dtlz2(X):
    ...     g = 1 + ((X[:, 2:] - 0.5) ** 2).sum(axis=1)
    ...     a, b = X[:, 0] * np.pi / 2, X[:, 1] * np.pi / 2
    ...     return np.stack([g * np.cos(a) * np.cos(b), g * np.cos(a) * np.sin(b), g * np.sin(a)], axis=1)
    >>> res = moo.NSGA3([(0, 1)] * 7, n_obj=3, seed=1).minimize(dtlz2, evals=6_000)
    >>> bool(res.hypervolume([1.1, 1.1, 1.1]) > 0.7)
    True
    """

    _name = "NSGA3"

    def __init__(
        self,
        space: Any,
        *,
        n_obj: int = 3,
        n_con: int = 0,
        ref_dirs: Any = None,
        pop: int | None = None,
        seed: int = 0,
        **options: Any,
    ) -> None:
        super().__init__(space, n_obj=n_obj, n_con=n_con, seed=seed, ref_dirs=ref_dirs, pop=pop, **options)


class UNSGA3(NSGA3):
    """U-NSGA-III: NSGA-III whose parents fight within their niche, for one, two or many objectives alike.

    Notes
    -----
    Seada, Deb, "A unified evolutionary optimization procedure for single, multiple, and many objectives", IEEE Trans.
    Evol. Comput. 20(3), 2016. Parameters as for :class:`NSGA3`.

    Examples
    --------
    >>> from marey import moo
    >>> moo.UNSGA3([(0, 1)] * 7, n_obj=3, seed=1)
    UNSGA3: 7 variables, 3 objectives, seed 1; generation 0, 0 evaluations
    """

    _name = "UNSGA3"
