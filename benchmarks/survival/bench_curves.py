"""Kaplan-Meier and the log-rank test over a million distinct times: marey, lifelines, scikit-survival, R."""

import warnings

import numpy as np
import pytest

import marey
from contenders import measure
from foreign import RPeer, clock
from marey.survival import kaplan_meier, logrank


def rows(n):
    rng = np.random.default_rng(0)
    group = rng.integers(0, 2, n)
    life, left = rng.exponential(1 + 0.01 * group), rng.exponential(2.0, n)
    return np.minimum(life, left), life < left, group


@pytest.mark.benchmark(timer=clock)
@pytest.mark.parametrize("contender", ["marey", "lifelines", "scikit-survival", "R survfit"])
def test_kaplan_meier(benchmark, contender):
    time, event, _ = rows(1_000_000)
    marey.set_num_threads(1)
    ours = lambda: kaplan_meier(time, event).at(1.0)  # noqa: E731
    expected = ours()
    # R takes times closer than 1.5e-8 for tied.
    check = lambda found: np.testing.assert_allclose(found, expected, rtol=1e-7)  # noqa: E731
    case = "kaplan_meier, 1,000,000 distinct times"
    if contender == "R survfit":
        setup = "y <- Surv(d$V1, d$V2); one <- factor(rep(1, nrow(d)))"
        task = "f <- survfit(y ~ 1, se.fit = FALSE); f$surv[findInterval(1, f$time)]"
        with RPeer(["survival"], [time, event], task, setup) as peer:
            measure(benchmark, case, contender, peer, check=check, rounds=3)
        return
    run = ours
    if contender == "lifelines":
        lifelines = pytest.importorskip("lifelines")
        run = lambda: lifelines.KaplanMeierFitter().fit(time, event).predict(1.0)  # noqa: E731
    elif contender == "scikit-survival":
        estimator = pytest.importorskip("sksurv.nonparametric").kaplan_meier_estimator

        def run():
            at, survival = estimator(event, time)
            return survival[np.searchsorted(at, 1.0, side="right") - 1]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        measure(benchmark, case, contender, run, check=check, rounds=5 if contender == "marey" else 2)


@pytest.mark.benchmark(timer=clock)
@pytest.mark.parametrize("contender", ["marey", "lifelines", "scikit-survival", "R survdiff"])
def test_logrank(benchmark, contender):
    time, event, group = rows(1_000_000)
    marey.set_num_threads(1)
    ours = lambda: logrank(time, event, group).statistic  # noqa: E731
    expected = ours()
    check = lambda found: np.testing.assert_allclose(found, expected, rtol=1e-6)  # noqa: E731
    case = "logrank, 1,000,000 distinct times, 2 groups"
    if contender == "R survdiff":
        task = "survdiff(y ~ d$V3)$chisq"
        with RPeer(["survival"], [time, event, group], task, "y <- Surv(d$V1, d$V2)") as peer:
            measure(benchmark, case, contender, peer, check=check, rounds=3)
        return
    run = ours
    if contender == "lifelines":
        statistics = pytest.importorskip("lifelines.statistics")
        a, b = group == 0, group == 1
        run = lambda: statistics.logrank_test(time[a], time[b], event[a], event[b]).test_statistic  # noqa: E731
    elif contender == "scikit-survival":
        compare, util = pytest.importorskip("sksurv.compare"), pytest.importorskip("sksurv.util")
        y = util.Surv.from_arrays(event, time)
        run = lambda: compare.compare_survival(y, group)[0]  # noqa: E731
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        measure(benchmark, case, contender, run, check=check, rounds=5 if contender == "marey" else 2)
