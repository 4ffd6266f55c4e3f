"""Brier scores and areas over time against scikit-survival, against every pair, and their properties."""

from __future__ import annotations

import json

import numpy as np
import pytest
from oracle import HERE, TABLE

import marey
from marey.survival import brier, cox_fit, cumulative_dynamic_auc, integrated_brier

PEER = {name: np.array(v) for name, v in json.loads((HERE / "oracle_accuracy.json").read_text()).items()}
TIME, EVENT = TABLE["time"] + np.arange(1, 81) / 1000, TABLE["event"] == 1
TIMES, RISK = PEER["times"], PEER["risk"]
SURVIVAL = np.exp(-np.exp(RISK)[:, None] * TIMES / 20)
CHANGING = RISK[:, None] + np.sin(np.arange(80)[:, None] * TIMES)
TRAIN = (TIME[:50], EVENT[:50])
CLOSE = {"rtol": 1e-11, "atol": 1e-14}  # sums over 80 rows, and values kept to 15 decimals


def test_brier_scores_are_those_of_scikit_survival():
    np.testing.assert_allclose(brier(TIME, EVENT, SURVIVAL, TIMES), PEER["brier"], **CLOSE)
    found = brier(TIME, EVENT, SURVIVAL, TIMES, censoring=TRAIN)
    np.testing.assert_allclose(found, PEER["brier_train"], **CLOSE)
    np.testing.assert_allclose(integrated_brier(TIME, EVENT, SURVIVAL, TIMES), PEER["integrated"], **CLOSE)


@pytest.mark.parametrize(
    ("risk", "censoring", "name"), [(RISK, None, "auc"), (CHANGING, None, "auc_changing"), (RISK, TRAIN, "auc_train")]
)
def test_areas_are_those_of_scikit_survival(risk, censoring, name):
    found = cumulative_dynamic_auc(TIME, EVENT, risk, TIMES, censoring=censoring)
    np.testing.assert_allclose(found.auc, PEER[name], **CLOSE)
    np.testing.assert_allclose(found.mean, PEER[f"{name}_mean"], **CLOSE)


def by_definition(time, event, survival, risk, times):
    """Brier scores and areas by looking at every row and pair; G by its product, events before censorings."""

    def G(t, strictly):
        value = 1.0
        for s in np.unique(time[~event]):
            if s < t or (s == t and not strictly):
                at_risk = (time > s).sum() + ((time == s) & ~event).sum()
                value *= 1 - ((time == s) & ~event).sum() / at_risk
        return value

    scores, areas = [], []
    for k, t in enumerate(times):
        score = above = pairs = 0.0
        for i in range(len(time)):
            if time[i] > t:
                score += (1 - survival[i, k]) ** 2 / G(t, False)
            elif event[i]:
                w = 1 / G(time[i], True)
                score += survival[i, k] ** 2 * w
                for j in np.flatnonzero(time > t):
                    above += w * (float(risk[i] > risk[j]) + float(risk[i] == risk[j]) / 2)
                    pairs += w
        scores.append(score / len(time))
        areas.append(above / pairs)
    return scores, areas


@pytest.mark.parametrize("seed", range(6))
def test_ties_are_told_as_defined(seed):
    rng = np.random.default_rng(seed)
    n = 40
    time, event, risk = rng.integers(1, 9, n).astype(float), rng.random(n) < 0.6, rng.integers(0, 6, n)
    time[:4], event[:4] = [1, 9, 9, 1], [True, False, True, True]
    times, survival = np.array([1.0, 3.0, 4.5, 7.0]), rng.random((n, 4))
    scores, areas = by_definition(time, event, survival, risk, times)
    np.testing.assert_allclose(brier(time, event, survival, times), scores, rtol=1e-12)
    np.testing.assert_allclose(cumulative_dynamic_auc(time, event, risk, times).auc, areas, rtol=1e-12)


def test_without_censoring_they_are_a_plain_mean_and_a_plain_area():
    everyone = np.ones(80, bool)
    died = TIME[:, None] <= TIMES
    plain = np.mean((SURVIVAL - ~died) ** 2, axis=0)
    np.testing.assert_allclose(brier(TIME, everyone, SURVIVAL, TIMES), plain, rtol=1e-12)
    sklearn = pytest.importorskip("sklearn.metrics")
    areas = [sklearn.roc_auc_score(died[:, k], RISK) for k in range(len(TIMES))]
    np.testing.assert_allclose(cumulative_dynamic_auc(TIME, everyone, RISK, TIMES).auc, areas, rtol=1e-12)


def test_a_prophet_and_a_coin():
    everyone = np.ones(80, bool)
    prophet = (TIME[:, None] > TIMES).astype(float)
    np.testing.assert_array_equal(brier(TIME, EVENT, prophet, TIMES), 0)
    np.testing.assert_allclose(brier(TIME, everyone, np.full((80, 9), 0.5), TIMES), 0.25, rtol=1e-14)
    perfect = cumulative_dynamic_auc(TIME, EVENT, -TIME, TIMES).auc
    np.testing.assert_allclose(perfect, 1, rtol=1e-14)
    assert (perfect <= 1).all()
    np.testing.assert_allclose(cumulative_dynamic_auc(TIME, EVENT, np.zeros(80), TIMES).auc, 0.5, rtol=1e-14)


