"""NSGA-II."""

from __future__ import annotations

from typing import Any

from marey.moo.optimizer import Optimizer

__all__ = ["NSGA2"]


class NSGA2(Optimizer):
    """NSGA-II: non-dominated sorting and crowding distance.

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
        Points a generation, as many as `pop` if left out.
    truncation : {"one by one", "at once"}
        How the last front is cut, with two objectives: the most crowded member goes first and the distances are brought
        up to date, or all at once as in the original.
    sampling : {"lhs", "random"}
        How the first generation is spread.
    initial : (k, width) array_like or sequence of dict, optional
        Points to begin with.
    crossover : {"sbx", "blx"}
        Of reals and integers: simulated binary (`crossover_eta`), or blend (`blend_alpha`).
    crossover_prob, crossover_eta : float
        Probability for a pair of parents (0.9), distribution index (15).
    mutation : {"polynomial", "gaussian"}
        Of reals and integers: polynomial (`mutation_eta`, 20), or a normal step (`mutation_sigma`, 0.1 of the range).
    mutation_prob : float
        Probability for a variable (one variable a point).
    permutation_crossover : {"order", "edge"}
    permutation_mutation : {"inversion", "swap"}

    Notes
    -----
    Deb, Pratap, Agarwal, Meyarivan, "A fast and elitist multiobjective genetic algorithm: NSGA-II", IEEE Trans. Evol.
    Comput. 6(2), 2002; truncation: Kukkonen, Deb, CEC 2006. Choices cross uniformly and mutate to another choice.

    Examples
    --------
    >>> import numpy as np
    >>> from marey import moo
    >>> def zdt1(X):
    ...     g = 1 + 9 * X[:, 1:].mean(axis=1)
    ...     return np.stack([X[:, 0], g * (1 - np.sqrt(X[:, 0] / g))], axis=1)
    >>> res = moo.NSGA2([(0, 1)] * 10, n_obj=2, pop=40, seed=1).minimize(zdt1, evals=4_000)
    >>> bool(res.hypervolume([1.1, 1.1]) > 0.8)
    True
    """

    _name = "NSGA2"

    def __init__(
        self, space: Any, *, n_obj: int = 2, n_con: int = 0, pop: int = 100, seed: int = 0, **options: Any
    ) -> None:
        super().__init__(space, n_obj=n_obj, n_con=n_con, seed=seed, pop=pop, **options)
