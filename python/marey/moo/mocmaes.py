"""MO-CMA-ES."""

from __future__ import annotations

from typing import Any

from marey.moo.optimizer import Optimizer

__all__ = ["MOCMAES"]


class MOCMAES(Optimizer):
    """MO-CMA-ES: every member has its own step size and covariance; for reals and integers.

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
    sigma : float
        First step, as a share of each range.
    seed : int
        The same seed gives the same bits on any number of threads.
    **options
        `sampling`, `initial`, and the operators' parameters as for :class:`NSGA2`.

    Notes
    -----
    Igel, Hansen, Roth, "Covariance matrix adaptation for multi-objective optimization", Evol. Comput. 15(1), 2007;
    success by the population: Voss, Hansen, Igel, GECCO 2010. Invariant to rotations of the variables.

    Examples
    --------
    >>> import numpy as np
    >>> from marey import moo
    >>> def zdt1(X):
    ...     g = 1 + 9 * X[:, 1:].mean(axis=1)
    ...     return np.stack([X[:, 0], g * (1 - np.sqrt(X[:, 0] / g))], axis=1)
    >>> res = moo.MOCMAES([(0, 1)] * 6, n_obj=2, pop=40, seed=1).minimize(zdt1, evals=4_000)
    >>> bool(res.hypervolume([1.1, 1.1]) > 0.7)
    True
    """

    _name = "MOCMAES"

    def __init__(
        self,
        space: Any,
        *,
        n_obj: int = 2,
        n_con: int = 0,
        pop: int = 100,
        sigma: float = 0.2,
        seed: int = 0,
        **options: Any,
    ) -> None:
        super().__init__(space, n_obj=n_obj, n_con=n_con, seed=seed, pop=pop, sigma=sigma, **options)
