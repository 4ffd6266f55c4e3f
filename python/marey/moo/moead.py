"""MOEA/D."""

from __future__ import annotations

from typing import Any

from marey.moo.optimizer import Optimizer

__all__ = ["MOEAD"]


class MOEAD(Optimizer):
    """MOEA/D: one scalar subproblem for each weight vector; neighbours share what they find.

    Parameters
    ----------
    space : Space, or sequence of variables, or (n, 2) bounds
        Where to search.
    n_obj : int
        Number of objectives, all minimised.
    n_con : int
        Number of constraints; a point is feasible where all are at most 0.
    ref_dirs : (k, n_obj) array_like, optional
        Weight vectors, one a subproblem; about a hundred of :func:`marey.moo.ref_dirs.das_dennis` if left out.
    decomposition : {"auto", "tchebycheff", "pbi"}
        How a weight vector makes one number of the objectives; "auto" is "pbi" (`theta`, 5) beyond two objectives.
    neighbors : int
        Size of a neighbourhood.
    seed : int
        The same seed gives the same bits on any number of threads.
    variation : {"sbx", "de"}
        As in MOEA/D, or as in MOEA/D-DE (`F`, `CR`).
    neighbor_prob, replacements : float, int
        Probability to mate within the neighbourhood (0.9); members that a child may replace (all; 2 with "de").
    **options
        `sampling`, `initial`, and the operators' parameters as for :class:`NSGA2`.

    Notes
    -----
    Zhang, Li, "MOEA/D: a multiobjective evolutionary algorithm based on decomposition", IEEE Trans. Evol. Comput. 11,
    2007; Li, Zhang, 13, 2009. A generation is bred from the population as it stands. Objectives are scaled to the
    population's range.

    Examples
    --------
    >>> import numpy as np
    >>> from marey import moo
    >>> def dtlz2(X):
    ...     g = 1 + ((X[:, 2:] - 0.5) ** 2).sum(axis=1)
    ...     a, b = X[:, 0] * np.pi / 2, X[:, 1] * np.pi / 2
    ...     return np.stack([g * np.cos(a) * np.cos(b), g * np.cos(a) * np.sin(b), g * np.sin(a)], axis=1)
    >>> res = moo.MOEAD([(0, 1)] * 7, n_obj=3, seed=1).minimize(dtlz2, evals=6_000)
    >>> bool(res.hypervolume([1.1, 1.1, 1.1]) > 0.68)
    True
    """

    _name = "MOEAD"

    def __init__(
        self,
        space: Any,
        *,
        n_obj: int = 2,
        n_con: int = 0,
        ref_dirs: Any = None,
        decomposition: str = "auto",
        neighbors: int = 20,
        seed: int = 0,
        **options: Any,
    ) -> None:
        super().__init__(
            space,
            n_obj=n_obj,
            n_con=n_con,
            seed=seed,
            ref_dirs=ref_dirs,
            decomposition=decomposition,
            neighbors=neighbors,
            **options,
        )
