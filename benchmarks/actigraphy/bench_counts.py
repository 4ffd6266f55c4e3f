"""One day at 50 Hz x 3, one thread, float64: counts beside agcounts, ENMO and angle-z beside NumPy."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

import marey
from contenders import measure
from marey import actigraphy

FS, DAY = 50, 86_400


def recording(seconds):
    rng = np.random.default_rng(0)
    acc = rng.normal(0, 0.1, (3, seconds * FS))
    acc[2] += 1
    return np.round(acc, 3)


def timed(benchmark, case, contender, functions, **options):
    def check(answer):
        np.testing.assert_allclose(answer, functions["marey"](), rtol=1e-9, atol=1e-12)

    marey.set_num_threads(1)
    try:
        measure(benchmark, case, contender, functions[contender], check=check, **options)
    finally:
        marey.set_num_threads(0)


@pytest.mark.parametrize("contender", ["marey", "agcounts"])
def test_counts(benchmark, contender):
    extract = pytest.importorskip("agcounts.extract", reason="agcounts is not installed")
    acc = recording(DAY)
    functions = {
        "marey": partial(actigraphy.counts, acc, FS, 60),
        "agcounts": lambda: extract.get_counts(acc.T, FS, 60).T,
    }
    rounds = 1 if contender == "agcounts" else 5
    timed(benchmark, "counts one day at 50 Hz x 3", contender, functions, rounds=rounds)


@pytest.mark.parametrize("contender", ["marey", "numpy"])
@pytest.mark.parametrize("name", ["enmo", "angle_z"])
def test_epochs(benchmark, name, contender):
    acc = recording(DAY)

    def numpy_enmo():
        size = np.sqrt((acc**2).sum(0))
        return np.maximum(size - 1, 0).reshape(-1, 5 * FS).mean(1)

    def numpy_angle():
        x, y, z = np.median(acc.reshape(3, -1, 5 * FS), -1)
        return np.degrees(np.arctan2(z, np.hypot(x, y)))

    functions = {
        "marey": partial(getattr(actigraphy, name), acc, FS, 5),
        "numpy": {"enmo": numpy_enmo, "angle_z": numpy_angle}[name],
    }
    timed(benchmark, f"{name} one day at 50 Hz x 3", contender, functions, rounds=5)
