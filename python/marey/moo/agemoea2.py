"""AGE-MOEA-II."""

from __future__ import annotations

from typing import Any

from marey.moo.optimizer import Optimizer

__all__ = ["AGEMOEA2"]


class AGEMOEA2(Optimizer):
    """AGE-MOEA-II: estimates the shape of the front and spreads the population along it.

    Parameters
    ----------
    space : Space, or sequence of variables, or (n, 2) bounds
        Where to search.
    n_obj : int
        Number of objectives, all minimised.
    n_con : int
        Number of constraints; a point is feasible where all are at most 0.
    pop : int
        Size of the population.
    seed : int
        The same seed gives the same bits on any number of threads.
    **options
        `sampling`, `initial`, and the operators' parameters as for :class:`NSGA2`.

    Notes
    -----
    Panichella, "An improved Pareto front modeling algorithm for large-scale many-objective optimization", GECCO 2022.

    Examples
    --------
    >>> import numpy as np
    >>> from marey import moo
    >>> def dtlz2(X):
    ...     g = 1 + ((X[:, 2:] - 0.5) ** 2).sum(axis=1)
    ...     a, b = X[:, 0] * np.pi / 2, X[:, 1] * np.pi / 2
    ...     return np.stack([g * np.cos(a) * np.cos(b), g * np.cos(a) * np.sin(b), g * np.sin(a)], axis=1)
    >>> res = moo.AGEMOEA2([(0, 1)] * 7, n_obj=3, seed=1, pop=60).minimize(dtlz2, evals=6_000)
    >>> bool(res.hypervolume([1.1, 1.1, 1.1]) > 0.68)
    True
    """

    _name = "AGEMOEA2"

    def __init__(
        self, space: Any, *, n_obj: int = 3, n_con: int = 0, pop: int = 100, seed: int = 0, **options: Any
    ) -> None:
        super().__init__(space, n_obj=n_obj, n_con=n_con, seed=seed, pop=pop, **options)
