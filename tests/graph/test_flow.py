"""Assignments against SciPy's, flows against NetworkX's and their own prices, cohorts against every other choice."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

pytest.importorskip("marey._rust")
from marey.graph import assignment, match_cohort, min_cost_flow


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


def best_by_trying(distance, caliper, ratio):
    """Most pairs, then the least distance, over every choice."""
    t, c = distance.shape
    best = (0, 0.0)
    for choice in itertools.product(range(-1, t), repeat=c):
        pairs = [(i, j) for j, i in enumerate(choice) if i >= 0]
        if any(choice.count(i) > ratio for i in range(t)) or any(distance[p] > caliper for p in pairs):
            continue
        best = min(best, (-len(pairs), sum(distance[p] for p in pairs)))
    return -best[0], best[1]


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize(("caliper", "ratio"), [(None, 1), (0.7, 1), (0.7, 2)])
def test_the_best_cohort(seed: int, caliper: float | None, ratio: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(3, 2)), rng.normal(size=(6, 2))
    distance = np.linalg.norm(x[:, None] - y[None], axis=2)
    found = match_cohort(x, y, caliper=caliper, ratio=ratio, metric="euclidean")
    pairs, length = best_by_trying(distance, np.inf if caliper is None else caliper, ratio)
    assert len(found.control) == pairs == len(set(found.control.tolist()))
    np.testing.assert_array_equal(found.distance, distance[found.treated, found.control])
    # Distances are rounded to 2^-20 of the largest for the choice.
    np.testing.assert_allclose(found.distance.sum(), length, atol=6 * 2**-20 * distance.max())
    assert set(found.unmatched) == set(range(3)) - set(found.treated.tolist())


def test_matching_balances_what_differs() -> None:
    rng = np.random.default_rng(0)
    age = np.r_[rng.normal(65, 8, 80), rng.normal(55, 12, 600)]
    other = rng.normal(size=680)
    X = np.c_[age, other]
    found = match_cohort(X[:80], X[80:], caliper=0.5)
    balance = found.balance
    assert abs(balance.smd_before[0]) > 0.7
    assert (np.abs(balance.smd_after) < 0.1).all()
    np.testing.assert_allclose(balance.mean_control, X[80:][found.control].mean(axis=0), rtol=1e-12)
    # Mahalanobis distances do not change with the units.
    scaled = match_cohort(X[:80] * [12, 1e-3], X[80:] * [12, 1e-3], caliper=0.5)
    np.testing.assert_array_equal(scaled.control, found.control)


def test_exact_labels_and_nobody() -> None:
    x, y = np.zeros((3, 1)), np.zeros((3, 1))
    found = match_cohort(x, y, metric="euclidean", exact=(["a", "b", "b"], ["b", "a", "c"]))
    assert len(found.treated) == 2
    assert found.control[found.treated == 0] == [1]
    nobody = match_cohort(x, y + 5, metric="euclidean", caliper=1.0)
    assert nobody.unmatched.tolist() == [0, 1, 2]
    assert len(match_cohort(np.zeros((0, 2)), y[:, [0, 0]], metric="euclidean").treated) == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: match_cohort([[1.0]], [[1.0, 2.0]]), "`control` has shape"),
        (lambda: match_cohort([[np.nan]], [[1.0]]), "`treated` is nan in row 0, column 0"),
        (lambda: match_cohort([[1.0], [2.0]], [[1.0]], caliper=-1.0), "`caliper` is -1"),
        (lambda: match_cohort([[1.0], [1.0]], [[1.0]]), "constant in column 0"),
        (lambda: match_cohort([[1.0, 2.0], [2.0, 4.0]], [[5.0, 10.0], [4.0, 8.0]]), "singular"),
        (lambda: match_cohort([[1.0]], [[1.0]], metric="euclidean", exact=([1], [1, 2])), "`exact` has shapes"),
        (lambda: match_cohort([[1.0]], [[1.0]], ratio=0), "`ratio` is 0"),
    ],
)
def test_what_is_refused(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
