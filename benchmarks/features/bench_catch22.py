"""catch22 of 1,000 series of 1,000 values, and statistics, one thread each, float64."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

import marey
from contenders import measure
from marey.features import CATCH22, STATISTICS, catch22, extract


def timed(benchmark, case, contender, functions, **options):
    def check(answer):
        np.testing.assert_allclose(answer, functions["marey"](), rtol=1e-8, atol=1e-9)

    marey.set_num_threads(1)
    try:
        measure(benchmark, case, contender, functions[contender], check=check, **options)
    finally:
        marey.set_num_threads(0)


@pytest.mark.parametrize("contender", ["marey", "pycatch22"])
def test_catch22(benchmark, contender):
    pycatch22 = pytest.importorskip("pycatch22", reason="pycatch22 is not installed")
    x = np.random.default_rng(0).normal(size=(1000, 1000))
    rows = [row.tolist() for row in x]
    if tuple(pycatch22.catch22_all(rows[0])["names"]) != CATCH22:
        pytest.skip("this pycatch22 has features of another definition; 0.4.5 has those of the paper")
    functions = {
        "marey": partial(catch22, x),
        "pycatch22": lambda: np.array([pycatch22.catch22_all(row)["values"] for row in rows]),
    }
    timed(benchmark, "catch22 1,000 x 1,000", contender, functions, rounds=1 if contender == "pycatch22" else 5)


@pytest.mark.parametrize("contender", ["marey", "tsfresh"])
def test_statistics(benchmark, contender):
    calculators = pytest.importorskip("tsfresh.feature_extraction.feature_calculators", reason="tsfresh is missing")
    x = np.random.default_rng(0).normal(size=(1000, 1000))
    calculate = [getattr(calculators, name) for name in STATISTICS]
    functions = {
        "marey": partial(extract, x, features="statistics"),
        "tsfresh": lambda: np.array([[f(row) for f in calculate] for row in x]),
    }
    timed(benchmark, "tsfresh's smallest set 1,000 x 1,000", contender, functions, rounds=3)
