"""matrix_profile beside stumpy, whose functions are compiled before they are timed; float64, two threads each."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

import marey
from contenders import measure
from marey.profile import matrix_profile, mmatrix_profile

THREADS = 2
N, M = 20_000, 100


def series(kind: str) -> np.ndarray:
    if kind == "3 x 5,000":
        return np.random.default_rng(0).normal(size=(3, 5000)).cumsum(axis=1)
    noise = np.random.default_rng(0).normal(size=N)
    return noise if kind == "noise" else noise.cumsum()


def of_stumpy(t: np.ndarray) -> np.ndarray:
    numba = pytest.importorskip("numba", reason="numba is not installed")
    stumpy = pytest.importorskip("stumpy", reason="stumpy is not installed")
    numba.set_num_threads(min(THREADS, numba.config.NUMBA_NUM_THREADS))
    return stumpy.mstump(t, M)[0] if t.ndim == 2 else stumpy.stump(t, M)[:, 0].astype(float)


def of_marey(t: np.ndarray) -> np.ndarray:
    return mmatrix_profile(t, M)[0] if t.ndim == 2 else matrix_profile(t, M).distance


@pytest.mark.parametrize("kind", ["noise", "random walk", "3 x 5,000"])
@pytest.mark.parametrize("contender", ["marey", "stumpy"])
def test_matrix_profile(benchmark, kind, contender):
    t = series(kind)
    expected = of_marey(t)
    function = partial(of_stumpy if contender == "stumpy" else of_marey, t)

    def check(answer):
        np.testing.assert_allclose(answer, expected, rtol=0, atol=1e-6)

    marey.set_num_threads(THREADS)
    try:
        name = f"matrix_profile {kind}, m {M}" if t.ndim == 2 else f"matrix_profile {N:,}, m {M}, {kind}"
        measure(benchmark, name, contender, function, check=check, threads=THREADS, rounds=3 if t.ndim == 2 else 7)
    finally:
        marey.set_num_threads(0)
