"""finegray_fit against R's cmprsk, its definition, cases in which it is a Cox regression, and what must not matter."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from oracle import HERE, TABLE, X

from marey.reference.finegray import finegray as reference
from marey.survival import ConvergenceWarning, cox_fit, finegray_fit
from marey.survival._newton import maximise

CMPRSK = {name: np.array(v) for name, v in json.loads((HERE / "oracle_competing.json").read_text()).items()}
CAUSE = np.where(TABLE["event"] == 1, np.where(TABLE["group"] == 2, 2, 1), 0)
TIME = TABLE["time"]
UNTIED = TIME + np.arange(1, len(TIME) + 1) / 1000


@pytest.mark.parametrize("cause", [1, 2])
@pytest.mark.parametrize("time", [TIME, UNTIED], ids=["tied", "untied"])
def test_everything_is_that_of_cmprsk(time, cause):
    fit = finegray_fit(X, time, CAUSE, cause=cause)
    name = f"crr{cause}" + ("" if time is TIME else "_untied")
    at, hazard = fit.baseline()
    np.testing.assert_array_equal(at, CMPRSK[f"{name}_time"])
    found = {
        "coef": fit.coef,
        "loglik": fit.loglik,
        "naive": fit.naive_var.ravel(),
        "hazard": hazard,
        "incidence": fit.predict_incidence([[0.5, 1, -0.2]], at)[0],
    }
    if time is UNTIED:  # at ties cmprsk takes another limit of the censoring's share; see the jackknife below
        found["var"] = fit.var.ravel()
    for what, value in found.items():
        # Both stop once a step no longer counts, at about 1e-9 of the coefficients.
        np.testing.assert_allclose(value, CMPRSK[f"{name}_{what}"], rtol=1e-7, atol=1e-9, err_msg=what)
    assert fit.converged


def test_variance_at_ties_is_that_of_cmprsk_nearly():
    fit = finegray_fit(X, TIME, CAUSE)
    np.testing.assert_allclose(fit.std_error, np.sqrt(CMPRSK["crr1_var"].reshape(3, 3).diagonal()), rtol=0.02)


@pytest.mark.parametrize("tied", [False, True])
def test_each_row_moves_the_estimate_as_its_influence_says(tied):
    """The sandwich is the infinitesimal jackknife: weights move the likelihood and the curve of censoring both."""
    rng = np.random.default_rng(1)
    n = 400
    X, w = rng.normal(size=(n, 2)), rng.uniform(0.5, 2, n)
    life, left = rng.exponential(np.exp(-X @ [0.5, -0.3])), rng.exponential(1.0, n)
    competing = rng.exponential(np.exp(-X @ [-1.0, 1.0]))
    event = np.where(np.minimum(life, competing) < left, np.where(life < competing, 1, 2), 0)
    time = np.minimum(np.minimum(life, competing), left)
    time = np.ceil(time * 20) if tied else time
    fit = finegray_fit(X, time, event, weights=w, tol=1e-18)
    some, h = range(0, n, 20), 1e-4

    def moves(estimate):
        return np.array([(estimate(w + h * (i == np.arange(n))) - estimate(w - h * (i == np.arange(n)))) for i in some])

    def with_one_curve(weights):
        rows = dataclasses.replace(fit.rows, weights=weights[fit.rows.order])
        return maximise(rows, 40, 1e-18).beta / rows.scale

    told = fit.residuals("dfbeta")
    moved = moves(lambda weights: finegray_fit(X, time, event, weights=weights, tol=1e-18).coef) / (2 * h)
    ignored = moves(with_one_curve) / (2 * h)
    # The paper's influence has 1 / r where the product limit's derivative has 1 / (r - c): a difference of order 1 / n.
    assert np.abs(moved - told[some]).max() < 1e-3 * np.abs(told).max()
    assert np.abs(moved - ignored).max() > 10 * np.abs(moved - told[some]).max()
    np.testing.assert_allclose((w[:, None] * told).T @ (w[:, None] * told), fit.var, rtol=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_a_pass_is_its_definition(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(6, 60))
    X = rng.normal(size=(n, 2))
    time, event, w = rng.integers(1, 12, n).astype(float), rng.integers(0, 4, n), rng.uniform(0.2, 3, n)
    event[:2] = 1
    time[:2] = [2, 5]
    rows = finegray_fit(X, time, event, weights=w, max_iter=1000).rows
    beta = np.array([0.4, -0.7])
    loglik, gradient, hessian, _ = rows.run(beta * rows.scale)
    expected = reference(X - rows.mean, time, event, 1, beta, w)
    np.testing.assert_allclose(loglik, expected[0], rtol=1e-11)
    np.testing.assert_allclose(gradient * rows.scale, expected[1], rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(hessian * np.outer(rows.scale, rows.scale), expected[2], rtol=1e-9, atol=1e-10)


def test_without_competing_events_it_is_a_cox_regression():
    fine, cox = (
        finegray_fit(X, TIME, TABLE["event"].astype(int)),
        cox_fit(X, TIME, TABLE["event"], ties="breslow", cluster=np.arange(len(X))),
    )
    np.testing.assert_allclose(fine.coef, cox.coef, rtol=1e-9)
    np.testing.assert_allclose(fine.loglik, cox.loglik, rtol=1e-12)
    np.testing.assert_allclose(fine.naive_var, cox.naive_var, rtol=1e-9)
    np.testing.assert_allclose(fine.var, cox.var, rtol=1e-9)


def test_without_censoring_competing_rows_live_for_ever():
    event = np.where(CAUSE == 0, 1, CAUSE)
    fine = finegray_fit(X, TIME, event)
    cox = cox_fit(X, np.where(event == 1, TIME, TIME.max() + 1), event == 1, ties="breslow")
    np.testing.assert_allclose(fine.coef, cox.coef, rtol=1e-9)
    np.testing.assert_allclose(fine.loglik, cox.loglik, rtol=1e-12)


def test_what_must_not_matter():
    fit = finegray_fit(X, TIME, CAUSE, weights=TABLE["weight"], cluster=TABLE["cluster"])
    p = np.random.default_rng(0).permutation(len(X))
    scale = np.array([10, 1, 0.1])
    other = finegray_fit(
        X[p] * scale + [100, 0, 5], TIME[p] * 3, CAUSE[p], weights=TABLE["weight"][p], cluster=TABLE["cluster"][p]
    )
    np.testing.assert_allclose(other.coef * scale, fit.coef, rtol=1e-9)
    np.testing.assert_allclose(other.var * np.outer(scale, scale), fit.var, rtol=1e-8)
    np.testing.assert_allclose(other.loglik, fit.loglik, rtol=1e-12)


def test_a_weight_of_two_is_two_rows():
    weights = TABLE["weight"].astype(int)
    rows = finegray_fit(*(np.repeat(a, weights, axis=0) for a in (X, TIME, CAUSE)))
    clusters = np.repeat(np.arange(len(X)), weights)
    clustered = finegray_fit(*(np.repeat(a, weights, axis=0) for a in (X, TIME, CAUSE)), cluster=clusters)
    weighted = finegray_fit(X, TIME, CAUSE, weights=weights)
    np.testing.assert_allclose(weighted.coef, rows.coef, rtol=1e-9)
    np.testing.assert_allclose(weighted.loglik, rows.loglik, rtol=1e-12)
    np.testing.assert_allclose(weighted.naive_var, rows.naive_var, rtol=1e-9)
    np.testing.assert_allclose(weighted.var, clustered.var, rtol=1e-9)


def test_separation_is_a_warning_and_a_status():
    x = (CAUSE == 1).astype(float)[:, None]
    with pytest.warns(ConvergenceWarning, match="separation"):
        fit = finegray_fit(x, TIME, CAUSE)
    assert fit.status == "separation"


def test_a_frame_gives_names_and_the_fit_is_drawn():
    pandas = pytest.importorskip("pandas")
    figure = pytest.importorskip("matplotlib.figure")
    fit = finegray_fit(pandas.DataFrame(X, columns=["age", "sex", "dose"]), TIME, CAUSE)
    assert list(fit.to_frame().index) == ["age", "sex", "dose"]
    assert fit.plot(figure.Figure().subplots()).get_xlabel() == "hazard ratio"
    assert "FineGrayFit(cause 1; n = 80" in repr(fit)
    assert ((fit.predict(X) > 0) == (fit.predict(X, "risk") > 1)).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"X": [[1.0], [np.nan], [2.0], [0.0]]}, "`X` of row 1, column 0 is nan"),
        ({"X": [[1.0], [1.0], [1.0], [1.0]]}, "`X` column 'x0' is constant"),
        ({"X": [[1.0], [2.0]]}, r"`X` has shape \(2, 1\)"),
        ({"time": [1.0, np.nan, 3.0, 4.0]}, "`time` of row 1 is NaN"),
        ({"event": [1, 2, 0]}, r"`event` has shape \(3,\)"),
        ({"event": [1, -1, 0, 1]}, "`event` of row 1 is -1"),
        ({"event": [1, 0.5, 0, 1]}, "`event` of row 1 is 0.5"),
        ({"event": [2, 2, 0, 0]}, "no event of cause 1"),
        ({"cause": 0}, "`cause` is 0"),
        ({"weights": [1, 1, 0, 1]}, "`weights` of row 2 is 0"),
        ({"cluster": [1, 2]}, r"`cluster` has shape \(2,\)"),
        ({"max_iter": -1}, "`max_iter` is -1"),
    ],
)
def test_bad_input_is_named(change, message):
    good = {"X": [[1.0], [0.0], [2.0], [0.5]], "time": [1.0, 2.0, 3.0, 4.0], "event": [1, 2, 0, 1]}
    with pytest.raises(ValueError, match=message):
        finegray_fit(**(good | change))
