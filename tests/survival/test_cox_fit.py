"""cox_fit against R, against finite differences and hand-worked values, and what must not matter."""

from __future__ import annotations

import numpy as np
import pytest
from oracle import TABLE, R, X

from marey.survival import ConvergenceWarning, cox_fit, kaplan_meier, nelson_aalen

TIME, EVENT = TABLE["time"], TABLE["event"]
FULL = {name: TABLE[column] for name, column in
        (("entry", "entry"), ("strata", "stratum"), ("weights", "weight"), ("cluster", "cluster"))}  # fmt: skip
# R stops when the likelihood moves by less than 1e-9 of itself: its coefficients are good to about 1e-10.
AS_R = {"rtol": 1e-8, "atol": 1e-9}


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("full", [False, True])
def test_everything_is_that_of_r(ties, full):
    fit = cox_fit(X, TIME, EVENT, ties=ties, **(FULL if full else {}))
    name = f"cox_full_{ties}" if full else f"cox_{ties}"
    found = {
        "coef": fit.coef,
        "loglik": fit.loglik,
        "var": fit.naive_var,
        "score": fit.score,
        **{kind: fit.residuals(kind) for kind in ("martingale", "deviance", "schoenfeld")},
        "score_residuals": fit.residuals("score"),
    }
    if full:
        found["robust"] = fit.var
    else:
        base = fit.baseline()
        np.testing.assert_array_equal(base.time, R[f"{name}_basetime"])
        found["basehaz"] = base.hazard
    for what, value in found.items():
        np.testing.assert_allclose(np.ravel(value, order="F"), R[f"{name}_{what}"], **AS_R, err_msg=what)
    assert fit.converged


def test_the_hand_worked_example():
    """Therneau & Grambsch 2000, appendix E.1: with r = exp(beta), Breslow's likelihood is known in closed form."""
    x, time, event = np.array([1.0, 1, 1, 0, 0, 0]), [1, 1, 6, 6, 8, 9], [1, 0, 1, 1, 0, 1]
    breslow = cox_fit(x[:, None], time, event, ties="breslow")
    b = breslow.coef[0]
    r = np.exp(b)
    np.testing.assert_allclose(b, np.log((3 + np.sqrt(33)) / 2), rtol=1e-9)
    np.testing.assert_allclose(breslow.loglik[1], 2 * b - np.log(3 * r + 3) - 2 * np.log(r + 3), rtol=1e-12)
    efron = cox_fit(x[:, None], time, event, ties="efron")
    b = efron.coef[0]
    r = np.exp(b)
    expected = 2 * b - np.log(3 * r + 3) - np.log(r + 3) - np.log((r + 5) / 2)
    np.testing.assert_allclose(efron.loglik[1], expected, rtol=1e-12)
    np.testing.assert_allclose(b, 1.676857, atol=1e-6)


