"""SMS-EMOA."""

from __future__ import annotations

from typing import Any

from marey.moo.optimizer import Optimizer

__all__ = ["SMSEMOA"]


class SMSEMOA(Optimizer):
    """SMS-EMOA: non-dominated sorting and the hypervolume that each member adds.

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
    offspring : int, optional
        Points a generation: as many as `pop` if left out, 1 for the steady-state original.
    **options
        `sampling`, `initial`, and the operators' parameters as for :class:`NSGA2`.

    Notes
    -----
    Beume, Naujoks, Emmerich, "SMS-EMOA: multiobjective selection based on dominated hypervolume", Eur. J. Oper. Res.
    181(3), 2007.

    Examples
    --------
    >>> import numpy as np
    >>> from marey import moo
    >>> def dtlz2(X):
    ...     g = 1 + ((X[:, 2:] - 0.5) ** 2).sum(axis=1)
    ...     a, b = X[:, 0] * np.pi / 2, X[:, 1] * np.pi / 2
    ...     return np.stack([g * np.cos(a) * np.cos(b), g * np.cos(a) * np.sin(b), g * np.sin(a)], axis=1)
    >>> res = moo.SMSEMOA([(0, 1)] * 7, n_obj=3, seed=1, pop=60).minimize(dtlz2, evals=6_000)
    >>> bool(res.hypervolume([1.1, 1.1, 1.1]) > 0.7)
    True
    """

    _name = "SMSEMOA"

    def __init__(
        self, space: Any, *, n_obj: int = 2, n_con: int = 0, pop: int = 100, seed: int = 0, **options: Any
    ) -> None:
        super().__init__(space, n_obj=n_obj, n_con=n_con, seed=seed, pop=pop, **options)
