"""RVEA."""

from __future__ import annotations

from typing import Any

from marey.moo.optimizer import Optimizer

__all__ = ["RVEA"]


class RVEA(Optimizer):
    """RVEA: one survivor for each reference vector, by an angle-penalised distance.

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
    generations : int
        Length of the run, over which the weight moves from convergence to spread.
    seed : int
        The same seed gives the same bits on any number of threads.
    alpha, adapt_share : float
        Rate of that change (2); share of the run between adaptations of the vectors to the objectives' ranges (0.1).
    **options
        `sampling`, `initial`, and the operators' parameters as for :class:`NSGA2`.

    Notes
    -----
    Cheng, Jin, Olhofer, Sendhoff, "A reference vector guided evolutionary algorithm for many-objective optimization",
    IEEE Trans. Evol. Comput. 20(5), 2016. The population is as large as there are vectors with a point.

    Examples
    --------
    >>> import numpy as np
    >>> from marey import moo
    >>> def dtlz2(X):
    ...     g = 1 + ((X[:, 2:] - 0.5) ** 2).sum(axis=1)
    ...     a, b = X[:, 0] * np.pi / 2, X[:, 1] * np.pi / 2
    ...     return np.stack([g * np.cos(a) * np.cos(b), g * np.cos(a) * np.sin(b), g * np.sin(a)], axis=1)
    >>> res = moo.RVEA([(0, 1)] * 7, n_obj=3, seed=1, generations=66).minimize(dtlz2, evals=6_000)
    >>> bool(res.hypervolume([1.1, 1.1, 1.1]) > 0.68)
    True
    """

    _name = "RVEA"

    def __init__(
        self,
        space: Any,
        *,
        n_obj: int = 3,
        n_con: int = 0,
        ref_dirs: Any = None,
        generations: int = 250,
        seed: int = 0,
        **options: Any,
    ) -> None:
        super().__init__(
            space, n_obj=n_obj, n_con=n_con, seed=seed, ref_dirs=ref_dirs, generations=generations, **options
        )
