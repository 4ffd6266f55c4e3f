"""Lasso paths of 50 penalties: marey, R's glmnet, scikit-survival's Coxnet."""

import warnings

import numpy as np
import pytest

import marey
from contenders import measure
from foreign import RPeer, clock
from marey.survival import cox_path


def rows(n, p):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, p))
    life, left = rng.exponential(np.exp(-X[:, :10] @ np.linspace(-0.6, 0.6, 10))), rng.exponential(2.0, n)
    return X, np.minimum(life, left), life < left


@pytest.mark.benchmark(timer=clock)
@pytest.mark.parametrize("contender", ["marey", "R glmnet", "scikit-survival"])
@pytest.mark.parametrize(("n", "p"), [(2000, 50), (1000, 1000)])
def test_cox_path(benchmark, n, p, contender):
    marey.set_num_threads(1)
    X, time, event = rows(n, p)
    lambdas = cox_path(X, time, event, n_lambdas=50, lambda_ratio=0.05).lambdas
    expected = cox_path(X, time, event, lambdas=lambdas, tol=1e-14).coef
    # Each ends by its own rule at its default; a coefficient is then good to a few thousandths of the largest.
    check = lambda coef: np.testing.assert_allclose(coef, expected, atol=5e-3)  # noqa: E731
    case = f"cox_path, {n} x {p}, 50 penalties"
    if contender == "R glmnet":
        told = ", ".join(f"{value:.17g}" for value in lambdas)
        setup = f"x <- as.matrix(d[, 1:{p}]); y <- Surv(d$V{p + 1}, d$V{p + 2}); lambda <- c({told})"
        task = "as.vector(as.matrix(glmnet(x, y, family = 'cox', lambda = lambda)$beta))"
        with RPeer(["survival", "glmnet"], [*X.T, time, event], task, setup) as peer:
            run = lambda: peer().reshape(50, p)  # noqa: E731
            measure(benchmark, case, contender, run, check=check, rounds=3)
        return
    run = lambda: cox_path(X, time, event, lambdas=lambdas).coef  # noqa: E731
    if contender == "scikit-survival":
        linear, util = pytest.importorskip("sksurv.linear_model"), pytest.importorskip("sksurv.util")
        y, scale = util.Surv.from_arrays(event, time), X.std(axis=0)
        Z = (X - X.mean(axis=0)) / scale
        # One warning is of the first penalty, which leaves every column out, as it should.
        model = linear.CoxnetSurvivalAnalysis(alphas=lambdas, l1_ratio=1.0, fit_baseline_model=False)

        def run():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return model.fit(Z, y).coef_.T / scale

    measure(benchmark, case, contender, run, check=check, rounds=3)
