"""Harrell's concordance with its standard error: marey, lifelines, R; scikit-survival, without the error."""

from time import perf_counter

import numpy as np
import pytest

import marey
from contenders import measure
from foreign import RPeer, clock
from marey.survival import concordance


def rows(n):
    rng = np.random.default_rng(0)
    risk = rng.normal(size=n)
    life, left = rng.exponential(np.exp(-risk / 2)), rng.exponential(2.0, n)
    return np.minimum(life, left), life < left, risk


@pytest.mark.benchmark(timer=clock)
@pytest.mark.parametrize("contender", ["marey", "lifelines", "R concordance", "scikit-survival"])
@pytest.mark.parametrize("n", [10_000, 100_000])
def test_concordance(benchmark, n, contender):
    time, event, risk = rows(n)
    marey.set_num_threads(1)
    ours = lambda: concordance(time, event, risk).estimate  # noqa: E731
    expected = ours()
    check = lambda estimate: np.testing.assert_allclose(estimate, expected, rtol=1e-6)  # noqa: E731
    case = f"concordance, {n:,} rows"
    if contender == "R concordance":
        task = "concordancefit(y, d$V3, reverse = TRUE)$concordance"
        with RPeer(["survival"], [time, event, risk], task, "y <- Surv(d$V1, d$V2)") as peer:
            measure(benchmark, case, contender, peer, check=check, rounds=5)
        return
    run = ours
    if contender == "lifelines":
        utils = pytest.importorskip("lifelines.utils")
        run = lambda: utils.concordance_index(time, -risk, event)  # noqa: E731
    elif contender == "scikit-survival":
        if n > 10_000:
            pytest.skip("scikit-survival looks at every pair: half a minute")
        metrics = pytest.importorskip("sksurv.metrics")
        run = lambda: metrics.concordance_index_censored(event, time, risk)[0]  # noqa: E731
    measure(benchmark, case, contender, run, check=check, rounds=3)


@pytest.mark.benchmark(timer=perf_counter)
@pytest.mark.parametrize("threads", [1, 2])
def test_many_risks_on_threads(benchmark, threads):
    """Wall time: each column of risks is a task of its own."""
    time, event, _ = rows(100_000)
    risks = np.random.default_rng(1).normal(size=(100_000, 16))
    marey.set_num_threads(1)
    expected = concordance(time, event, risks).estimate
    marey.set_num_threads(threads)
    measure(
        benchmark,
        "concordance, 100,000 rows, 16 columns of risks (wall)",
        f"marey, {threads} thread{'s' if threads > 1 else ''}",
        lambda: concordance(time, event, risks).estimate,
        check=lambda found: np.testing.assert_array_equal(found, expected),
        threads=threads,
    )
    marey.set_num_threads(1)
