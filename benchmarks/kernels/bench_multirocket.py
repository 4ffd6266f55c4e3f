"""MultiRocket's transform beside aeon's, one thread, 100 series of 1,000 steps, 49,728 features; aeon fits both."""

from __future__ import annotations

import numpy as np
import pytest

import marey
from contenders import measure
from marey.kernels import MiniRocketFit, minirocket_fit, multirocket


@pytest.mark.filterwarnings("ignore::Warning:aeon", "ignore::Warning:numba")
@pytest.mark.parametrize("contender", ["marey float32", "marey float64", "aeon"])
def test_multirocket(benchmark, contender):
    series = np.random.default_rng(0).normal(size=(100, 1, 1000)).astype(np.float32).cumsum(axis=2)
    inputs = [series, np.diff(series, axis=2)]
    fits = [minirocket_fit(x, n_features=6250, seed=0) for x in inputs]

    def run(dtype):
        given = [x.astype(dtype) for x in inputs]
        ours = [fit._replace(biases=fit.biases.astype(dtype))._asdict() for fit in fits]
        return lambda: np.concatenate([multirocket(x, **fit) for x, fit in zip(given, ours, strict=True)], axis=1)

    expected = run("float64")()[:, :6216]

    def check(features):
        assert features.shape == (100, 49_728)
        assert np.mean(np.abs(features[:, :6216] - expected) > 1e-6) < 0.02  # shares; a time may tie with a bias
        assert np.abs(features[:, :6216] - expected).max() < 0.02

    if contender == "aeon":
        convolutions = pytest.importorskip(
            "aeon.transformations.collection.convolution_based", reason="aeon is not installed"
        )
        peer = convolutions.MultiRocket(random_state=0, n_jobs=1)
        peer.fit(series)
        peer.parameter, peer.parameter1 = (_of_aeon(fit) for fit in fits)
        function = lambda: peer.transform(series)  # noqa: E731
    else:
        function = run(contender.split()[1])
    marey.set_num_threads(1)
    try:
        measure(benchmark, "multirocket 100 x 1,000", contender, function, check=check, rounds=5)
    finally:
        marey.set_num_threads(0)


def _of_aeon(fit: MiniRocketFit):
    return fit.dilations.astype(np.int32), fit.counts.astype(np.int32), fit.biases.astype(np.float32)
