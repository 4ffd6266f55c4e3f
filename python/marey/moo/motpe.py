"""MOTPE."""

from __future__ import annotations

from typing import Any

from marey.moo.optimizer import Optimizer

__all__ = ["MOTPE"]


class MOTPE(Optimizer):
    """Multi-objective tree-structured Parzen estimator: for objectives too dear for many evaluations.

    Parameters
    ----------
    space : Space, or sequence of variables, or (n, 2) bounds
        Where to search. Conditional variables are modelled where they are active.
    n_obj : int
        Number of objectives, all minimised; 1 is TPE.
    n_con : int
        Number of constraints; a point is feasible where all are at most 0.
    seed : int
        The same seed and the same answers give the same suggestions, bit for bit.
    startup : int, optional
        Points before the first model: 11 for each column of the space less one, 10 to 100.
    candidates : int
        Points drawn for each variable, of which the best goes (24).
    gamma : float
        The part of the observations that counts as good (0.1), at most 25 of them.
    batch : int
        Points that `minimize` asks for at once (1); more keep several workers busy.
    sampling, initial
        See :class:`NSGA2`.

    Notes
    -----
    Ozaki, Tanigaki, Watanabe, Nomura, Onishi, "Multiobjective tree-structured Parzen estimator", J. Artif. Intell. Res.
    73, 2022. The time of a suggestion does not grow with the observations: the good ones are few, and the others are
    counted in 512 cells of each variable, under kernels of a hundredth of its range. `result()` holds all points.

    Examples
    --------
    >>> from marey import moo
    >>> optimizer = moo.MOTPE([moo.Real("x", 0, 1), moo.Categorical("kind", ["a", "b"])], startup=10, seed=1)
    >>> def objective(point):
    ...     worse = 0.0 if point["kind"] == "b" else 1.0
    ...     return point["x"] + worse, (1 - point["x"]) ** 2 + worse
    >>> res = optimizer.minimize(objective, evals=60, each="dict")
    >>> {point["kind"] for point in res.params}
    {'b'}
    """

    _name = "MOTPE"

    def __init__(self, space: Any, *, n_obj: int = 2, n_con: int = 0, seed: int = 0, **options: Any) -> None:
        super().__init__(space, n_obj=n_obj, n_con=n_con, seed=seed, **options)