def test_the_hand_worked_example_with_entries():
    """Appendix E.2: rows at risk on (entry, time], counted by hand at each of the six event times."""
    entry, time = [1, 2, 5, 2, 1, 7, 3, 4, 8, 8], [2, 3, 6, 7, 8, 9, 9, 9, 14, 17]
    event, x = [1, 1, 1, 1, 1, 1, 1, 0, 0, 0], np.array([1.0, 0, 0, 1, 0, 1, 1, 1, 0, 0])

    def likelihood(b, last):
        r = np.exp(b)
        return 4 * b - np.log(r + 1) - np.log(r + 2) - 2 * np.log(3 * r + 2) - 2 * np.log(3 * r + 1) - np.log(last(r))

    for ties, last in (("breslow", lambda r: 3 * r + 2), ("efron", lambda r: 2 * r + 2)):
        fit = cox_fit(x[:, None], time, event, entry=entry, ties=ties)
        b, h = fit.coef[0], 1e-4
        np.testing.assert_allclose(fit.loglik, [likelihood(0.0, last), likelihood(b, last)], rtol=1e-12)
        up, down = likelihood(b + h, last), likelihood(b - h, last)
        np.testing.assert_allclose(up, down, rtol=0, atol=1e-9)  # flat there: h^3 of the third derivative
        curvature = (2 * likelihood(b, last) - up - down) / h**2
        np.testing.assert_allclose(1 / fit.var[0, 0], curvature, rtol=1e-5)
    np.testing.assert_allclose(
        cox_fit(x[:, None], time, event, entry=entry, ties="breslow").coef, -0.084526081, atol=1e-8
    )


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_score_and_curvature_are_derivatives_of_the_likelihood(ties):
    fit = cox_fit(X, TIME, EVENT, ties=ties, **{**FULL, "cluster": None})
    rows, h = fit.rows, 1e-5
    beta = np.array([0.3, -0.2, 0.5])
    _, gradient, hessian, *_ = rows.run(beta)
    for j, e in enumerate(np.eye(3) * h):
        up, down = rows.run(beta + e), rows.run(beta - e)
        # Central differences: an error of h^2 times the third derivative, and of rounding over h.
        np.testing.assert_allclose((up[0] - down[0]) / (2 * h), gradient[j], rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose((down[1] - up[1]) / (2 * h), hessian[j], rtol=1e-6, atol=1e-6)


def test_what_must_not_matter():
    fit = cox_fit(X, TIME, EVENT, **FULL)
    p = np.random.default_rng(0).permutation(len(X))
    shuffled = {name: values[p] for name, values in FULL.items()}
    shuffled["entry"] = shuffled["entry"] * 3
    other = cox_fit(X[p] * [10, 1, 0.1] + [100, 0, 5], TIME[p] * 3, EVENT[p], **shuffled)
    np.testing.assert_allclose(other.coef * [10, 1, 0.1], fit.coef, rtol=1e-9)
    np.testing.assert_allclose(other.var * np.outer([10, 1, 0.1], [10, 1, 0.1]), fit.var, rtol=1e-8)
    np.testing.assert_allclose(other.residuals(), fit.residuals()[p], atol=1e-9)
    np.testing.assert_allclose(other.loglik, fit.loglik, rtol=1e-12)


def test_a_weight_of_two_is_two_rows_under_breslow():
    weights = TABLE["weight"].astype(int)
    rows = [np.repeat(a, weights, axis=0) for a in (X, TIME, EVENT)]
    one, other = cox_fit(*rows, ties="breslow"), cox_fit(X, TIME, EVENT, weights=weights, ties="breslow")
    np.testing.assert_allclose(other.coef, one.coef, rtol=1e-9)
    np.testing.assert_allclose(other.loglik, one.loglik, rtol=1e-12)


def test_a_life_cut_in_pieces_is_the_same_life():
    cut = np.floor(TIME / 2)
    some = cut > 0
    whole = cox_fit(X, TIME, EVENT)
    cut_fit = cox_fit(
        np.concatenate([X[some], X]),
        np.concatenate([cut[some], TIME]),
        np.concatenate([np.zeros(some.sum()), EVENT]),
        entry=np.concatenate([np.zeros(some.sum()), cut]),
    )
    np.testing.assert_allclose(cut_fit.coef, whole.coef, rtol=1e-9)
    np.testing.assert_allclose(cut_fit.var, whole.var, rtol=1e-9)


def test_strata_add_up():
    fit = cox_fit(X, TIME, EVENT, strata=TABLE["stratum"])
    beta = fit.coef * fit.rows.scale
    total = 0.0
    for s in (0, 1):
        own = TABLE["stratum"] == s
        rows = cox_fit(X[own], TIME[own], EVENT[own]).rows
        total += rows.run(beta / fit.rows.scale * rows.scale)[0]
    # Centring moves eta by a constant in a stratum, which the partial likelihood does not see.
    np.testing.assert_allclose(total, fit.loglik[1], rtol=1e-12)


def test_residuals_sum_to_nothing_at_the_maximum():
    fit = cox_fit(X, TIME, EVENT, **FULL)
    w = FULL["weights"]
    np.testing.assert_allclose(w @ fit.residuals("martingale"), 0, atol=1e-9)
    np.testing.assert_allclose(w @ fit.residuals("score"), 0, atol=1e-7)
    plain = cox_fit(X, TIME, EVENT)
    np.testing.assert_allclose(plain.residuals("schoenfeld").sum(axis=0), 0, atol=1e-8)


def test_the_baseline_of_no_effect_is_nelson_aalen():
    rng = np.random.default_rng(3)
    time, event = rng.exponential(size=300), rng.random(300) < 0.6
    fit = cox_fit(rng.normal(size=(300, 1)), time, event)
    fit = type(fit)(**{**vars(fit), "coef": np.zeros(1), "hazard_steps": fit.rows.run(np.zeros(1))[4]})
    np.testing.assert_allclose(fit.baseline().hazard, nelson_aalen(time, event).hazard, rtol=1e-12)


def test_coefficients_of_simulated_lives_are_found():
    rng = np.random.default_rng(5)
    n, beta = 20_000, np.array([0.5, -0.3, 0.0, 0.2])
    x = rng.normal(size=(n, 4))
    time, censoring = rng.exponential(np.exp(-x @ beta)), rng.exponential(1.5, n)
    fit = cox_fit(x, np.minimum(time, censoring), time < censoring)
    assert (np.abs(fit.coef - beta) < 4 * fit.std_error).all()
    survival = fit.predict_survival(np.zeros((1, 4)), [0.5, 1.0])
    np.testing.assert_allclose(survival[0], np.exp([-0.5, -1.0]), atol=0.02)
    assert (fit.zph("identity").p_value > 1e-4).all()


def test_zph_finds_an_effect_that_turns():
    rng = np.random.default_rng(6)
    n = 4000
    x = rng.integers(0, 2, n).astype(float)
    early = rng.exponential(1 / np.where(x == 1, 2.0, 1.0))
    time = np.where(early < 0.5, early, 0.5 + rng.exponential(1 / np.where(x == 1, 0.4, 1.0)))
    test = cox_fit(x[:, None], time, np.ones(n)).zph()
    assert test.p_value[0] < 1e-8
    np.testing.assert_allclose(test.global_statistic, test.statistic[0], rtol=1e-12)


def test_separation_is_a_warning_and_a_status():
    x = np.repeat([0.0, 1.0], 20)
    event = x == 1
    time = np.arange(40.0, 0, -1)
    with pytest.warns(ConvergenceWarning, match=r"separation.*'x0'"):
        fit = cox_fit(x[:, None], time, event)
    assert fit.status == "separation"
    assert not fit.converged
    assert np.isfinite(fit.coef).all()
    with pytest.warns(ConvergenceWarning, match="max_iter = 1"):
        assert cox_fit(X, TIME, EVENT, max_iter=1).status == "max_iter"


def test_huge_and_tiny_covariates():
    fit = cox_fit(X, TIME, EVENT)
    other = cox_fit(X * [1e9, 1e-9, 1], TIME, EVENT)
    np.testing.assert_allclose(other.coef * [1e9, 1e-9, 1], fit.coef, rtol=1e-8)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"X": np.ones((80, 2)) * [1, 2]}, "`X` column 'x0' is constant"),
        (
            {"X": np.stack([X[:, 0], X[:, 1], X[:, 0] + 2 * X[:, 1]], axis=1)},
            "`X` column 'x2' is constant.* combination",
        ),
        ({"X": np.where(np.arange(80)[:, None] == 7, np.nan, X)}, "`X` of row 7, column 0 is nan"),
        ({"X": X[:, 0]}, r"`X` has shape \(80,\); expected \(n, p\)"),
        ({"X": X[:5]}, r"`X` has shape \(5, 3\)"),
        ({"event": np.zeros(80)}, "`event` marks no event"),
        ({"time": np.where(np.arange(80) == 3, np.nan, TIME)}, "`time` of row 3 is NaN"),
        ({"weights": np.where(np.arange(80) == 4, -1, 1)}, "`weights` of row 4 is -1"),
        ({"weights": np.where(np.arange(80) == 4, 0, 1)}, "`weights` of row 4 is 0.*> 0"),
        ({"entry": TIME}, "`entry` of row 0 is .* expected entry < time"),
        ({"ties": "exact"}, "`ties` is 'exact'"),
        ({"offset": np.full(80, np.inf)}, "`offset` of row 0 is inf"),
        ({"offset": np.where(TIME.min() == TIME, 2000.0, 0.0)}, "`offset` spans more than exp can hold"),
        ({"cluster": [1]}, r"`cluster` has shape \(1,\)"),
        ({"strata": [1]}, r"`strata` has shape \(1,\)"),
    ],
)
def test_bad_input_is_named(change, message):
    with pytest.raises(ValueError, match=message):
        cox_fit(**({"X": X, "time": TIME, "event": EVENT} | change))


