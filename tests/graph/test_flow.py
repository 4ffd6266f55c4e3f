"""Assignments against SciPy's, flows against NetworkX's and their own prices."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("marey._rust")
from marey.errors import InfeasibleError
from marey.graph import assignment, min_cost_flow


def total(cost, pairs):
    rows, columns = pairs
    assert len(set(rows)) == len(set(columns)) == len(rows) == min(cost.shape)
    assert list(rows) == sorted(rows)
    return cost[rows, columns].sum()


@pytest.mark.parametrize("shape", [(1, 1), (2, 5), (5, 2), (17, 17), (30, 90), (90, 30), (120, 120), (0, 4), (4, 0)])
@pytest.mark.parametrize("kind", ["uniform", "whole", "equal", "negative", "product", "forbidden"])
@pytest.mark.parametrize("maximize", [False, True])
def test_assignment(shape: tuple[int, int], kind: str, maximize: bool) -> None:
    optimize = pytest.importorskip("scipy.optimize")
    rng = np.random.default_rng(sum(shape))
    cost = {
        "uniform": lambda: rng.random(shape),
        "whole": lambda: rng.integers(0, 4, shape).astype(float),
        "equal": lambda: np.ones(shape),
        "negative": lambda: rng.normal(size=shape) * 1e3,
        "product": lambda: np.outer(np.arange(1, shape[0] + 1), np.arange(1, shape[1] + 1)).astype(float),
        "forbidden": lambda: np.where(rng.random(shape) < 0.4, -np.inf if maximize else np.inf, rng.random(shape)),
    }[kind]()
    if kind == "forbidden" and min(shape):
        np.fill_diagonal(cost, 2.0)  # so that one exists
    expected = total(cost, optimize.linear_sum_assignment(cost, maximize=maximize))
    np.testing.assert_allclose(total(cost, assignment(cost, maximize=maximize)), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("cost", "options", "message"),
    [
        ([[1.0, np.nan]], {}, "`cost` is nan in row 0, column 1"),
        ([[1.0, -np.inf]], {}, "`cost` is -inf"),
        ([[1.0, np.inf]], {"maximize": True}, "`cost` is inf"),
        ([[np.inf, np.inf], [1.0, 2.0]], {}, "no assignment for row 0"),
        ([[1.0, np.inf], [1.0, np.inf]], {}, "no assignment for row"),
        ([1.0, 2.0], {}, "`cost` has shape"),
    ],
)
def test_no_assignment(cost, options, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        assignment(cost, **options)


@pytest.mark.parametrize("seed", range(40))
def test_min_cost_flow(seed: int) -> None:
    nx = pytest.importorskip("networkx")
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(2, 25)), int(rng.integers(1, 120))
    src, dst = rng.integers(0, n, (2, m))
    capacity, cost = rng.integers(0, 12, m), rng.integers(-3, 10, m)
    supply = np.zeros(n, dtype=int)
    # What some flow carries can be carried.
    some = rng.integers(0, capacity + 1)
    np.add.at(supply, src, some)
    np.subtract.at(supply, dst, some)
    twin = nx.MultiDiGraph()
    twin.add_nodes_from((v, {"demand": -int(s)}) for v, s in enumerate(supply))
    for u, v, c, w in zip(src.tolist(), dst.tolist(), capacity.tolist(), cost.tolist(), strict=True):
        twin.add_edge(u, v, capacity=c, weight=w)
    found = min_cost_flow(src, dst, cost=cost, supply=supply, capacity=capacity)
    assert found.cost == nx.network_simplex(twin)[0] == found.flow @ cost
    assert (found.flow >= 0).all()
    assert (found.flow <= capacity).all()
    kept = supply.copy()
    np.subtract.at(kept, src, found.flow)
    np.add.at(kept, dst, found.flow)
    assert not kept.any()
    reduced = cost + found.potential[src] - found.potential[dst]
    assert (reduced[found.flow < capacity] >= 0).all()
    assert (reduced[found.flow > 0] <= 0).all()


def large_network(n: int, arcs: int):
    """Enough arcs for cost scaling, some of negative cost; a ring of dear wide ones makes supplies possible."""
    rng = np.random.default_rng(n)
    src = np.r_[np.arange(n), rng.integers(0, n, arcs)]
    dst = np.r_[(np.arange(n) + 1) % n, rng.integers(0, n, arcs)]
    capacity = np.r_[np.full(n, np.iinfo(np.int64).max), rng.integers(0, 60, arcs)]
    cost = np.r_[np.full(n, 1000), rng.integers(-5, 100, arcs)]
    supply = np.bincount(rng.integers(0, n, 20 * n), minlength=n) - np.bincount(rng.integers(0, n, 20 * n), minlength=n)
    return src, dst, capacity, cost, supply


def test_a_large_flow_is_proved_by_its_potentials_and_equals_or_tools() -> None:
    peer = pytest.importorskip("ortools.graph.python.min_cost_flow").SimpleMinCostFlow()
    src, dst, capacity, cost, supply = large_network(3000, 90_000)
    found = min_cost_flow(src, dst, cost=cost, supply=supply, capacity=capacity)
    assert (found.flow >= 0).all()
    assert (found.flow <= capacity).all()
    kept = supply.copy()
    np.subtract.at(kept, src, found.flow)
    np.add.at(kept, dst, found.flow)
    assert not kept.any()
    reduced = cost + found.potential[src] - found.potential[dst]
    assert (reduced[found.flow < capacity] >= 0).all()
    assert (reduced[found.flow > 0] <= 0).all()
    peer.add_arcs_with_capacity_and_unit_cost(src, dst, np.minimum(capacity, 10**6), cost)
    peer.set_nodes_supplies(np.arange(len(supply)), supply)
    peer.solve()
    assert found.cost == peer.optimal_cost() == found.flow @ cost


def test_a_large_network_that_cannot_carry_says_why() -> None:
    src, dst, capacity, cost, supply = large_network(3000, 90_000)
    out = src == 7
    capacity[out] = 1
    units = int(out.sum()) + 1
    supply[7], supply[8] = units, supply[8] + supply[7] - units
    with pytest.raises(InfeasibleError, match="has no way") as caught:
        min_cost_flow(src, dst, cost=cost, supply=supply, capacity=capacity)
    inside = np.isin(np.arange(3000), caught.value.certificate)
    leaving = inside[src] & ~inside[dst]
    assert supply[inside].sum() > capacity[leaving].sum()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0], [1], [1], [1, 0]), "`supply` sums to 1"),
        (([0], [1], [1], [-1, 1]), "has no way"),
        (([0, 1], [1, 0], [-1, 0], [0, 0]), "`capacity` lets cost fall without end"),
        (([0], [2], [1], [0, 0]), "`dst` has node 2 at index 0"),
        (([0], [1], [1, 2], [0, 0]), "`cost` has length 2"),
    ],
)
def test_no_flow(arguments, message: str) -> None:
    src, dst, cost, supply = arguments
    with pytest.raises(ValueError, match=message):
        min_cost_flow(src, dst, cost=cost, supply=supply)
