"""Cox fits with Efron's ties: marey, lifelines, scikit-survival, R's coxph."""

import warnings

import numpy as np
import pytest

import marey
from contenders import measure
from foreign import RPeer, clock
from marey.survival import cox_fit


def rows(n, p):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, p))
    life, left = rng.exponential(np.exp(-X @ np.linspace(-0.3, 0.3, p))), rng.exponential(2.0, n)
    return X, np.minimum(life, left), life < left


@pytest.mark.benchmark(timer=clock)
@pytest.mark.parametrize("contender", ["marey", "lifelines", "scikit-survival", "R coxph"])
@pytest.mark.parametrize(("n", "p"), [(10_000, 20), (100_000, 50)])
def test_cox_fit(benchmark, n, p, contender):
    X, time, event = rows(n, p)
    marey.set_num_threads(1)
    ours = lambda: cox_fit(X, time, event).coef  # noqa: E731
    expected = ours()
    # All of them stop by themselves; the coarsest (lifelines) leaves 1e-7.
    check = lambda coef: np.testing.assert_allclose(coef, expected, rtol=1e-5, atol=1e-6)  # noqa: E731
    case, rounds = f"cox_fit, {n:,} x {p}", 3 if n > 50_000 else 5
    if contender == "R coxph":
        task = "coxph.fit(x, y, NULL, control = control, method = 'efron', rownames = NULL)$coefficients"
        setup = f"x <- as.matrix(d[, 1:{p}]); y <- Surv(d$V{p + 1}, d$V{p + 2}); control <- coxph.control()"
        with RPeer(["survival"], [*X.T, time, event], task, setup) as peer:
            measure(benchmark, case, contender, peer, check=check, rounds=rounds)
        return
    run = ours
    if contender == "lifelines":
        lifelines, pandas = pytest.importorskip("lifelines"), pytest.importorskip("pandas")
        frame = pandas.DataFrame(X, columns=[f"x{j}" for j in range(p)]).assign(time=time, event=event)
        run = lambda: lifelines.CoxPHFitter().fit(frame, "time", "event").params_.to_numpy()  # noqa: E731
    elif contender == "scikit-survival":
        linear, util = pytest.importorskip("sksurv.linear_model"), pytest.importorskip("sksurv.util")
        y = util.Surv.from_arrays(event, time)
        run = lambda: linear.CoxPHSurvivalAnalysis(ties="efron").fit(X, y).coef_  # noqa: E731
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        measure(benchmark, case, contender, run, check=check, rounds=rounds if contender == "marey" else 2)
