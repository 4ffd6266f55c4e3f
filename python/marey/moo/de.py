"""DE."""

from __future__ import annotations

from typing import Any

from marey.moo.optimizer import Optimizer

__all__ = ["DE"]


class DE(Optimizer):
    """DE: differential evolution for one objective.

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
    F, CR : float
        Weight of the difference and probability that a variable comes from the mutant.
    dither : float
        The weight is drawn from [F, F + dither] for each trial, against early convergence.
    strategy : {"rand/1/bin", "best/1/bin"}
        Where the mutant starts.
    seed : int
        The same seed gives the same bits on any number of threads.
    **options
        `sampling`, `initial`, and the operators' parameters as for :class:`NSGA2`.

    Notes
    -----
    Storn, Price, "Differential evolution: a simple and efficient heuristic for global optimization over continuous
    spaces", J. Glob. Optim. 11, 1997.

    Examples
    --------
    >>> import numpy as np
    >>> from marey import moo
    >>> res = moo.DE([(-5, 5)] * 4, seed=1).minimize(lambda X: ((X - 1) ** 2).sum(axis=1), evals=6_000)
    >>> res.X[0].round(3).tolist()
    [1.0, 1.0, 1.0, 1.0]
    """

    _name = "DE"

    def __init__(
        self,
        space: Any,
        *,
        n_obj: int = 1,
        n_con: int = 0,
        pop: int = 50,
        F: float = 0.5,
        CR: float = 0.9,
        dither: float = 0.5,
        strategy: str = "rand/1/bin",
        seed: int = 0,
        **options: Any,
    ) -> None:
        super().__init__(
            space, n_obj=n_obj, n_con=n_con, seed=seed, pop=pop, F=F, CR=CR, dither=dither, strategy=strategy, **options
        )
