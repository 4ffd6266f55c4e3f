"""SPEA2."""

from __future__ import annotations

from typing import Any

from marey.moo.optimizer import Optimizer

__all__ = ["SPEA2"]


class SPEA2(Optimizer):
    """SPEA2: the strength of those who dominate a point, and the distance to its k-th neighbour.

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
    Zitzler, Laumanns, Thiele, "SPEA2: improving the strength Pareto evolutionary algorithm", TIK report 103, ETH
    Zurich, 2001. Distances are taken in objectives scaled to their range.

    Examples
    --------
    >>> import numpy as np
    >>> from marey import moo
    >>> def zdt1(X):
    ...     g = 1 + 9 * X[:, 1:].mean(axis=1)
    ...     return np.stack([X[:, 0], g * (1 - np.sqrt(X[:, 0] / g))], axis=1)
    >>> res = moo.SPEA2([(0, 1)] * 6, n_obj=2, pop=40, seed=1).minimize(zdt1, evals=4_000)
    >>> bool(res.hypervolume([1.1, 1.1]) > 0.8)
    True
    """

    _name = "SPEA2"

    def __init__(
        self, space: Any, *, n_obj: int = 2, n_con: int = 0, pop: int = 100, seed: int = 0, **options: Any
    ) -> None:
        super().__init__(space, n_obj=n_obj, n_con=n_con, seed=seed, pop=pop, **options)
