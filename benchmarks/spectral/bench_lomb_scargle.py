"""lomb_scargle beside nifty-ls and astropy: 500 windows of 375 beats at 512 frequencies, one thread each.

A batch of nifty-ls (1.1) shares its times; windows of beats have their own, and are a call each.
"""

from __future__ import annotations

import numpy as np
import pytest

import marey
from contenders import measure
from marey.spectral import lomb_scargle

WINDOWS, BEATS, FREQUENCY = 500, 375, np.linspace(0.003, 0.5, 512)


def made() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    rr = 0.8 + 0.04 * np.sin(2 * np.pi * 0.2 * np.arange(BEATS)) + 0.02 * rng.normal(size=(WINDOWS, BEATS))
    return np.cumsum(rr, axis=1), rr


def of_nifty(t: np.ndarray, y: np.ndarray) -> np.ndarray:
    nifty = pytest.importorskip("nifty_ls", reason="nifty-ls is not installed")
    options = {"fmin": FREQUENCY[0], "fmax": FREQUENCY[-1], "Nf": len(FREQUENCY), "nthreads": 1}
    return np.stack([nifty.lombscargle(a, b, **options).power for a, b in zip(t, y, strict=True)])


def of_astropy(t: np.ndarray, y: np.ndarray, method: str, **options: str) -> np.ndarray:
    timeseries = pytest.importorskip("astropy.timeseries", reason="astropy is not installed")
    return np.stack(
        [
            timeseries.LombScargle(a, b).power(
                FREQUENCY, method=method, assume_regular_frequency=True, method_kwds=options
            )
            for a, b in zip(t, y, strict=True)
        ]
    )


@pytest.mark.parametrize(
    "contender",
    ["marey exact", "marey fast", "nifty-ls", "astropy fast, lra", "astropy fast, fasper", "astropy cython"],
)
def test_windows(benchmark, contender):
    t, y = made()
    expected = lomb_scargle(t, y, FREQUENCY)
    functions = {
        "marey exact": lambda: lomb_scargle(t, y, FREQUENCY),
        "marey fast": lambda: lomb_scargle(t, y, FREQUENCY, method="fast"),
        "nifty-ls": lambda: of_nifty(t, y),
        "astropy fast, lra": lambda: of_astropy(t, y, "fast"),
        "astropy fast, fasper": lambda: of_astropy(t, y, "fast", algorithm="fasper"),
        "astropy cython": lambda: of_astropy(t, y, "cython"),
    }
    # fasper's sums are interpolated from a grid; marey's fast ones are in float32.
    atol = {"astropy fast, fasper": 0.03, "marey fast": 1e-5}.get(contender, 1e-7)

    def check(answer):
        np.testing.assert_allclose(answer, expected, atol=atol)

    marey.set_num_threads(1)
    try:
        name = f"lomb_scargle, {WINDOWS} windows x {BEATS} beats x 512"
        rounds = 7 if "marey" in contender else 3
        measure(benchmark, name, contender, functions[contender], check=check, rounds=rounds)
    finally:
        marey.set_num_threads(0)
