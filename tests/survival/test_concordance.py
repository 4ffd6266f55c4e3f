"""concordance against R, against every pair looked at, and what must not matter."""

from __future__ import annotations

import numpy as np
import pytest
from oracle import TABLE, R

import marey
from marey.reference.concordance import concordance as reference
from marey.survival import concordance


def told(c):
    return [c.estimate, c.se, c.concordant, c.discordant, c.tied_risk, c.tied_time]


@pytest.mark.parametrize(("column", "weights", "name"), [("x1", None, "c"), ("x2", TABLE["weight"], "c_weights")])
def test_estimate_and_error_are_those_of_r(column, weights, name):
    c = concordance(TABLE["time"], TABLE["event"], TABLE[column], weights=weights)
    expected = R[name].copy()
    expected[5] += expected[6]  # R tells apart tied times with and without tied risks
    np.testing.assert_allclose(told(c), expected[:6], rtol=1e-12)


def test_uno_is_that_of_r():
    c = concordance(TABLE["time"], TABLE["event"], TABLE["x1"], method="uno")
    np.testing.assert_allclose([c.estimate, c.se], R["c_uno"], rtol=1e-12)


@pytest.mark.parametrize("seed", range(8))
def test_equals_looking_at_every_pair(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(5, 70))
    time, event = rng.integers(0, 12, n).astype(float), rng.random(n) < 0.7
    risk, weights = rng.integers(0, 9, n).astype(float), rng.uniform(0, 2, n)
    event[np.argmin(time)] = True
    expected = reference(time, event, risk, weights, weights)
    c = concordance(time, event, risk, weights=weights)
    np.testing.assert_allclose([c.concordant, c.discordant, c.tied_risk, c.se], expected, rtol=1e-10, atol=1e-10)
    before = np.where(time < 6, weights, 0)
    if (event & (time < 6)).any():
        c = concordance(time, event, risk, weights=weights, tau=6)
        expected = reference(time, event, risk, before, weights)
        np.testing.assert_allclose([c.concordant, c.discordant, c.tied_risk, c.se], expected, rtol=1e-10, atol=1e-10)


def test_many_columns_are_each_by_itself_on_any_threads():
    rng = np.random.default_rng(1)
    n = 20_000
    time, event, risk = rng.exponential(size=n), rng.random(n) < 0.5, rng.normal(size=(n, 5)).round(2)
    results = []
    for threads in (1, 3):
        marey.set_num_threads(threads)
        results.append(concordance(time, event, risk))
    marey.set_num_threads(0)
    for k in range(5):
        alone = concordance(time, event, risk[:, k])
        for many in results:
            assert (many.estimate[k], many.se[k], many.tied_risk[k]) == (alone.estimate, alone.se, alone.tied_risk)


def test_what_must_not_matter():
    time, event, risk = TABLE["time"], TABLE["event"], TABLE["x1"]
    p = np.random.default_rng(2).permutation(len(time))
    one = concordance(time, event, risk)
    other = concordance(time[p] * 2, event[p], np.exp(risk[p]))
    np.testing.assert_allclose(told(other), told(one), rtol=1e-12)
    reverse = concordance(time, event, -risk)
    np.testing.assert_allclose(reverse.estimate, 1 - one.estimate, rtol=1e-12)
    assert reverse.concordant == one.discordant


def test_a_weight_of_two_is_two_rows():
    time, event, risk, weights = (TABLE[name] for name in ("time", "event", "x1", "weight"))
    repeats = weights.astype(int)
    rows = concordance(*(np.repeat(a, repeats) for a in (time, event, risk)))
    weighted = concordance(time, event, risk, weights=weights)
    # The copies of a row are pairs of equal risk only where a censoring meets an event: never within one row.
    assert weighted.concordant == rows.concordant
    assert weighted.discordant == rows.discordant


def test_perfect_and_useless_risks():
    time = np.arange(1.0, 101.0)
    assert concordance(time, np.ones(100), -time).estimate == 1
    assert concordance(time, np.ones(100), time).estimate == 0
    assert concordance(time, np.ones(100), np.zeros(100)).estimate == 0.5
    assert concordance(time, np.ones(100), -time).se == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"risk": [0.1, np.nan, 0.2]}, "`risk` of row 1 is NaN"),
        ({"risk": [0.1, 0.2]}, r"`risk` has shape \(2,\)"),
        ({"time": [1.0, np.nan, 0.2]}, "`time` of row 1 is NaN"),
        ({"weights": [1, 1, -1]}, "`weights` of row 2 is -1"),
        ({"event": [0, 0, 0]}, "no pair is comparable"),
        ({"tau": 0}, "`tau` is 0"),
        ({"method": "gonen"}, "`method` is 'gonen'"),
    ],
)
def test_bad_input_is_named(change, message):
    good = {"time": [1.0, 2.0, 3.0], "event": [1, 0, 1], "risk": [0.3, 0.2, 0.1]}
    with pytest.raises(ValueError, match=message):
        concordance(**(good | change))
