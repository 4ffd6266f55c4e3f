"""cox_path and its cross-validation against glmnet, against the conditions of a minimum, and what must not matter."""

from __future__ import annotations

import json

import numpy as np
import pytest
from oracle import HERE, TABLE, X

import marey
from marey.survival import ConvergenceWarning, cox_fit, cox_partial_likelihood, cox_path, cox_path_cv

GLMNET = {name: np.array(v) for name, v in json.loads((HERE / "oracle_glmnet.json").read_text()).items()}
TIME, EVENT = TABLE["time"], TABLE["event"]
WIDE = np.c_[X, X[:, 0] * X[:, 2], np.cos(X[:, 0] * 3)]
LAMBDAS = [0.3, 0.1, 0.05, 0.02, 0.005]
TIGHT = {"tol": 1e-16}


@pytest.mark.parametrize("l1_ratio", [1, 0.5, 0])
def test_coefficients_are_those_of_glmnet(l1_ratio):
    path = cox_path(WIDE, TIME, EVENT, l1_ratio=l1_ratio, lambdas=LAMBDAS, **TIGHT)
    # glmnet ends when a sweep changes little of its quadratic, which leaves about 1e-7 of a coefficient.
    np.testing.assert_allclose(path.coef.ravel(), GLMNET[f"coef_{l1_ratio}"], rtol=2e-6, atol=2e-7)
    assert path.converged.all()


def test_factors_without_scaling_are_those_of_glmnet():
    path = cox_path(
        WIDE, TIME, EVENT, lambdas=LAMBDAS[:3], standardize=False, factors=[0, 0.5, 1, 1.5, 2], **TIGHT
    )  # which sum to the number of columns: glmnet scales them so
    np.testing.assert_allclose(path.coef.ravel(), GLMNET["coef_factors"], rtol=2e-6, atol=2e-7)


def test_cross_validation_is_that_of_glmnet():
    cv = cox_path_cv(WIDE, TIME, EVENT, lambdas=LAMBDAS, fold=np.arange(80) % 5, **TIGHT)
    np.testing.assert_allclose(cv.deviance, GLMNET["cv"], rtol=1e-6)
    np.testing.assert_allclose(cv.std_error, GLMNET["cv_error"], rtol=1e-5)
    assert [cv.best, cv.best_1se] == list(GLMNET["cv_best"])


def test_it_begins_where_glmnet_does_and_leaves_every_column_out_there():
    path = cox_path(WIDE, TIME, EVENT, n_lambdas=3)
    np.testing.assert_allclose(path.lambdas[0], GLMNET["lambda"][0], rtol=1e-12)
    assert path.n_nonzero[0] == 0
    assert cox_path(WIDE, TIME, EVENT, lambdas=[0.999 * path.lambdas[0]]).n_nonzero[0] == 1


def cohort(n, p, seed=0, tied=True):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) @ (np.eye(p) + 0.3 * rng.normal(size=(p, p)) / np.sqrt(p))
    beta = np.zeros(p)
    beta[:5] = [1, -1, 0.5, 0.5, -0.5]
    time = rng.exponential(np.exp(-X @ beta))
    return X, np.ceil(time * 30) if tied else time, rng.random(n) < 0.7


@pytest.mark.parametrize(("n", "p"), [(300, 20), (60, 150)])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.4])
def test_every_point_of_the_path_is_a_minimum(n, p, l1_ratio):
    X, time, event = cohort(n, p)
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    path = cox_path(X, time, event, l1_ratio=l1_ratio, n_lambdas=12, lambda_ratio=0.05, tol=1e-14)
    for lam, coef, loglik in zip(path.lambdas, path.coef, path.loglik, strict=True):
        beta = coef * X.std(axis=0)
        residual = _martingale(Z @ beta, time, event)
        slope = Z.T @ residual / n - lam * (1 - l1_ratio) * beta
        np.testing.assert_allclose(slope[beta != 0], lam * l1_ratio * np.sign(beta[beta != 0]), rtol=1e-4)
        assert (np.abs(slope[beta == 0]) <= lam * l1_ratio * (1 + 1e-6)).all()
        expected = cox_partial_likelihood(Z @ beta, time, event, ties="breslow")
        np.testing.assert_allclose(loglik, expected, rtol=1e-10)


def _martingale(eta, time, event):
    """The gradient of Breslow's likelihood in eta, by its definition."""
    r = np.exp(eta)
    at_risk = time[None, :] >= time[:, None]
    hazard = np.where(event, 1 / (at_risk @ r), 0.0)
    return event - r * (hazard @ at_risk)


