"""The bootstraps against the estimates on rows repeated as they were drawn, and what their spread should be."""

from __future__ import annotations

import numpy as np
import pytest
from oracle import TABLE, X

import marey
from marey.survival import (
    bootstrap_concordance,
    bootstrap_counts,
    bootstrap_cox,
    bootstrap_kaplan_meier,
    concordance,
    cox_fit,
    kaplan_meier,
)

TIME, EVENT, RISK = TABLE["time"], TABLE["event"], TABLE["x1"]
COUNTS = bootstrap_counts(80, 12, seed=5)


def drawn(b, *columns):
    return tuple(np.repeat(column, COUNTS[b], axis=0) for column in columns)


def test_curves_are_those_of_the_rows_drawn():
    times = [0.5, 3.0, 8.0, 15.0, 99.0]
    found = bootstrap_kaplan_meier(TIME, EVENT, times, n_replicates=12, seed=5)
    np.testing.assert_array_equal(found.estimate, kaplan_meier(TIME, EVENT).at(times))
    for b in range(12):
        # The last step is a quotient that may round apart from the curve's own.
        np.testing.assert_allclose(
            found.replicates[b], kaplan_meier(*drawn(b, TIME, EVENT)).at(times), rtol=1e-12, atol=1e-15
        )


def test_concordances_are_those_of_the_rows_drawn():
    found = bootstrap_concordance(TIME, EVENT, RISK, n_replicates=12, seed=5)
    for b in range(12):
        np.testing.assert_allclose(found.replicates[b], concordance(*drawn(b, TIME, EVENT, RISK)).estimate, rtol=1e-12)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("strata", [None, TABLE["stratum"]])
def test_coefficients_are_those_of_the_rows_drawn(ties, strata):
    found = bootstrap_cox(X, TIME, EVENT, strata=strata, ties=ties, n_replicates=4, seed=5)
    # Replicates are keyed by their number: four of them are the first four of twelve.
    for b in range(4):
        own = None if strata is None else drawn(b, strata)[0]
        np.testing.assert_allclose(
            found.replicates[b], cox_fit(*drawn(b, X, TIME, EVENT), strata=own, ties=ties).coef, rtol=1e-7, atol=1e-9
        )


def test_spreads_are_those_of_theory():
    rng = np.random.default_rng(0)
    time, event, x = rng.exponential(size=400), rng.random(400) < 0.7, rng.normal(size=400)
    curve = bootstrap_kaplan_meier(time, event, [0.5, 1.0], n_replicates=2000)
    own = kaplan_meier(time, event)
    expected = own.std_error[np.searchsorted(own.time, [0.5, 1.0], side="right") - 1]
    # A standard deviation of 2000 draws is good to 1/sqrt(4000) = 1.6 %; 6 % leaves room for n = 400.
    np.testing.assert_allclose(curve.std_error, expected, rtol=0.06)
    index = bootstrap_concordance(time, event, x, n_replicates=2000)
    np.testing.assert_allclose(index.std_error, concordance(time, event, x).se, rtol=0.06)
    low, high = index.interval()
    assert low < index.estimate < high
    np.testing.assert_allclose(index.interval(kind="basic"), [2 * index.estimate - high, 2 * index.estimate - low])
    share = bootstrap_kaplan_meier(np.ones(400) + event, np.ones(400), [1.5], n_replicates=4000)
    np.testing.assert_allclose(share.replicates.mean(), event.mean(), atol=4 * share.std_error[0] / 4000**0.5)


def test_draws_are_even_and_the_same_on_any_threads():
    found = []
    for threads in (1, 3):
        marey.set_num_threads(threads)
        found.append(bootstrap_counts(50, 4000, seed=9))
    marey.set_num_threads(0)
    np.testing.assert_array_equal(found[0], found[1])
    assert (found[0].sum(axis=1) == 50).all()
    # Each row's total is binomial: 4000 * 50 draws at 1 in 50, spread 63; five of them.
    assert np.abs(found[0].sum(axis=0) - 4000).max() < 5 * 63
    np.testing.assert_allclose(found[0].var(axis=0).mean(), 1 - 1 / 50, rtol=0.02)
    assert (bootstrap_counts(50, 10, seed=10) != found[0][:10]).any()


def test_resamples_that_identify_nothing_are_nan_and_counted():
    found = bootstrap_concordance([1.0, 2.0, 3.0], [1, 0, 0], [0.3, 0.2, 0.1], n_replicates=200)
    assert 0 < found.n_failed < 200
    assert "failed" in repr(found)
    x = np.r_[np.zeros(9), 1.0][:, None]
    cox = bootstrap_cox(x, np.r_[np.arange(1.0, 10.0), 4.5], np.ones(10), n_replicates=50)
    assert 0 < cox.n_failed < 50
    assert np.isfinite(cox.std_error).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bootstrap_counts(0, 5), "`n` is 0"),
        (lambda: bootstrap_counts(5, 0), "`n_replicates` is 0"),
        (lambda: bootstrap_counts(5, 5, seed=-1), "`seed` is -1"),
        (lambda: bootstrap_kaplan_meier(TIME, EVENT, [2.0, 1.0]), "expected rising times"),
        (lambda: bootstrap_kaplan_meier(TIME, EVENT, [np.nan]), "`times` of row 0 is NaN"),
        (lambda: bootstrap_concordance(TIME, EVENT, RISK[:5]), r"`risk` has shape \(5,\)"),
        (lambda: bootstrap_concordance(TIME, EVENT, RISK, n_replicates=2).interval(2.0), "`conf_level` is 2.0"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