def test_neither_order_nor_unit_nor_threads_nor_a_second_copy_matter():
    p = np.random.default_rng(0).permutation(80)
    score, area = brier(TIME, EVENT, SURVIVAL, TIMES), cumulative_dynamic_auc(TIME, EVENT, CHANGING, TIMES)
    np.testing.assert_allclose(brier(TIME[p] * 3, EVENT[p], SURVIVAL[p], TIMES * 3), score, rtol=1e-12)
    other = cumulative_dynamic_auc(TIME[p] * 3, EVENT[p], np.exp(CHANGING[p]), TIMES * 3)
    np.testing.assert_allclose(other.auc, area.auc, rtol=1e-12)
    np.testing.assert_allclose(other.mean, area.mean, rtol=1e-12)
    twice = (np.repeat(TIME, 2), np.repeat(EVENT, 2))
    np.testing.assert_allclose(brier(*twice, np.repeat(SURVIVAL, 2, axis=0), TIMES), score, rtol=1e-12)
    many = np.linspace(TIMES[0], TIMES[-1], 200)
    survival = np.exp(-np.exp(RISK)[:, None] * many / 20)
    found = []
    for threads in (1, 3):
        marey.set_num_threads(threads)
        found.append((brier(TIME, EVENT, survival, many), cumulative_dynamic_auc(TIME, EVENT, RISK, many).auc))
    marey.set_num_threads(0)
    np.testing.assert_array_equal(found[0], found[1])


def test_on_data_that_scikit_survival_ships():
    datasets = pytest.importorskip("sksurv.datasets")
    metrics = pytest.importorskip("sksurv.metrics")
    X, y = datasets.load_whas500()
    X = X.astype(float)
    jitter = np.arange(len(y)) / 10_000  # scikit-survival takes G(T) for G(T-), which differs where times are tied
    y["lenfol"] = y["lenfol"] + jitter
    event, time = y["fstat"], y["lenfol"]
    fit = cox_fit(X, time, event)
    times = np.quantile(time, np.linspace(0.1, 0.8, 20))
    survival = fit.predict_survival(X, times)
    np.testing.assert_allclose(brier(time, event, survival, times), metrics.brier_score(y, y, survival, times)[1])
    auc, mean = metrics.cumulative_dynamic_auc(y, y, fit.predict(X), times)
    found = cumulative_dynamic_auc(time, event, fit.predict(X), times)
    np.testing.assert_allclose(found.auc, auc, rtol=1e-12)
    np.testing.assert_allclose(found.mean, mean, rtol=1e-12)


def test_areas_are_drawn():
    figure = pytest.importorskip("matplotlib.figure")
    axes = cumulative_dynamic_auc(TIME, EVENT, RISK, TIMES).plot(figure.Figure().subplots())
    assert axes.get_ylabel() == "AUC"


GOOD = {"time": [1.0, 2.0, 3.0], "event": [1, 0, 1], "times": [1.5]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"survival": [[0.1], [0.2]]}, r"`survival` has shape \(2, 1\); expected \(n, T\) = \(3, 1\)"),
        ({"survival": [[0.1], [1.2], [0.1]]}, "`survival` of row 1, column 0 is 1.2"),
        ({"survival": [[0.1], [np.nan], [0.1]]}, "`survival` of row 1, column 0 is nan"),
        ({"times": [3.0]}, "`times` ends with 3.0"),
        ({"times": [2.0, 1.0]}, "expected one or more rising times"),
        ({"times": []}, "expected one or more rising times"),
        ({"censoring": ([0.5, 1.2], [0, 0])}, "leaves nobody uncensored from 1.2 on"),
        ({"event": [1, 0, 2]}, "`event` of row 2 is 2"),
    ],
)
def test_bad_input_of_brier_is_named(change, message):
    with pytest.raises(ValueError, match=message):
        brier(**(GOOD | {"survival": [[0.1], [0.2], [0.3]]} | change))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"risk": [1.0, np.nan, 2.0]}, "`risk` of row 1 is NaN"),
        ({"risk": [[1.0, 2.0]] * 3}, r"`risk` has shape \(3, 2\)"),
        ({"times": [0.5, 1.5]}, "`times` begins with 0.5, before the first event"),
    ],
)
def test_bad_input_of_the_auc_is_named(change, message):
    with pytest.raises(ValueError, match=message):
        cumulative_dynamic_auc(**(GOOD | {"risk": [0.3, 0.2, 0.1]} | change))


def test_censoring_is_a_pair():
    with pytest.raises(TypeError, match="`censoring` is no pair"):
        brier(**GOOD, survival=[[0.1], [0.2], [0.3]], censoring=[1.0])
    with pytest.raises(ValueError, match="two or more times"):
        integrated_brier(**GOOD, survival=[[0.1], [0.2], [0.3]])
