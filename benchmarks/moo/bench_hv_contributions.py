"""Hypervolume contributions of fronts of three shapes: marey, moocore and pygmo, one thread, CPU time."""

import time

import numpy as np
import pytest
from fronts import SHAPES

import marey
from contenders import measure
from marey.moo import hv_contributions


def moocore(F, ref):
    return pytest.importorskip("moocore").hv_contributions(F, ref=ref)


def pygmo(F, ref):
    return pytest.importorskip("pygmo").hypervolume(F).contributions(ref)


SIZES = [(1000, 2), (1000, 3), (1000, 4), (200, 5), (100, 6)]
CASES = [(f, s, n, d) for s in SHAPES for n, d in SIZES for f in (hv_contributions, moocore, pygmo)]


@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize(
    ("function", "shape", "n", "d"), CASES, ids=[f"{s.__name__}-{n}x{d}-{f.__name__}" for f, s, n, d in CASES]
)
def test_hv_contributions(benchmark, function, shape, n, d):
    F, ref = shape(n, d), np.full(d, 1.1)
    name = "marey" if function is hv_contributions else function.__name__
    marey.set_num_threads(1)
    expected = hv_contributions(F, ref)

    def check(contributions):
        np.testing.assert_allclose(contributions, expected, rtol=0, atol=1e-12)

    measure(
        benchmark,
        f"hv_contributions {shape.__name__} {n} x {d}",
        name,
        lambda: function(F, ref),
        check=check,
        rounds=3 if d > 3 and function is moocore else 7,
    )
    marey.set_num_threads(0)
