"""matrix_profile beside stumpy, whose functions are compiled before they are timed; float64, two threads each."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

import marey
from contenders import measure
from marey.profile import matrix_profile

THREADS = 2
N, M = 20_000, 100


def series(kind: str) -> np.ndarray:
    noise = np.random.default_rng(0).normal(size=N)
    return noise if kind == "noise" else noise.cumsum()


def of_stumpy(t: np.ndarray) -> np.ndarray:
    numba = pytest.importorskip("numba", reason="numba is not installed")
    stumpy = pytest.importorskip("stumpy", reason="stumpy is not installed")
    numba.set_num_threads(min(THREADS, numba.config.NUMBA_NUM_THREADS))
    return stumpy.stump(t, M)[:, 0].astype(float)


@pytest.mark.parametrize("kind", ["noise", "random walk"])
@pytest.mark.parametrize("contender", ["marey", "stumpy"])
def test_matrix_profile(benchmark, kind, contender):
    t = series(kind)
    expected = matrix_profile(t, M).distance
    function = partial(of_stumpy, t) if contender == "stumpy" else lambda: matrix_profile(t, M).distance

    def check(answer):
        np.testing.assert_allclose(answer, expected, rtol=0, atol=1e-6)

    marey.set_num_threads(THREADS)
    try:
        measure(benchmark, f"matrix_profile {N:,}, m {M}, {kind}", contender, function, check=check, threads=THREADS)
    finally:
        marey.set_num_threads(0)
