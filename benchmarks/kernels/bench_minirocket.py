"""MiniRocket's transform beside aeon's, one thread, 500 series of 1,000 steps, 9,996 features; aeon fits both."""

from __future__ import annotations

import numpy as np
import pytest

import marey
from contenders import measure
from marey.kernels import minirocket, minirocket_fit


@pytest.fixture(scope="module")
def series():
    return np.random.default_rng(0).normal(size=(500, 1, 1000)).astype(np.float32).cumsum(axis=2)


@pytest.mark.filterwarnings("ignore::Warning:aeon", "ignore::Warning:numba")
@pytest.mark.parametrize("contender", ["marey float32", "marey float64", "aeon"])
def test_minirocket(benchmark, series, contender):
    fit = minirocket_fit(series, seed=0)
    expected = minirocket(series[:20].astype(np.float64), **fit._replace(biases=fit.biases.astype(float))._asdict())

    def check(features):
        # A time may tie with a bias in float32.
        assert np.mean(np.abs(features[:20] - expected) > 1e-6) < 0.02
        assert np.abs(features[:20] - expected).max() < 0.02

    if contender == "aeon":
        convolutions = pytest.importorskip(
            "aeon.transformations.collection.convolution_based", reason="aeon is not installed"
        )
        peer = convolutions.MiniRocket(random_state=0, n_jobs=1)
        peer.fit(series)
        sizes, index, *_ = peer.parameters
        peer.parameters = (sizes, index, fit.dilations.astype(np.int32), fit.counts.astype(np.int32), fit.biases)
        function = lambda: peer.transform(series)  # noqa: E731
    else:
        dtype = contender.split()[1]
        x, given = series.astype(dtype), fit._replace(biases=fit.biases.astype(dtype))._asdict()
        function = lambda: minirocket(x, **given)  # noqa: E731
    marey.set_num_threads(1)
    try:
        measure(benchmark, "minirocket 500 x 1,000", contender, function, check=check, rounds=5)
    finally:
        marey.set_num_threads(0)
