"""Hypervolumes that the field reports, reached by the median of eleven seeds.

The bands are what pymoo 0.6 and pygmo 2.20 reach with as many evaluations, less the spread of their seeds: on ZDT1
0.868 to 0.870 and on DTLZ2 0.743 to 0.744 where they have the algorithm; of the other problems the field's papers.
"""

from __future__ import annotations

import numpy as np
import pytest

from marey import moo


def zdt(number: int):
    def objective(X):
        x, n = X[:, 0], X.shape[1]
        if number == 6:
            x = 1 - np.exp(-4 * x) * np.sin(6 * np.pi * x) ** 6
            g = 1 + 9 * X[:, 1:].mean(axis=1) ** 0.25
        elif number == 4:
            g = 1 + 10 * (n - 1) + (X[:, 1:] ** 2 - 10 * np.cos(4 * np.pi * X[:, 1:])).sum(axis=1)
        else:
            g = 1 + 9 * X[:, 1:].mean(axis=1)
        ratio = x / g
        shape = {1: 1 - np.sqrt(ratio), 2: 1 - ratio**2, 4: 1 - np.sqrt(ratio), 6: 1 - ratio**2}
        shape[3] = 1 - np.sqrt(ratio) - ratio * np.sin(10 * np.pi * x)
        return np.stack([x, g * shape[number]], axis=1)

    return objective


def dtlz(number: int):
    def objective(X):
        Y = X[:, 2:] - 0.5
        if number == 1:
            g = 100 * (Y.shape[1] + (Y**2 - np.cos(20 * np.pi * Y)).sum(axis=1))
            a, b = X[:, 0], X[:, 1]
            return 0.5 * (1 + g)[:, None] * np.stack([a * b, a * (1 - b), 1 - a], axis=1)
        g = (Y**2).sum(axis=1)
        a, b = X[:, 0] * np.pi / 2, X[:, 1] * np.pi / 2
        return (1 + g)[:, None] * np.stack([np.cos(a) * np.cos(b), np.cos(a) * np.sin(b), np.sin(a)], axis=1)

    return objective


UNIT = [(0.0, 1.0)]
PROBLEMS = {
    "ZDT1": (zdt(1), UNIT * 30, [1.1, 1.1], 25_000, 0.8767),
    "ZDT2": (zdt(2), UNIT * 30, [1.1, 1.1], 25_000, 0.5434),
    "ZDT3": (zdt(3), UNIT * 30, [1.1, 1.1], 25_000, 1.3315),
    "ZDT4": (zdt(4), UNIT + [(-5.0, 5.0)] * 9, [1.1, 1.1], 25_000, 0.8767),
    "ZDT6": (zdt(6), UNIT * 10, [1.1, 1.1], 25_000, 0.5049),
    "DTLZ1": (dtlz(1), UNIT * 7, [0.55] * 3, 36_400, 0.14555),
    "DTLZ2": (dtlz(2), UNIT * 12, [1.1] * 3, 22_750, 0.8074),
}
# Share of the true front's hypervolume. A hundred points reach 0.995 at most, with three objectives 0.93 to 0.97.
BANDS = {
    "NSGA2": {"ZDT1": 0.99, "ZDT2": 0.985, "ZDT3": 0.99, "ZDT4": 0.97, "ZDT6": 0.97, "DTLZ1": 0.93, "DTLZ2": 0.85},
    "NSGA3": {"ZDT1": 0.985, "DTLZ1": 0.95, "DTLZ2": 0.918},
    "UNSGA3": {"ZDT1": 0.985, "DTLZ1": 0.94, "DTLZ2": 0.918},
    "MOEAD": {"ZDT1": 0.985, "ZDT3": 0.99, "DTLZ1": 0.95, "DTLZ2": 0.918},
    "SMSEMOA": {"ZDT1": 0.99, "ZDT2": 0.985, "ZDT4": 0.97, "DTLZ2": 0.93},
    "AGEMOEA2": {"ZDT1": 0.985, "DTLZ2": 0.91},
    "RVEA": {"DTLZ1": 0.95, "DTLZ2": 0.915},
    "SPEA2": {"ZDT1": 0.985, "DTLZ2": 0.9},
    "GDE3": {"ZDT1": 0.99, "ZDT2": 0.985, "ZDT3": 0.99, "ZDT6": 0.985},
}
# Elsewhere the eleven seeds take too long for every run of the tests.
FAST = [
    ("NSGA2", "ZDT1"),
    ("NSGA3", "DTLZ2"),
    ("MOEAD", "DTLZ2"),
    ("GDE3", "ZDT1"),
    ("RVEA", "DTLZ2"),
    ("NSGA2", "ZDT4"),
]
CASES = [(a, p) for a in BANDS for p in BANDS[a]]