def test_predictions_ask_for_what_they_need():
    fit = cox_fit(X, TIME, EVENT, strata=TABLE["stratum"])
    with pytest.raises(ValueError, match="`stratum` is missing"):
        fit.predict_survival(X, [1.0])
    with pytest.raises(ValueError, match=r"`X` has shape \(80, 2\); expected \(n, 3\)"):
        fit.predict(X[:, :2])
    survival = fit.predict_survival(X, [0.0, 10.0, 1e9], stratum=1.0)
    assert (survival[:, 0] == 1).all()
    assert (np.diff(survival, axis=1) <= 0).all()


def test_frames_names_and_plot():
    pandas = pytest.importorskip("pandas")
    figure = pytest.importorskip("matplotlib.figure")
    fit = cox_fit(pandas.DataFrame(X, columns=["age", "sex", "dose"]), TIME, EVENT)
    frame = fit.to_frame()
    assert list(frame.index) == ["age", "sex", "dose"]
    np.testing.assert_allclose(frame["hazard_ratio"], np.exp(fit.coef))
    assert fit.plot(figure.Figure().subplots()).get_xlabel() == "hazard ratio"
    assert list(fit.zph().to_frame().index) == ["age", "sex", "dose", "GLOBAL"]
    assert "age +" in repr(fit)
    curve = kaplan_meier(TIME, EVENT)
    np.testing.assert_array_equal(fit.baseline().time, curve.time)


