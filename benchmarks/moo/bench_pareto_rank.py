"""Non-dominated sorting of uniform and of spherical points: marey, moocore and pymoo, one thread, CPU time."""

import time

import numpy as np
import pytest

from marey.moo import pareto_rank


def marey(F):
    return pareto_rank(F)


def marey_best_half(F):
    return pareto_rank(F, k=len(F) // 2)


def moocore(F):
    return pytest.importorskip("moocore").pareto_rank(F)


def pymoo(F):
    sorting = pytest.importorskip("pymoo.util.nds.non_dominated_sorting").NonDominatedSorting()
    return sorting.do(F, return_rank=True)[1]


def uniform(n, d):
    return np.random.default_rng(0).random((n, d))


def spherical(n, d):
    x = np.abs(np.random.default_rng(0).normal(size=(n, d)))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


SIZES = [
    (200, 2),
    (200, 3),
    (10_000, 2),
    (10_000, 3),
    (10_000, 5),
    (10_000, 10),
    (100_000, 2),
    (100_000, 3),
    (100_000, 5),
]
SLOW = {(pymoo, n, d) for n, d in SIZES if n > 10_000}
CASES = [
    (c, uniform, n, d) for c in (marey, marey_best_half, moocore, pymoo) for n, d in SIZES if (c, n, d) not in SLOW
]
CASES += [(c, spherical, 100_000, d) for c in (marey, moocore) for d in (3, 5)]


@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize(
    ("contender", "shape", "n", "d"), CASES, ids=[f"{s.__name__}-{n}x{d}-{c.__name__}" for c, s, n, d in CASES]
)
def test_pareto_rank(benchmark, contender, shape, n, d):
    F = shape(n, d)
    benchmark.group = f"pareto_rank {shape.__name__} {n} x {d}"
    expected = pareto_rank(F)
    ranks = contender(F)
    if contender is marey_best_half:
        expected = np.minimum(expected, ranks.max())
    np.testing.assert_array_equal(ranks, expected)
    rounds, iterations = (20, 50) if n <= 1000 else (20, 1) if n <= 10_000 else (3, 1)
    benchmark.pedantic(contender, (F,), rounds=rounds, iterations=iterations, warmup_rounds=1)
