"""Distances, R2, attainment and sampled volumes: marey, moocore and pymoo, one thread, CPU time."""

import time

import numpy as np
import pytest
from fronts import concave, linear

import marey
from contenders import measure
from marey.moo import crowding_distance, eaf, epsilon, gd, hv_approx, hypervolume, igd, igd_plus, r2, spacing


@pytest.fixture(autouse=True)
def one_thread():
    marey.set_num_threads(1)
    yield
    marey.set_num_threads(0)


def moocore():
    return pytest.importorskip("moocore")


def pymoo(name):
    return pytest.importorskip(f"pymoo.{name}")


def numpy_spacing(F):
    distance = np.abs(F[:, None] - F[None]).sum(-1)
    np.fill_diagonal(distance, np.inf)
    return distance.min(1).std(ddof=1)


SETS = {d: (concave(1000, d), linear(10_000, d, seed=1)) for d in (3, 5)}
DISTANCES = [
    ("igd", igd, "moocore", lambda F, R: moocore().igd(F, ref=R)),
    ("igd_plus", igd_plus, "moocore", lambda F, R: moocore().igd_plus(F, ref=R)),
    ("epsilon", epsilon, "moocore", lambda F, R: moocore().epsilon_additive(F, ref=R)),
    ("gd", gd, "pymoo", lambda F, R: pymoo("indicators.gd").GD(R)(F)),
]


@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize("d", SETS)
@pytest.mark.parametrize("who", ["marey", "peer"])
@pytest.mark.parametrize(("name", "function", "peer_name", "peer"), DISTANCES, ids=[row[0] for row in DISTANCES])
def test_distance(benchmark, name, function, peer_name, peer, who, d):
    F, R = SETS[d]
    expected = function(F, R)

    def check(value):
        assert value == pytest.approx(expected, rel=1e-12)

    run = function if who == "marey" else peer
    contender = "marey" if who == "marey" else peer_name
    measure(benchmark, f"{name} 1000 to 10,000 x {d}", contender, lambda: run(F, R), check=check)


def singles():
    F2, F3 = linear(10_000, 2), linear(2000, 3)
    rng = np.random.default_rng(0)
    runs = [linear(200, 3, seed) + rng.random(3) * 0.3 for seed in range(15)]
    table = np.concatenate([np.column_stack([points, np.full(len(points), i)]) for i, points in enumerate(runs)])
    flat, sets = np.ascontiguousarray(table[:, :-1]), table[:, -1]
    F = concave(1000, 6)
    yield "r2 10,000 x 2", "marey", lambda: r2(F2, [0.0, 0.0])
    yield "r2 10,000 x 2", "moocore", lambda: moocore().r2_exact(F2, ref=[0.0, 0.0])
    yield "spacing 2000 x 3", "marey", lambda: spacing(F3)
    yield "spacing 2000 x 3", "numpy", lambda: numpy_spacing(F3)
    crowding = "operators.survival.rank_and_crowding.metrics"
    yield "crowding_distance 2000 x 3", "marey", lambda: crowding_distance(F3) / 3
    yield "crowding_distance 2000 x 3", "pymoo", lambda: pymoo(crowding).calc_crowding_distance(F3)
    yield "eaf 15 runs of 200 x 3", "marey", lambda: np.concatenate([np.unique(s, axis=0) for s in eaf(runs)])
    yield "eaf 15 runs of 200 x 3", "moocore", lambda: sorted_eaf(flat, sets)
    yield "hv_approx 1000 x 6, 10,000 directions", "marey", lambda: hv_approx(F, [1.1] * 6, n=10_000)[0]
    yield "hv_approx 1000 x 6, 10,000 directions", "moocore", lambda: moocore_approx(F)
    yield "hv_approx 1000 x 6, 10,000 directions", "marey, exact", lambda: float(hypervolume(F, [1.1] * 6))


def sorted_eaf(points, sets):
    surfaces = moocore().eaf(points, sets=sets)
    levels = np.unique(surfaces[:, -1])
    return np.concatenate([np.unique(surfaces[surfaces[:, -1] == level, :-1], axis=0) for level in levels])


def moocore_approx(F):
    return moocore().hv_approx(F, ref=1.1, nsamples=10_000, method="DZ2019-HW")


CASES = list(singles())


@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize(("case", "contender", "function"), CASES, ids=[f"{case}-{who}" for case, who, _ in CASES])
def test_single(benchmark, case, contender, function):
    expected = next(run for name, who, run in CASES if name == case and who == "marey")()
    facts = {}

    def check(value):
        if "approx" in case:
            exact = float(hypervolume(concave(1000, 6), [1.1] * 6))
            facts["relative_error"] = abs(value / exact - 1)
            assert facts["relative_error"] < 0.01
        else:
            np.testing.assert_allclose(value, expected, rtol=1e-12)

    measure(benchmark, case, contender, function, check=check)
    benchmark.extra_info.update(facts)


@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize(("n", "d"), [(1000, 2), (200, 3), (50, 4), (100, 5)])
def test_box_decomposition(benchmark, n, d):
    from marey.moo import box_decomposition

    F, ref = concave(n, d), np.full(d, 1.1)
    lower, _ = box_decomposition(F, ref)
    measure(benchmark, f"box_decomposition {n} x {d}", "marey", lambda: box_decomposition(F, ref), boxes=len(lower))
