"""Fits and curves on the data that lifelines and scikit-survival ship, beside the answers of those libraries."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from marey import survival

lifelines: Any = pytest.importorskip("lifelines")
pytestmark = pytest.mark.filterwarnings("ignore")  # the libraries' own, of their dependencies
EXACT = {"precision": 1e-13}  # of lifelines' last step


@pytest.fixture
def rossi() -> Any:
    return pytest.importorskip("lifelines.datasets").load_rossi().astype(float)


def gbsg2() -> tuple[Any, Any, Any]:
    x, y = pytest.importorskip("sksurv.datasets").load_gbsg2()
    x = x.assign(horTh=x.horTh == "yes", menostat=x.menostat == "Post", tgrade=x.tgrade.cat.codes)
    return x.astype(float), y["time"].astype(float), y["cens"]


def whas500() -> tuple[Any, Any, Any]:
    x, y = pytest.importorskip("sksurv.datasets").load_whas500()
    return x.astype(float), y["lenfol"].astype(float), y["fstat"]


def ours(frame: Any, left_out: tuple[str, ...] = (), **options: Any) -> Any:
    x = frame.drop(columns=["week", "arrest", *left_out])
    return survival.cox_fit(x.to_numpy(), frame.week.to_numpy(), frame.arrest.to_numpy() == 1, **options)


@pytest.mark.parametrize("columns", [[], ["race"], ["race", "mar"]])
def test_cox_is_that_of_lifelines(rossi: Any, columns: list[str]) -> None:
    strata = {"strata": rossi[columns].to_numpy() @ 2.0 ** np.arange(len(columns))} if columns else {}
    found = ours(rossi, tuple(columns), **strata)
    theirs = lifelines.CoxPHFitter().fit(rossi, "week", "arrest", strata=columns or None, fit_options=EXACT)
    np.testing.assert_allclose(found.coef, theirs.params_, rtol=1e-7)
    np.testing.assert_allclose(found.var, theirs.variance_matrix_, rtol=1e-6)
    np.testing.assert_allclose(found.loglik[1], theirs.log_likelihood_, rtol=1e-10)


def test_cox_with_entries_and_weights_is_that_of_lifelines(rossi: Any) -> None:
    rossi["entry"] = np.floor(rossi.week / 3)
    rossi["weight"] = 1 + rossi.prio % 3
    found = ours(rossi, ("entry", "weight"), entry=rossi.entry.to_numpy(), weights=rossi.weight.to_numpy())
    theirs = lifelines.CoxPHFitter().fit(
        rossi, "week", "arrest", entry_col="entry", weights_col="weight", fit_options=EXACT
    )
    np.testing.assert_allclose(found.coef, theirs.params_, rtol=1e-7)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("data", [gbsg2, whas500])
def test_cox_is_that_of_scikit_survival(data: Any, ties: str) -> None:
    linear_model = pytest.importorskip("sksurv.linear_model")
    x, time, event = data()
    y = np.array(list(zip(event, time, strict=True)), dtype=[("event", bool), ("time", float)])
    theirs = linear_model.CoxPHSurvivalAnalysis(ties=ties, tol=1e-13, n_iter=200).fit(x.to_numpy(), y)
    found = survival.cox_fit(x.to_numpy(), time, event, ties=ties)
    np.testing.assert_allclose(found.coef, theirs.coef_, rtol=1e-7)


@pytest.mark.parametrize("data", [gbsg2, whas500])
def test_concordance_is_that_of_scikit_survival(data: Any) -> None:
    metrics = pytest.importorskip("sksurv.metrics")
    x, time, event = data()
    for column in x:
        risk = x[column].to_numpy()
        estimate, concordant, discordant, tied, _ = metrics.concordance_index_censored(event, time, risk)
        found = survival.concordance(time, event, risk)
        counts = (found.concordant, found.discordant, found.tied_risk)
        assert counts == (concordant, discordant, tied), column
        np.testing.assert_allclose(found.estimate, estimate, rtol=1e-13)


def test_curves_are_those_of_lifelines() -> None:
    waltons = pytest.importorskip("lifelines.datasets").load_waltons()
    time, event = waltons["T"].to_numpy(float), waltons["E"].to_numpy() == 1
    found = survival.kaplan_meier(time, event, conf_type="log-log")
    theirs = lifelines.KaplanMeierFitter().fit(time, event)
    at = theirs.survival_function_.loc[found.time]
    np.testing.assert_allclose(found.survival, at.iloc[:, 0], rtol=1e-12, atol=1e-15)
    inside = found.survival > 0
    limits = theirs.confidence_interval_.loc[found.time].to_numpy()[inside]
    np.testing.assert_allclose(found.lower[inside], limits[:, 0], rtol=1e-9)
    np.testing.assert_allclose(found.upper[inside], limits[:, 1], rtol=1e-9)
    hazard = lifelines.NelsonAalenFitter(nelson_aalen_smoothing=False).fit(time, event).cumulative_hazard_
    found = survival.nelson_aalen(time, event)
    np.testing.assert_allclose(found.estimate, hazard.loc[found.time].iloc[:, 0], rtol=1e-12)


@pytest.mark.parametrize(("name", "rho"), [(None, 0.0), ("fleming-harrington", 1.0)])
def test_logrank_is_that_of_lifelines(name: str | None, rho: float) -> None:
    waltons = pytest.importorskip("lifelines.datasets").load_waltons()
    time, event, group = waltons["T"].to_numpy(float), waltons["E"].to_numpy() == 1, waltons["group"].to_numpy()
    options = {"weightings": name, "p": rho, "q": 0.0} if name else {}
    theirs = pytest.importorskip("lifelines.statistics").multivariate_logrank_test(time, group, event, **options)
    found = survival.logrank(time, event, group, **({"weights": "fleming-harrington", "rho": rho} if name else {}))
    np.testing.assert_allclose(found.statistic, theirs.test_statistic, rtol=1e-9)
    np.testing.assert_allclose(found.p_value, theirs.p_value, rtol=1e-7)
