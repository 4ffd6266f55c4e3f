"""mass, and a profile that grows by a value, beside stumpy, whose functions are compiled before they are timed."""

from __future__ import annotations

import numpy as np
import pytest

import marey
from contenders import measure
from marey.profile import ProfileStream, mass

THREADS = 2
N, M, WINDOW, MORE = 20_000, 100, 5000, 50


def stumpy():
    numba = pytest.importorskip("numba", reason="numba is not installed")
    peer = pytest.importorskip("stumpy", reason="stumpy is not installed")
    numba.set_num_threads(min(THREADS, numba.config.NUMBA_NUM_THREADS))
    return peer


@pytest.mark.parametrize("contender", ["marey", "stumpy"])
def test_mass(benchmark, contender):
    t = np.random.default_rng(0).normal(size=N).cumsum()
    q = t[500 : 500 + M] + 0.1
    expected = mass(q, t)
    function = mass if contender == "marey" else stumpy().mass

    def check(answer):
        np.testing.assert_allclose(answer, expected, rtol=0, atol=1e-5)

    marey.set_num_threads(THREADS)
    try:
        case = f"mass {M} in {N:,}"
        measure(benchmark, case, contender, lambda: function(q, t), check=check, threads=THREADS, rounds=21)
    finally:
        marey.set_num_threads(0)


@pytest.mark.parametrize("contender", ["marey", "stumpy"])
def test_stream(benchmark, contender):
    """Both forget the oldest value and tell the profile at the end; stumpy keeps neighbours that are forgotten."""
    t = np.random.default_rng(0).normal(size=WINDOW + 100 * MORE).cumsum()
    if contender == "marey":
        stream, at = ProfileStream(t[:WINDOW], M, keep=WINDOW), WINDOW
        expected = ProfileStream(t[MORE : WINDOW + MORE], M).profile.right_distance
    else:
        stream, at = stumpy().stumpi(t[:WINDOW], M, egress=True), WINDOW

    def update():
        nonlocal at
        for value in t[at : at + MORE]:
            stream.update(value)
        at += MORE
        return stream.profile.distance if contender == "marey" else stream.P_

    def check(_):
        if contender == "marey":
            np.testing.assert_allclose(stream.profile.right_distance, expected, rtol=0, atol=1e-6)

    marey.set_num_threads(THREADS)
    try:
        case = f"ProfileStream, {MORE} values one by one, window of {WINDOW:,}"
        measure(benchmark, case, contender, update, check=check, threads=THREADS)
    finally:
        marey.set_num_threads(0)
