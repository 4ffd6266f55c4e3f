"""The elastic distances' matrices beside aeon's, two threads each; marey in float64 and float32, aeon in float64."""

from __future__ import annotations

import numpy as np
import pytest

import marey
from contenders import measure
from marey.distance import elastic_cdist
from marey.distance.elastic_cdist import SPEC

CASES = [pytest.param(case, id=case.name) for case in SPEC.tagged("bench")]
THREADS = 2
# aeon's borders of these two tables are not the papers'; docs/ops/elastic.md tells how. Other cells cost the same.
OTHER_BORDERS = ("erp", "edr")


def of_aeon(x: np.ndarray, name: str, window: int) -> np.ndarray:
    distances = pytest.importorskip("aeon.distances", reason="aeon is not installed")
    share = window / x.shape[1]
    return getattr(distances, f"{name}_pairwise_distance")(x, window=share, n_jobs=THREADS)


@pytest.mark.filterwarnings("ignore::Warning")
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("contender", ["marey float64", "marey float32", "aeon"])
def test_elastic_cdist(benchmark, case, contender):
    inputs = case.inputs()
    x, name, window = inputs["X"], inputs["measure"], inputs["window"]
    expected = elastic_cdist(x, measure=name, window=window)
    single = x.astype("float32")
    functions = {
        "marey float64": lambda: elastic_cdist(x, measure=name, window=window),
        "marey float32": lambda: elastic_cdist(single, measure=name, window=window),
        "aeon": lambda: of_aeon(x, name, window),
    }
    tolerance = 1e-5 if contender == "marey float32" else 1e-10

    def check(answer):
        if contender == "aeon" and name in OTHER_BORDERS:
            sign = 1 if name == "erp" else -1
            assert (sign * (answer - expected) >= -tolerance * expected).all()
        elif contender == "marey float32" and name in ("lcss", "edr"):  # a value at epsilon may round across it
            np.testing.assert_allclose(answer, expected, atol=1 / x.shape[1])
        else:
            np.testing.assert_allclose(answer, expected, rtol=tolerance, atol=tolerance)

    marey.set_num_threads(THREADS)
    try:
        about = f"elastic_cdist {case.name}"
        measure(benchmark, about, contender, functions[contender], check=check, threads=THREADS, rounds=3)
    finally:
        marey.set_num_threads(0)
