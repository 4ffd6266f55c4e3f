"""Hydra's transform beside aeon's (torch), CPU time, 100 series of 1,000 steps, 64 groups of 8 kernels, two threads."""

from __future__ import annotations

import time

import numpy as np
import pytest

import marey
from contenders import measure
from marey.kernels import hydra, hydra_fit

THREADS = 2


@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.filterwarnings("ignore::Warning:aeon", "ignore::Warning:numba")
@pytest.mark.parametrize("contender", ["marey float32", "marey float64", "aeon"])
def test_hydra(benchmark, contender):
    series = np.random.default_rng(0).normal(size=(100, 1, 1000)).astype(np.float32).cumsum(axis=2)
    inputs = [series, np.diff(series, axis=2)]
    fits = [hydra_fit(x.shape[2], groups=32, seed=i) for i, x in enumerate(inputs)]

    def run(dtype):
        given = [x.astype(dtype) for x in inputs]
        ours = [fit._replace(weights=fit.weights.astype(dtype))._asdict() for fit in fits]
        return lambda: [hydra(x, **fit) for x, fit in zip(given, ours, strict=True)]

    def in_aeons_order(parts):
        split = [part.reshape(len(series), 7, 1, 512) for part in parts]
        return np.concatenate(split, axis=2).reshape(len(series), -1)

    expected = in_aeons_order(run("float64")())

    def check(found):
        features = found if contender == "aeon" else in_aeons_order(found)
        # Two kernels may be equally good in float32.
        assert np.mean(np.abs(features - expected) > 1e-3 * (1 + np.abs(expected))) < 0.01

    if contender == "aeon":
        convolutions = pytest.importorskip(
            "aeon.transformations.collection.convolution_based", reason="aeon is not installed"
        )
        torch = pytest.importorskip("torch")
        torch.set_num_threads(THREADS)
        peer = convolutions.HydraTransformer(random_state=0, n_jobs=THREADS)
        peer.fit(series)
        weights = np.stack([fit.weights for fit in fits], axis=1).reshape(7, 2, 256, 1, 9)
        peer._hydra.W = torch.tensor(weights, dtype=torch.float32)
        function = lambda: np.asarray(peer.transform(series))  # noqa: E731
    else:
        function = run(contender.split()[1])
    marey.set_num_threads(THREADS)
    try:
        measure(benchmark, "hydra 100 x 1,000", contender, function, check=check, threads=THREADS, rounds=5)
    finally:
        marey.set_num_threads(0)
