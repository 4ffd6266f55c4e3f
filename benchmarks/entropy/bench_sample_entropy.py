"""sample_entropy and its kin beside antropy, one thread each, float64."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

import marey
from contenders import measure
from marey import entropy
from marey.entropy.sample_entropy import SPEC

CASES = [pytest.param(case, id=case.name) for case in SPEC.tagged("bench")]


def of_rows(function, x, **options):
    return np.array([function(row, **options) for row in x.reshape(-1, x.shape[-1])])


def timed(benchmark, name, contender, functions, rtol):
    def check(answer):
        np.testing.assert_allclose(np.ravel(answer), np.ravel(functions["marey"]()), rtol=rtol)

    marey.set_num_threads(1)
    try:
        measure(benchmark, name, contender, functions[contender], check=check, rounds=5)
    finally:
        marey.set_num_threads(0)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("contender", ["marey", "antropy"])
def test_sample_entropy(benchmark, case, contender):
    antropy = pytest.importorskip("antropy", reason="antropy is not installed")
    x = case.inputs()["x"]
    functions = {
        "marey": partial(entropy.sample_entropy, x),
        "antropy": lambda: of_rows(lambda row: antropy.sample_entropy(row, 2, tolerance=0.2 * row.std()), x),
    }
    timed(benchmark, f"sample_entropy {case.name}", contender, functions, 1e-12)


@pytest.mark.parametrize("measure_name", ["approximate_entropy", "permutation_entropy", "lempel_ziv", "higuchi"])
@pytest.mark.parametrize("shape", [(5000,), (1000, 375)], ids=str)
@pytest.mark.parametrize("contender", ["marey", "antropy"])
def test_kin(benchmark, measure_name, shape, contender):
    antropy = pytest.importorskip("antropy", reason="antropy is not installed")
    x = np.random.default_rng(0).normal(size=shape)
    peers = {
        "approximate_entropy": lambda row: antropy.app_entropy(row, 2, tolerance=0.2 * row.std()),
        "permutation_entropy": antropy.perm_entropy,
        "lempel_ziv": lambda row: antropy.lziv_complexity(row > np.median(row)),
        "higuchi": antropy.higuchi_fd,
    }
    functions = {
        "marey": partial(getattr(entropy, measure_name), x),
        "antropy": partial(of_rows, peers[measure_name], x),
    }
    timed(benchmark, f"{measure_name} {shape}", contender, functions, 1e-9)
