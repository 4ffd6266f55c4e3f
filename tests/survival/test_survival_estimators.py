"""CoxPH and CoxNet as scikit-learn uses estimators."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from oracle import TABLE, X

pytest.importorskip("sklearn")

from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from marey.survival import CoxNet, CoxPH, concordance, cox_fit

TIME, EVENT = TABLE["time"], TABLE["event"]
Y = np.zeros(80, dtype=[("event", bool), ("time", float)])
Y["event"], Y["time"] = EVENT == 1, TIME
BOTH = [CoxPH(alpha=0.5, ties="breslow"), CoxNet(folds=4, n_lambdas=20, rule="min")]


@pytest.mark.parametrize("model", BOTH, ids=lambda m: type(m).__name__)
def test_an_estimator_behaves(model):
    before = X.copy()
    fitted = clone(model).fit(X, Y)
    assert fitted.get_params() == model.get_params()
    assert model.set_params(**model.get_params()) is model
    assert not hasattr(model, "coef_")
    with pytest.raises(NotFittedError):
        model.predict(X)
    np.testing.assert_array_equal(X, before)
    assert fitted.n_features_in_ == 3
    again = clone(model).fit(X, np.c_[TIME, EVENT])
    np.testing.assert_array_equal(again.coef_, fitted.coef_)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(fitted)).predict(X), fitted.predict(X))
    np.testing.assert_array_equal(fitted.fit(X[:60], Y[:60]).coef_, clone(model).fit(X[:60], Y[:60]).coef_)
    assert repr(model).startswith(type(model).__name__)


@pytest.mark.parametrize("model", BOTH, ids=lambda m: type(m).__name__)
def test_predictions_hang_together(model):
    fitted = clone(model).fit(X, Y)
    np.testing.assert_allclose(fitted.predict(X), (X - X.mean(axis=0)) @ fitted.coef_, rtol=1e-12, atol=1e-15)
    survival = fitted.predict_survival_function(X)
    assert survival.shape == (80, len(fitted.unique_times_))
    assert (np.diff(survival, axis=1) <= 0).all()
    np.testing.assert_allclose(fitted.predict_cumulative_hazard_function(X), -np.log(survival), rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(fitted.predict_survival_function(X, [-1.0]), 1)
    assert fitted.score(X, Y) == concordance(TIME, EVENT, fitted.predict(X)).estimate
    # Breslow's baseline makes the expected events those seen.
    hazard = fitted.predict_cumulative_hazard_function(X)
    expected = hazard[np.arange(80), np.searchsorted(fitted.unique_times_, TIME)].sum()
    np.testing.assert_allclose(expected, EVENT.sum(), rtol=1e-9)


def test_cox_ph_is_cox_fit():
    model, fit = CoxPH().fit(X, Y), cox_fit(X, TIME, EVENT)
    np.testing.assert_array_equal(model.coef_, fit.coef)
    np.testing.assert_allclose(model.predict_survival_function(X, [3.0]), fit.predict_survival(X, [3.0]), rtol=1e-12)


def test_pipelines_searches_and_scores():
    pipeline = make_pipeline(StandardScaler(), CoxPH())
    np.testing.assert_allclose(
        pipeline.fit(X * 7, Y).predict(X * 7), CoxPH().fit(X, Y).predict(X), rtol=1e-7, atol=1e-9
    )
    scores = cross_val_score(pipeline, X, Y, cv=3)
    assert scores.shape == (3,)
    assert scores.mean() > 0.55
    search = GridSearchCV(pipeline, {"coxph__alpha": [0.0, 1.0, 1e6]}, cv=3).fit(X, Y)
    assert search.best_params_["coxph__alpha"] in (0.0, 1.0, 1e6)
    assert search.predict(X).shape == (80,)


def test_frames_keep_their_names():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=["age", "sex", "dose"])
    model = CoxPH().fit(frame, Y)
    assert list(model.feature_names_in_) == ["age", "sex", "dose"]
    with pytest.raises(ValueError, match="`X` has columns"):
        model.predict(frame[["sex", "age", "dose"]])
    assert not hasattr(model.fit(X, Y), "feature_names_in_")


@pytest.mark.parametrize(
    ("y", "message"),
    [(TIME, r"`y` has shape \(80,\)"), (np.zeros(80, dtype=[("a", float), ("b", float)]), "`y` has fields")],
)
def test_bad_targets_are_named(y, message):
    with pytest.raises(ValueError, match=message):
        CoxPH().fit(X, y)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match=r"`X` has shape \(80, 2\)"):
        CoxPH().fit(X, Y).predict(X[:, :2])
    with pytest.raises(ValueError, match="`rule` is 'max'"):
        CoxNet(rule="max").fit(X, Y)