def test_a_ridge_is_that_of_cox_fit_and_no_penalty_is_none():
    n, scale = len(WIDE), WIDE.std(axis=0)
    ridge = cox_path(WIDE, TIME, EVENT, l1_ratio=0, lambdas=[0.2], **TIGHT)
    full = cox_fit(WIDE, TIME, EVENT, ties="breslow", ridge=0.2 * n * scale**2)
    np.testing.assert_allclose(ridge.coef[0], full.coef, rtol=1e-5)
    free = cox_path(WIDE, TIME, EVENT, lambdas=[0.1, 0.0], **TIGHT)
    np.testing.assert_allclose(free.coef[1], cox_fit(WIDE, TIME, EVENT, ties="breslow").coef, rtol=1e-5)
    np.testing.assert_allclose(free.null_loglik, cox_fit(WIDE, TIME, EVENT, ties="breslow").loglik[0], rtol=1e-12)


def test_what_must_not_matter():
    X, time, event = cohort(120, 8, seed=3)
    p = np.random.default_rng(0).permutation(120)
    one = cox_path(X, time, event, n_lambdas=20, **TIGHT)
    other = cox_path(X[p] * 10 + 3, time[p] * 7, event[p], n_lambdas=20, **TIGHT)
    np.testing.assert_allclose(other.lambdas, one.lambdas, rtol=1e-12)
    np.testing.assert_allclose(other.coef * 10, one.coef, atol=1e-7)
    twice = cox_path(*(np.repeat(a, 2, axis=0) for a in (X, time, event)), lambdas=one.lambdas, **TIGHT)
    np.testing.assert_allclose(twice.coef, one.coef, atol=1e-7)
    constant = cox_path(np.c_[X, np.ones(120)], time, event, lambdas=one.lambdas, **TIGHT)
    np.testing.assert_allclose(constant.coef[:, :8], one.coef, atol=1e-7)
    assert (constant.coef[:, 8] == 0).all()


def test_folds_agree_on_any_threads_and_find_the_columns():
    X, time, event = cohort(300, 30, seed=1)
    found = []
    for threads in (1, 3):
        marey.set_num_threads(threads)
        found.append(cox_path_cv(X, time, event, n_lambdas=30, lambda_ratio=0.02, folds=6, seed=4))
    marey.set_num_threads(0)
    np.testing.assert_array_equal(found[0].deviance, found[1].deviance)
    cv = found[0]
    assert cv.best_1se >= cv.best
    assert (cv.path.coef_at(cv.best_1se)[:5] != 0).all()
    assert cv.path.n_nonzero[cv.path.lambdas == cv.best_1se][0] < 15
    np.testing.assert_array_equal(np.bincount(cv.fold), 50)
    np.testing.assert_allclose(np.ptp(np.bincount(cv.fold, event)), 0, atol=1)


def test_too_few_sweeps_are_told():
    X, time, event = cohort(100, 20)
    with pytest.warns(ConvergenceWarning, match="max_sweeps = 2 did not suffice"):
        path = cox_path(X, time, event, max_sweeps=2, n_lambdas=5)
    assert not path.converged.all()


def test_paths_are_shown():
    pandas, figure = pytest.importorskip("pandas"), pytest.importorskip("matplotlib.figure")
    cv = cox_path_cv(pandas.DataFrame(WIDE, columns=list("abcde")), TIME, EVENT, folds=4, n_lambdas=10)
    assert list(cv.path.to_frame().columns) == list("abcde")
    assert cv.path.plot(figure.Figure().subplots()).get_ylabel() == "coefficient"
    assert cv.plot(figure.Figure().subplots()).get_xlabel() == "penalty"
    assert "CoxPath(10 penalties" in repr(cv.path)
    assert "CoxPathCV(4 folds, best" in repr(cv)
    lp = cv.path.predict(WIDE, cv.best)
    np.testing.assert_allclose(cv.path.predict(WIDE, cv.best, "risk"), np.exp(lp))
    np.testing.assert_allclose(lp, (WIDE - WIDE.mean(axis=0)) @ cv.path.coef_at(cv.best), rtol=1e-12)
    with pytest.raises(ValueError, match="`penalty` is 99"):
        cv.path.coef_at(99)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"l1_ratio": 1.5}, "`l1_ratio` is 1.5"),
        ({"lambdas": [0.1, 0.2]}, "expected falling numbers"),
        ({"n_lambdas": 0}, "`n_lambdas` is 0"),
        ({"lambda_ratio": 2.0}, "`lambda_ratio` 2.0"),
        ({"factors": [1.0]}, "expected 5 numbers"),
        ({"tol": 0}, "`tol` is 0"),
        ({"X": np.ones((80, 1))}, "no column that is penalised and tells anything"),
        ({"X": WIDE[:3]}, r"`X` has shape \(3, 5\)"),
        ({"event": np.zeros(80)}, "`event` marks no event"),
    ],
)
def test_bad_input_is_named(change, message):
    with pytest.raises(ValueError, match=message):
        cox_path(**({"X": WIDE, "time": TIME, "event": EVENT} | change))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"folds": 1}, "`folds` is 1"),
        ({"fold": np.zeros(80, int)}, "expected .n,. = .80,. of 0, 1"),
        ({"fold": np.where(EVENT == 0, 1, 0)}, "`fold` leaves fold 1 without an event"),
    ],
)
def test_bad_folds_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        cox_path_cv(WIDE, TIME, EVENT, **change)
