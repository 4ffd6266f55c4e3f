"""dtw_cdist beside dtaidistance and aeon, two threads each; marey in float64 and float32, the peers in float64."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

import marey
from contenders import measure
from marey.distance import dtw_cdist
from marey.distance.dtw_cdist import SPEC

CASES = [pytest.param(case, id=case.name) for case in SPEC.tagged("bench")]
THREADS = 2


def of_dtaidistance(x: np.ndarray, window: int | None) -> np.ndarray:
    dtw = pytest.importorskip("dtaidistance.dtw", reason="dtaidistance is not installed")
    upper = dtw.distance_matrix_fast(x, window=None if window is None else window + 1, parallel=True)
    return np.triu(upper, 1) + np.triu(upper, 1).T


def of_aeon(x: np.ndarray, window: int | None) -> np.ndarray:
    distances = pytest.importorskip("aeon.distances", reason="aeon is not installed")
    share = None if window is None else window / x.shape[1]
    return np.sqrt(distances.dtw_pairwise_distance(x, window=share, n_jobs=THREADS))


@pytest.mark.filterwarnings("ignore::Warning")
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("contender", ["marey float64", "marey float32", "dtaidistance", "aeon"])
def test_dtw_cdist(benchmark, case, contender):
    x, window = case.inputs()["X"], case.inputs()["window"]
    expected = dtw_cdist(x, window=window)
    functions = {
        "marey float64": partial(dtw_cdist, x, window=window),
        "marey float32": partial(dtw_cdist, x.astype("float32"), window=window),
        "dtaidistance": partial(of_dtaidistance, x, window),
        "aeon": partial(of_aeon, x, window),
    }
    rtol = 1e-5 if contender == "marey float32" else 1e-10

    def check(answer):
        np.testing.assert_allclose(answer, expected, rtol=rtol, atol=rtol)

    marey.set_num_threads(THREADS)
    try:
        name = f"dtw_cdist {case.name}"
        measure(benchmark, name, contender, functions[contender], check=check, threads=THREADS, rounds=5)
    finally:
        marey.set_num_threads(0)
