"""Greatest and cheapest flows: marey and OR-tools, one thread, CPU time, building the network included."""

import time

import numpy as np
import pytest

from marey.graph import max_flow, min_cost_flow


def random_network():
    rng = np.random.default_rng(0)
    src, dst = rng.integers(0, 20_000, (2, 200_000))
    return src, dst, rng.integers(1, 1000, 200_000), 0, 19_999


def grid_segmentation(side=150):
    """Pixels, their neighbours, and how much each looks like the object or like the ground."""
    rng = np.random.default_rng(0)
    pixel = np.arange(side * side).reshape(side, side)
    src = np.concatenate([pixel[:, :-1].ravel(), pixel[:-1].ravel()])
    dst = np.concatenate([pixel[:, 1:].ravel(), pixel[1:].ravel()])
    image = rng.normal(size=(side, side))
    image[40:110, 30:100] += 2
    bright = (image.ravel() * 20).astype(int)
    source, sink, every = side * side, side * side + 1, pixel.ravel()
    ends = [(src, dst, 25), (dst, src, 25)]
    ends += [(np.full(side * side, source), every, np.maximum(0, bright + 30))]
    ends += [(every, np.full(side * side, sink), np.maximum(0, 50 - bright))]
    src, dst, capacity = (np.concatenate([np.broadcast_to(e[i], e[0].shape) for e in ends]) for i in range(3))
    return src, dst, capacity, source, sink


def long_ring(n=10_000, extra=100_000):
    """Wide arcs round all nodes, narrow ones across: what is stuck walks the whole ring."""
    rng = np.random.default_rng(0)
    u, v = rng.integers(0, n, (2, extra))
    src, dst = np.r_[np.arange(n), u], np.r_[(np.arange(n) + 1) % n, v]
    return src, dst, np.r_[np.full(n, 10**6), rng.integers(1, 100, extra)], 0, n - 1


def marey_max(src, dst, capacity, source, sink):
    return max_flow(src, dst, capacity=capacity, source=source, sink=sink).value


def ortools_max(src, dst, capacity, source, sink):
    solver = pytest.importorskip("ortools.graph.python.max_flow").SimpleMaxFlow()
    solver.add_arcs_with_capacity(src, dst, capacity)
    solver.solve(source, sink)
    return solver.optimal_flow()


@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize("network", [random_network, grid_segmentation, long_ring])
@pytest.mark.parametrize("contender", [marey_max, ortools_max])
def test_max_flow(benchmark, network, contender):
    arguments = network()
    benchmark.group = f"max_flow {network.__name__}, {len(arguments[0]):,} arcs"
    benchmark.extra_info.update(contender=contender.__name__, threads=1)
    assert contender(*arguments) == marey_max(*arguments)
    slow = network is long_ring and contender is ortools_max
    benchmark.pedantic(contender, arguments, rounds=2 if slow else 9, iterations=1)


def transport(n, arcs):
    """Half the nodes send to random others; a ring of dear wide arcs makes every supply possible."""
    rng = np.random.default_rng(0)
    src = np.r_[np.arange(n), rng.integers(0, n, arcs)]
    dst = np.r_[(np.arange(n) + 1) % n, rng.integers(0, n, arcs)]
    capacity = np.r_[np.full(n, 10**6), rng.integers(1, 100, arcs)]
    cost = np.r_[np.full(n, 1000), rng.integers(1, 100, arcs)]
    supply = np.zeros(n, dtype=int)
    supply[rng.choice(n, n // 2, replace=False)] = rng.integers(1, 50, n // 2)
    supply -= np.bincount(rng.integers(0, n, supply.sum()), minlength=n)
    return src, dst, capacity, cost, supply


def marey_cheapest(src, dst, capacity, cost, supply):
    return min_cost_flow(src, dst, cost=cost, supply=supply, capacity=capacity).cost


def ortools_cheapest(src, dst, capacity, cost, supply):
    solver = pytest.importorskip("ortools.graph.python.min_cost_flow").SimpleMinCostFlow()
    solver.add_arcs_with_capacity_and_unit_cost(src, dst, capacity, cost)
    solver.set_nodes_supplies(np.arange(len(supply)), supply)
    solver.solve()
    return solver.optimal_cost()


@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize(("n", "arcs"), [(10_000, 100_000), (50_000, 400_000)])
@pytest.mark.parametrize("contender", [marey_cheapest, ortools_cheapest])
def test_min_cost_flow(benchmark, n, arcs, contender):
    arguments = transport(n, arcs)
    benchmark.group = f"min_cost_flow {n:,} nodes, {n + arcs:,} arcs"
    benchmark.extra_info.update(contender=contender.__name__, threads=1)
    benchmark.extra_info["cost"] = int(contender(*arguments)) if n < 20_000 else None
    if n < 20_000:
        assert benchmark.extra_info["cost"] == marey_cheapest(*arguments)
    benchmark.pedantic(contender, arguments, rounds=1, iterations=1)
