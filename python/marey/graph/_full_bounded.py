"""Full matching with bounds on the sets, as a flow of least cost."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from marey._runtime import native
from marey.graph.flow import min_cost_flow

__all__ = ["bounded_cover"]

Pairs = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]


def bounded_cover(given: Any, most: int | None, most_treated: int | None) -> Pairs:
    """Pairs that leave as few as possible out, of least sum of distances, at most `most` to a treated and
    `most_treated` to a control."""
    rows, partners, distance = native.rust().cohort_pairs(given)
    if not len(rows):
        return rows, partners, distance
    t_used, rows_at = np.unique(rows, return_inverse=True)
    c_used, partners_at = np.unique(partners, return_inverse=True)
    t, c = len(t_used), len(c_used)
    most = min(most or c, c)
    most_treated = min(most_treated or t, t)
    # One more in a set may lengthen every pair on a way that uses each of the smaller side once. Nobody is left out
    # for another's sake: both sides' largest numbers go together (Mendelsohn & Dulmage, Canad. J. Math. 10, 1958).
    ways = 2 * min(t, c) + 4
    levels = 1 << min(40, ((1 << 61) // ((t + c + 4) * ways)).bit_length() - 1)
    price = np.rint(distance / (distance.max() or 1.0) * levels).astype(np.int64)
    reward = -levels * (ways - 1)
    # A unit goes round: hub -> control -> treated -> hub, the first through each subject for a reward.
    treated, controls, hub = np.arange(t), t + np.arange(c), np.full(t + c, t + c)
    ones, none = np.ones(t + c, dtype=np.int64), np.zeros(t + c, dtype=np.int64)
    more = np.repeat([most - 1, most_treated - 1], [t, c])
    src = np.concatenate([t + partners_at, treated, hub[:c], treated, hub[:c]])
    dst = np.concatenate([rows_at, hub[:t], controls, hub[:t], controls])
    cost = np.concatenate([price, reward * ones, none])
    capacity = np.concatenate([np.ones(len(rows), dtype=np.int64), ones, more])
    supply = np.zeros(t + c + 1, dtype=np.int64)
    chosen = min_cost_flow(src, dst, cost=cost, supply=supply, capacity=capacity).flow[: len(rows)] > 0
    return rows[chosen], partners[chosen], distance[chosen]
