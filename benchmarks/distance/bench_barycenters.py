"""dba and soft_dtw_barycenter beside tslearn, from the same start and for as many rounds; one thread each."""

from __future__ import annotations

import numpy as np
import pytest

import marey
from contenders import measure
from marey.distance import dba, soft_dtw_barycenter

THREADS = 1
ROUNDS = 5


@pytest.mark.filterwarnings("ignore::Warning")
@pytest.mark.parametrize("contender", ["marey", "tslearn"])
@pytest.mark.parametrize("kind", ["dba", "soft_dtw_barycenter"])
def test_barycenters(benchmark, kind, contender):
    x = np.random.default_rng(0).normal(size=(200, 256)).cumsum(axis=1)
    start = x.mean(axis=0)
    expected = None
    if kind == "dba":
        expected = dba(x, start, rounds=ROUNDS, tolerance=0.0).center
    if contender == "marey":
        run = {
            "dba": lambda: dba(x, start, rounds=ROUNDS, tolerance=0.0).center,
            "soft_dtw_barycenter": lambda: soft_dtw_barycenter(x, 1.0, start, rounds=ROUNDS, tolerance=0.0).center,
        }[kind]
    else:
        of = pytest.importorskip("tslearn.barycenters", reason="tslearn is not installed")
        series, begin = x[:, :, None], start[:, None]
        run = {
            "dba": lambda: of.dtw_barycenter_averaging(series, init_barycenter=begin, max_iter=ROUNDS, tol=0.0),
            "soft_dtw_barycenter": lambda: of.softdtw_barycenter(series, 1.0, init=begin, max_iter=ROUNDS, tol=0.0),
        }[kind]

    def check(center):
        if expected is not None:
            np.testing.assert_allclose(np.ravel(center), expected, rtol=1e-9, atol=1e-9)

    marey.set_num_threads(THREADS)
    try:
        about = f"{kind} 200 x 256, {ROUNDS} rounds"
        measure(benchmark, about, contender, run, check=check, threads=THREADS, rounds=3)
    finally:
        marey.set_num_threads(0)
