"""The hypervolume of fronts of three shapes: marey, moocore and pygmo, one thread, CPU time."""

import time

import numpy as np
import pytest
from fronts import SHAPES

import marey
from contenders import measure
from marey.moo import hypervolume


def moocore(F, ref):
    return pytest.importorskip("moocore").hypervolume(F, ref=ref)


def pygmo(F, ref):
    return pytest.importorskip("pygmo").hypervolume(F).compute(ref)


SIZES = [(1000, 2), (1000, 3), (1000, 4), (1000, 5), (200, 6), (1000, 6), (100, 8), (50, 10)]
SIZES += [(100_000, 2), (100_000, 3), (10_000, 4)]
# From six objectives on moocore takes from a second to minutes.
SLOW = {(moocore, 1000, 6), (pygmo, 10_000, 4)}
CASES = [(f, s, n, d) for s in SHAPES for n, d in SIZES for f in (hypervolume, moocore, pygmo) if (f, n, d) not in SLOW]


@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize(
    ("function", "shape", "n", "d"), CASES, ids=[f"{s.__name__}-{n}x{d}-{f.__name__}" for f, s, n, d in CASES]
)
def test_hypervolume(benchmark, function, shape, n, d):
    F, ref = shape(n, d), np.full(d, 1.1)
    name = "marey" if function is hypervolume else function.__name__
    marey.set_num_threads(1)
    expected = hypervolume(F, ref)

    def check(volume):
        assert volume == pytest.approx(expected, rel=1e-12)

    rounds = 3 if (d > 5 and function is moocore) or n > 5000 else 7
    measure(
        benchmark,
        f"hypervolume {shape.__name__} {n} x {d}",
        name,
        lambda: function(F, ref),
        check=check,
        rounds=rounds,
    )
    marey.set_num_threads(0)