@pytest.mark.parametrize(
    ("algorithm", "name"), [c if c in FAST else pytest.param(*c, marks=pytest.mark.slow) for c in CASES]
)
def test_eleven_seeds_reach_the_band(algorithm: str, name: str) -> None:
    objective, bounds, ref, evals, best = PROBLEMS[name]
    options = {"generations": evals // 91} if algorithm == "RVEA" else {}
    volumes = []
    for seed in range(11):
        run = getattr(moo, algorithm)(bounds, n_obj=len(ref), seed=seed, **options)
        volumes.append(run.minimize(objective, evals=evals).hypervolume(ref))
    print(algorithm, name, np.median(volumes) / best, min(volumes) / best)
    assert np.median(volumes) >= BANDS[algorithm][name] * best
    assert max(volumes) <= best


def rotated(n: int):
    Q = np.linalg.qr(np.random.default_rng(0).normal(size=(n, n)))[0]
    scale = 10 ** (6 * np.arange(n) / (n - 1))
    return lambda X: (((X - 0.3) @ Q.T) ** 2 * scale).sum(axis=1)


def rosenbrock(X):
    return (100 * (X[:, 1:] - X[:, :-1] ** 2) ** 2 + (1 - X[:, :-1]) ** 2).sum(axis=1)


def rastrigin(X):
    return 10 * X.shape[1] + (X**2 - 10 * np.cos(2 * np.pi * X)).sum(axis=1)


@pytest.mark.parametrize(("objective", "n"), [(rotated(10), 10), (rosenbrock, 10), (rastrigin, 3)])
def test_cmaes_finds_the_optimum(objective, n: int) -> None:
    found = [moo.CMAES([(-5, 5)] * n, seed=seed).minimize(objective, evals=20_000).F[0, 0] for seed in range(3)]
    assert max(found) < 1e-10


def test_de_finds_the_optimum() -> None:
    found = [moo.DE([(-5, 5)] * 4, seed=seed).minimize(rosenbrock, evals=20_000).F[0, 0] for seed in range(3)]
    assert max(found) < 1e-8


def test_mocmaes_does_not_mind_a_rotation() -> None:
    """Two rotated ellipsoids: the front of the published ELLI functions, where NSGA-II needs far longer."""
    Q = np.linalg.qr(np.random.default_rng(1).normal(size=(5, 5)))[0]
    scale = 10 ** (4 * np.arange(5) / 4)

    def objective(X):
        Y = X @ Q.T
        return np.stack([(Y**2 * scale).sum(axis=1), ((Y - 1) ** 2 * scale).sum(axis=1)], axis=1) / scale.sum()

    def volume(kind, seed):
        return kind([(-10, 10)] * 5, pop=40, seed=seed).minimize(objective, evals=12_000).hypervolume([1.1, 1.1])

    ours, others = ([volume(kind, seed) for seed in range(3)] for kind in (moo.MOCMAES, moo.NSGA2))
    assert min(ours) > max(others)


@pytest.mark.parametrize("name", ["NSGA2", "NSGA3", "UNSGA3", "MOEAD", "SMSEMOA", "AGEMOEA2", "RVEA", "SPEA2", "GDE3"])
def test_constraints_cut_the_front(name: str) -> None:
    """C2-DTLZ2-like: the sphere without the belt between its corners and its middle."""

    def objective(X):
        F = dtlz(2)(X)
        corners = ((F - 1) ** 2 + (F**2).sum(axis=1, keepdims=True) - F**2 - 0.16).min(axis=1)
        middle = ((F - 3**-0.5) ** 2).sum(axis=1) - 0.16
        return F, np.minimum(corners, middle)

    options = {"generations": 100} if name == "RVEA" else {}
    run = getattr(moo, name)(UNIT * 7, n_obj=3, n_con=1, seed=1, **options)
    result = run.minimize(objective, evals=9_100)
    assert (result.G <= 0).all()
    near = [np.linalg.norm(result.F - place, axis=1).min() for place in np.vstack([np.eye(3), np.full(3, 3**-0.5)])]
    assert max(near) < 0.42
    # The true front's points have length 1.
    assert np.median(np.linalg.norm(result.F, axis=1)) < 1.02
