from __future__ import annotations

import numpy as np
import pytest

from marey.study.p12.calibration import calibration, temperature
from marey.study.p12.metrics import (
    auprc,
    auroc,
    auroc_by_hour,
    bootstrap,
    brier,
    precision_recall_curve,
    roc_curve,
)


def cohort(n: int, *, seed: int = 0, digits: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Outcomes drawn from the risks themselves, so that the risks are calibrated; rounding makes ties."""
    rng = np.random.default_rng(seed)
    p = 1 / (1 + np.exp(-rng.normal(-1.5, 1.5, n)))
    y = rng.random(n) < p
    y[:2] = (0, 1)
    return y.astype(np.int8), p if digits is None else np.round(p, digits)


@pytest.mark.parametrize(
    ("y", "p", "area"),
    [
        ([0, 1], [0.2, 0.7], 1.0),
        ([1, 0], [0.2, 0.7], 0.0),
        ([0, 1], [0.5, 0.5], 0.5),
        # pairs (survivor, death): .1<.4, .1<.8, .4=.4 (half), .4<.8
        ([0, 0, 1, 1], [0.1, 0.4, 0.4, 0.8], 3.5 / 4),
        ([0, 1, 1, 0, 1], [0.3, 0.3, 0.3, 0.3, 0.9], 4 / 6),
    ],
)
def test_auroc_by_hand(y, p, area):
    assert auroc(y, p) == pytest.approx(area, abs=1e-15)


@pytest.mark.parametrize(
    ("y", "p", "area"),
    [
        ([0, 1], [0.2, 0.7], 1.0),
        ([1, 0], [0.2, 0.7], 0.5),
        # recall 1/2 at precision 1, then 2/2 at precision 2/3
        ([0, 1, 0, 1], [0.1, 0.4, 0.6, 0.8], 1 / 2 + 1 / 2 * 2 / 3),
        # all tied: one step at the prevalence
        ([0, 1, 0, 0], [0.5] * 4, 1 / 4),
    ],
)
def test_auprc_by_hand(y, p, area):
    assert auprc(y, p) == pytest.approx(area, abs=1e-15)


@pytest.mark.parametrize("digits", [None, 3, 1])
@pytest.mark.parametrize("n", [2, 3, 17, 1000])
def test_areas_and_brier_equal_scikit_learn(n, digits):
    sklearn = pytest.importorskip("sklearn.metrics")
    y, p = cohort(n, seed=n, digits=digits)
    # Both sides are sums of at most n terms of size 1: rounding alone.
    assert auroc(y, p) == pytest.approx(sklearn.roc_auc_score(y, p), abs=1e-12)
    assert auprc(y, p) == pytest.approx(sklearn.average_precision_score(y, p), abs=1e-12)
    assert brier(y, p) == pytest.approx(sklearn.brier_score_loss(y, p), abs=1e-12)


def test_curves_equal_scikit_learn():
    sklearn = pytest.importorskip("sklearn.metrics")
    y, p = cohort(500, digits=2)
    false, true, _ = sklearn.roc_curve(y, p, drop_intermediate=False)
    np.testing.assert_allclose(roc_curve(y, p), (false, true), atol=1e-12)
    precision, recall, _ = sklearn.precision_recall_curve(y, p)
    np.testing.assert_allclose(precision_recall_curve(y, p), (recall[-2::-1], precision[-2::-1]), atol=1e-12)


def test_areas_do_not_depend_on_order_or_on_a_monotone_change_of_scale():
    y, p = cohort(300, digits=2)
    shuffled = np.random.default_rng(1).permutation(300)
    for area in (auroc, auprc):
        assert area(y[shuffled], p[shuffled]) == area(y, p)
        assert area(y, 5 * p**3 - 2) == area(y, p)


def test_reversed_risk_mirrors_auroc():
    y, p = cohort(300, digits=2)
    assert auroc(y, -p) == pytest.approx(1 - auroc(y, p), abs=1e-12)


@pytest.mark.parametrize("statistic", [auroc, auprc, brier, roc_curve, calibration])
@pytest.mark.parametrize(
    ("y", "p", "message"),
    [
        ([0, 1], [0.1, np.nan], "`p` is nan at index 1"),
        ([0, 1], [np.inf, 0.1], "`p` is inf at index 0"),
        ([0, 0], [0.1, 0.2], "one class only"),
        ([1, 1], [0.1, 0.2], "one class only"),
        ([], [], "one class only"),
        ([0, 1, 1], [0.1, 0.2], "shape"),
        ([[0, 1]], [[0.1, 0.2]], "shape"),
        ([0, 2], [0.1, 0.2], "other than 0 and 1"),
        ([0, np.nan], [0.1, 0.2], "other than 0 and 1"),
    ],
)
def test_unusable_input_is_a_value_error(statistic, y, p, message):
    with pytest.raises(ValueError, match=message):
        statistic(y, p)


@pytest.mark.parametrize("statistic", [brier, calibration])
def test_a_score_that_is_no_probability_is_refused(statistic):
    with pytest.raises(ValueError, match=r"within 0\.\.1"):
        statistic([0, 1], [-0.5, 0.5])


def test_bootstrap_equals_the_statistics_of_each_resample_taken_one_by_one():
    y, p = cohort(60, digits=1)
    found = bootstrap(y, {"m": p}, replicates=300, seed=5)["m"]
    # The same stream of draws, scored the long way round.
    rng = np.random.Generator(np.random.Philox(5))
    draws = [i for size in (128, 128, 44) for i in rng.integers(0, 60, size=(size, 60))]
    for name, statistic in (("auroc", auroc), ("auprc", auprc), ("brier", brier)):
        values = [statistic(y[i], p[i]) for i in draws]
        assert found[name].value == statistic(y, p)
        np.testing.assert_allclose((found[name].low, found[name].high), np.quantile(values, (0.025, 0.975)), atol=1e-12)


def test_bootstrap_is_seeded_and_leaves_its_input_alone():
    y, p = cohort(200)
    before = y.copy(), p.copy()
    assert bootstrap(y, {"m": p}, seed=1) == bootstrap(y, {"m": p}, seed=1)
    assert bootstrap(y, {"m": p}, seed=1) != bootstrap(y, {"m": p}, seed=2)
    np.testing.assert_array_equal((y, p), before)


def test_differences_are_paired():
    y, p = cohort(400)
    found = bootstrap(y, {"first": p, "same": p, "noise": np.random.default_rng(3).random(400)}, replicates=200)
    same, noise = found["same"]["auroc_difference"], found["noise"]["auroc_difference"]
    assert (same.value, same.low, same.high) == (0, 0, 0)
    assert noise.value == found["first"]["auroc"].value - found["noise"]["auroc"].value
    assert noise.low > 0
    assert "auroc_difference" not in found["first"]


def test_resamples_with_one_class_are_drawn_again():
    found = bootstrap([0, 0, 0, 0, 1], {"m": [0.1, 0.2, 0.6, 0.3, 0.5]}, replicates=400)["m"]
    assert 0 <= found["auroc"].low <= found["auroc"].value <= found["auroc"].high <= 1


def test_auroc_interval_covers_the_truth():
    """Of 100 cohorts, about 95 intervals hold the true area; fewer than 88 has probability below 0.002."""
    rng = np.random.default_rng(0)
    truth, held = 0.7602499389065233, 0  # Phi(1 / sqrt 2): deaths N(1, 1) against survivors N(0, 1)
    for seed in range(100):
        y = np.arange(300) < 90
        p = 1 / (1 + np.exp(-rng.normal(y, 1)))
        interval = bootstrap(y, {"m": p}, replicates=200, seed=seed)["m"]["auroc"]
        held += interval.low <= truth <= interval.high
    assert held >= 88


def test_auroc_by_hour_uses_the_stays_known_by_then():
    y = np.array([0, 0, 1, 1])
    p = np.array([[np.nan, 0.2, 0.1], [np.nan, np.nan, 0.2], [np.nan, 0.1, 0.3], [0.9, 0.3, 0.4]])
    np.testing.assert_array_equal(auroc_by_hour(y, p), (np.nan, 0.5, 1.0))
    with pytest.raises(ValueError, match="shape"):
        auroc_by_hour(y, p.T)


def test_calibration_bins_hold_every_stay_once_and_keep_equal_risks_together():
    y, p = cohort(1003, digits=2)
    curve = calibration(y, p, bins=10)
    assert curve.count.sum() == 1003
    assert (np.diff(curve.predicted) > 0).all()
    assert curve.observed @ curve.count == pytest.approx(y.sum())
    assert curve.predicted @ curve.count == pytest.approx(p.sum())
    assert (curve.low <= curve.observed).all()
    assert (curve.observed <= curve.high).all()
    assert len(calibration([0, 1, 0], [0.3, 0.3, 0.3]).count) == 1


def test_calibration_of_honest_risks_has_slope_1_and_intercept_0():
    y, p = cohort(20_000)
    curve = calibration(y, p)
    assert curve.slope == pytest.approx(1, abs=0.06)  # three standard errors of the slope at this size
    assert curve.intercept == pytest.approx(0, abs=0.06)
    inside = (curve.low <= curve.predicted) & (curve.predicted <= curve.high)
    assert inside.sum() >= 8


def test_calibration_finds_how_the_logit_was_distorted():
    y, p = cohort(5000)
    logit = np.log(p / (1 - p))
    straight = calibration(y, p)
    assert calibration(y, 1 / (1 + np.exp(-2 * logit))).slope == pytest.approx(straight.slope / 2, rel=1e-8)
    shifted = calibration(y, 1 / (1 + np.exp(-(logit - 0.7))))
    assert shifted.slope == pytest.approx(straight.slope, rel=1e-8)
    assert shifted.intercept == pytest.approx(straight.intercept + 0.7, abs=1e-8)


def test_temperature_undoes_how_far_the_logits_were_stretched():
    y, p = cohort(20_000)
    logit = np.log(p / (1 - p))
    straight = temperature(y, logit)
    assert straight == pytest.approx(1.0, abs=0.06)  # three standard errors at this size
    assert temperature(y, 2.5 * logit) == pytest.approx(2.5 * straight, rel=1e-8)
    # The best T is a minimum of the loss: both neighbours are worse.
    loss = [float(np.mean(np.logaddexp(0, np.where(y == 1, -1, 1) * logit / (straight * t)))) for t in (0.99, 1, 1.01)]
    assert loss[1] < min(loss[0], loss[2])


def test_without_a_best_temperature_the_logits_stay_as_they_are():
    assert temperature([0, 0, 1, 1], [-2.0, -1.0, 1.0, 2.0]) == 1.0  # separated: the smaller T the better
    assert temperature([1, 1, 1, 0, 0], [-2.0, -1.0, 1.0, 1.0, 2.0]) == 1.0  # ranked upside down


def test_calibration_slope_equals_scikit_learn_without_penalty():
    linear = pytest.importorskip("sklearn.linear_model")
    y, p = cohort(800, digits=2)
    p = p.clip(0.01, 0.99)
    logit = np.log(p / (1 - p))
    fitted = linear.LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(logit[:, None], y)
    assert calibration(y, p).slope == pytest.approx(fitted.coef_[0, 0], rel=1e-5)  # its solver's tolerance


def test_a_separating_risk_has_no_slope_and_says_so():
    curve = calibration([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9])
    assert np.isnan(curve.slope)
    assert curve.intercept == pytest.approx(0, abs=1e-8)


def test_saturated_risks_are_taken():
    curve = calibration([0, 0, 1, 1, 0, 1], [0.0, 0.3, 1.0, 0.6, 0.7, 0.4])
    assert np.isfinite((curve.slope, curve.intercept)).all()


@pytest.mark.parametrize(
    ("deaths", "stays", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (1, 29, 0.0061, 0.1718)],
)
def test_bin_intervals_equal_published_ones(deaths, stays, low, high):
    """Newcombe RG, Stat Med 1998;17:857-872, table I, method 3."""
    curve = calibration(np.arange(stays) < deaths, np.full(stays, 0.4), bins=1)
    assert (round(curve.low[0], 4), round(curve.high[0], 4)) == (low, high)