def test_a_ridge_is_the_maximum_of_the_penalised_likelihood():
    ridge = np.array([2.0, 0.5, 30.0])
    fit = cox_fit(X, TIME, EVENT, ridge=ridge)
    _, gradient, hessian, *_ = fit.rows.run(fit.coef * fit.rows.scale)
    np.testing.assert_allclose(gradient * fit.rows.scale, ridge * fit.coef, rtol=1e-6)
    information = hessian * np.outer(fit.rows.scale, fit.rows.scale) + np.diag(ridge)
    np.testing.assert_allclose(fit.naive_var, np.linalg.inv(information), rtol=1e-9)
    np.testing.assert_allclose(cox_fit(X, TIME, EVENT, ridge=1e9).coef, 0, atol=1e-7)


def test_a_ridge_is_that_of_r():
    # coxph(Surv(time, event) ~ ridge(x1, x2, x3, theta = 3, scale = FALSE), d, control = coxph.control(eps = 1e-12))
    fit = cox_fit(X, TIME, EVENT, ridge=3.0)
    np.testing.assert_allclose(fit.coef, [0.7115103071668, 0.0413580662012, 0.1323152600257], rtol=1e-7)


def test_a_ridge_identifies_dependent_columns():
    fit = cox_fit(X[:, [0, 1, 0]], TIME, EVENT, ridge=1.0)
    np.testing.assert_allclose(fit.coef[0], fit.coef[2], rtol=1e-9)
    with pytest.raises(ValueError, match="`ridge` is -1"):
        cox_fit(X, TIME, EVENT, ridge=-1)
