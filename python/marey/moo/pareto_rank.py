"""Non-dominated sorting."""

from __future__ import annotations

from typing import Any

from marey._runtime import native
from marey._runtime.doors import door, is_torch
from marey.moo._points import as_count, as_points


@door("F")
def pareto_rank(F: Any, *, k: int | None = None) -> Any:
    """Non-dominated rank of each point: 0 for the Pareto front, 1 for the front once that is removed, and so on.

    A point dominates another when it is no worse in every objective and better in at least one; all objectives are
    minimised. Equal points share a rank.

    Parameters
    ----------
    F : (N, d) array_like
        Objective values, one point a row. Infinities are allowed, NaN is not, -0.0 equals 0.0. Computed in float64.
        A torch tensor gives a tensor; a CUDA tensor is ranked on its device.
    k : int, optional
        Rank only as many fronts as it takes to hold `k` points; every point beyond them gets the number of these
        fronts. Saves time when only the best are selected.

    Returns
    -------
    (N,) int64
        The ranks. They do not depend on the order of the points or on the number of threads.

    Raises
    ------
    ValueError
        If `F` is not two-dimensional, has no column or holds a NaN, or `k` is less than 1.
    TypeError
        If `F` is not real numbers or `k` is not an integer.

    Notes
    -----
    One sweep in lexicographic order [1]_ [2]_: O(N log N) for d <= 2, O(N log^2 N) for d = 3; for d >= 4 a branch and
    bound over a k-d tree of the ranked points, whose cost depends on the data and is at worst O(d N^2).

    References
    ----------
    .. [1] M. T. Jensen, "Reducing the run-time complexity of multiobjective EAs: the NSGA-II and other algorithms",
           IEEE Trans. Evol. Comput. 7(5), 2003.
    .. [2] X. Zhang, Y. Tian, R. Cheng, Y. Jin, "An efficient approach to nondominated sorting for evolutionary
           multiobjective optimization", IEEE Trans. Evol. Comput. 19(2), 2015.

    Examples
    --------
    >>> from marey.moo import pareto_rank
    >>> pareto_rank([[1.0, 4.0], [2.0, 2.0], [4.0, 1.0], [3.0, 3.0], [4.0, 4.0]])
    array([0, 0, 0, 1, 2])
    """
    if k is not None:
        k = as_count("k", k)
    if not is_torch(F):
        return native.rust().pareto_rank(as_points("F", F), k)
    if F.is_cuda:
        from marey.moo._triton.pareto_rank import pareto_rank as pareto_rank_cuda

        return pareto_rank_cuda(F, k=k)
    import torch

    return torch.from_numpy(native.rust().pareto_rank(as_points("F", F.detach().numpy()), k))
