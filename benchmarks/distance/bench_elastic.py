"""The elastic distances of many pairs beside aeon's, one pair after the other there; one thread each, float64."""

from __future__ import annotations

import numpy as np
import pytest

import marey
from contenders import measure
from marey.distance import elastic
from marey.distance.elastic import SPEC

CASES = [pytest.param(case, id=case.name) for case in SPEC.tagged("bench")]
OTHER_BORDERS = ("erp", "edr")  # docs/ops/elastic.md tells how


def of_aeon(x: np.ndarray, y: np.ndarray, name: str) -> np.ndarray:
    distances = pytest.importorskip("aeon.distances", reason="aeon is not installed")
    of_pair = getattr(distances, f"{name}_distance")
    return np.array([of_pair(a, b) for a, b in zip(x, y, strict=True)])


@pytest.mark.filterwarnings("ignore::Warning")
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("contender", ["marey", "aeon"])
def test_elastic(benchmark, case, contender):
    inputs = case.inputs()
    x, y, name = inputs["x"], inputs["y"], inputs["measure"]
    expected = elastic(x, y, name)
    functions = {"marey": lambda: elastic(x, y, name), "aeon": lambda: of_aeon(x, y, name)}

    def check(answer):
        if contender == "aeon" and name in OTHER_BORDERS:
            sign = 1 if name == "erp" else -1
            assert (sign * (answer - expected) >= -1e-10 * expected).all()
        else:
            np.testing.assert_allclose(answer, expected, rtol=1e-10, atol=1e-10)

    marey.set_num_threads(1)
    try:
        measure(benchmark, f"elastic {case.name}", contender, functions[contender], check=check, rounds=3)
    finally:
        marey.set_num_threads(0)
