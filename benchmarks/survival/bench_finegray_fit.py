"""Regression on competing events with its sandwich variance: marey, and R's cmprsk::crr."""

import numpy as np
import pytest

import marey
from contenders import measure
from foreign import RPeer, clock
from marey.survival import finegray_fit


def rows(n, p):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, p))
    life, other = rng.exponential(np.exp(-X @ np.linspace(-0.5, 0.5, p))), rng.exponential(np.exp(-X @ np.full(p, 0.1)))
    left = rng.exponential(1.5, n)
    event = np.where(np.minimum(life, other) < left, np.where(life < other, 1, 2), 0)
    return X, np.minimum(np.minimum(life, other), left), event


@pytest.mark.benchmark(timer=clock)
@pytest.mark.parametrize("contender", ["marey", "R crr"])
@pytest.mark.parametrize("n", [500, 2000])
def test_finegray_fit(benchmark, n, contender):
    marey.set_num_threads(1)
    X, time, event = rows(n, 5)
    case = f"finegray_fit, {n} rows, 5 columns"

    def ours():
        fit = finegray_fit(X, time, event)
        return np.concatenate([fit.coef, fit.var.ravel()])

    expected = ours()
    # crr stops earlier: its default leaves 1e-5 of coefficients of order 1.
    check = lambda answer: np.testing.assert_allclose(answer, expected, rtol=2e-5, atol=1e-5)  # noqa: E731
    if contender == "marey":
        measure(benchmark, case, contender, ours, check=check)
        return
    task = "f <- crr(d$V6, d$V7, as.matrix(d[, 1:5])); c(f$coef, f$var)"
    with RPeer(["cmprsk"], [*X.T, time, event], task) as peer:
        measure(benchmark, case, contender, peer, check=check, rounds=5)
