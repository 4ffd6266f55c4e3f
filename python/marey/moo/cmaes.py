"""CMA-ES."""

from __future__ import annotations

from typing import Any

from marey.moo.optimizer import Optimizer

__all__ = ["CMAES"]


class CMAES(Optimizer):
    """CMA-ES: for one objective of reals and integers; adapts the covariance of its steps.

    Parameters
    ----------
    space : Space, or sequence of variables, or (n, 2) bounds
        Where to search.
    n_obj : int
        Number of objectives, all minimised.
    n_con : int
        Number of constraints; a point is feasible where all are at most 0.
    pop : int, optional
        Points a generation, 4 + 3 ln(n) if left out.
    sigma : float
        First step, as a share of each range.
    restarts : {"ipop", "none"}
        Start again with twice the points where the run stalls, or with as many.
    seed : int
        The same seed gives the same bits on any number of threads.
    **options
        `sampling`, `initial`, and the operators' parameters as for :class:`NSGA2`.

    Notes
    -----
    Hansen, "The CMA evolution strategy: a tutorial", arXiv 1604.00772; restarts: Auger, Hansen, CEC 2005. Points
    outside the bounds are drawn again; constraints by the feasibility rule.

    Examples
    --------
    >>> import numpy as np
    >>> from marey import moo
    >>> res = moo.CMAES([(-5, 5)] * 4, seed=1).minimize(lambda X: ((X - 1) ** 2).sum(axis=1), evals=6_000)
    >>> res.X[0].round(3).tolist()
    [1.0, 1.0, 1.0, 1.0]
    """

    _name = "CMAES"

    def __init__(
        self,
        space: Any,
        *,
        n_obj: int = 1,
        n_con: int = 0,
        pop: int | None = None,
        sigma: float = 0.3,
        restarts: str = "ipop",
        seed: int = 0,
        **options: Any,
    ) -> None:
        super().__init__(space, n_obj=n_obj, n_con=n_con, seed=seed, pop=pop, sigma=sigma, restarts=restarts, **options)
