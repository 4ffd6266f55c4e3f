"""Brier scores and time-dependent areas at 100 times: marey, and scikit-survival."""

import numpy as np
import pytest

import marey
from contenders import measure
from foreign import clock
from marey.survival import brier, cumulative_dynamic_auc


def rows(n):
    rng = np.random.default_rng(0)
    risk = rng.normal(size=n)
    life, left = rng.exponential(np.exp(-risk)), rng.exponential(2.0, n)
    times = np.quantile(np.minimum(life, left), np.linspace(0.05, 0.9, 100))
    return np.minimum(life, left), life < left, risk, times, np.exp(-np.exp(risk)[:, None] * times)


@pytest.mark.benchmark(timer=clock)
@pytest.mark.parametrize("contender", ["marey", "scikit-survival"])
@pytest.mark.parametrize("what", ["brier", "cumulative_dynamic_auc"])
def test_accuracy(benchmark, what, contender):
    marey.set_num_threads(1)
    time, event, risk, times, survival = rows(10_000)
    expected = brier(time, event, survival, times)
    ours = lambda: brier(time, event, survival, times)  # noqa: E731
    if what != "brier":
        ours = lambda: cumulative_dynamic_auc(time, event, risk, times).auc  # noqa: E731
        expected = ours()
    run = ours
    if contender != "marey":
        metrics, util = pytest.importorskip("sksurv.metrics"), pytest.importorskip("sksurv.util")
        y = util.Surv.from_arrays(event, time)
        run = lambda: metrics.brier_score(y, y, survival, times)[1]  # noqa: E731
        if what != "brier":
            run = lambda: metrics.cumulative_dynamic_auc(y, y, risk, times, tied_tol=0)[0]  # noqa: E731
    measure(
        benchmark,
        f"{what}, 10,000 rows, 100 times",
        contender,
        run,
        check=lambda answer: np.testing.assert_allclose(answer, expected, rtol=1e-9),
    )
