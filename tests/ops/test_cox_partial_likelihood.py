"""What is special to cox_partial_likelihood; the contract checks the rest."""

from __future__ import annotations

import numpy as np
import pytest

from marey.survival import cox_fit, cox_partial_likelihood


def rows(n=60, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 3)), rng.integers(1, 20, n).astype(float), rng.random(n) < 0.6


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_is_the_likelihood_that_cox_fit_maximises(ties):
    X, time, event = rows()
    strata = np.arange(60) % 2
    fit = cox_fit(X, time, event, strata=strata, ties=ties)
    np.testing.assert_allclose(
        cox_partial_likelihood(X @ fit.coef, time, event, strata, ties), fit.loglik[1], rtol=1e-12
    )
    np.testing.assert_allclose(
        cox_partial_likelihood(np.zeros(60), time, event, strata, ties), fit.loglik[0], rtol=1e-12
    )


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_its_gradient_is_the_martingale_residual(ties):
    torch = pytest.importorskip("torch")
    X, time, event = rows()
    fit = cox_fit(X, time, event, ties=ties)
    risk = torch.tensor(X @ fit.coef, requires_grad=True)
    cox_partial_likelihood(risk, torch.tensor(time), torch.tensor(event), ties=ties).backward()
    np.testing.assert_allclose(risk.grad.numpy(), fit.residuals("martingale"), atol=1e-10)


def test_a_constant_added_to_the_risks_does_not_matter():
    X, time, event = rows()
    one = cox_partial_likelihood(X[:, 0], time, event)
    np.testing.assert_allclose(cox_partial_likelihood(X[:, 0] + 900, time, event), one, rtol=1e-11)


def test_a_row_far_above_the_rest_does_not_hide_them():
    X, time, event = rows()
    risk = X[:, 0].copy()
    time[0], event[0] = 0.5, True
    alone = cox_partial_likelihood(risk[1:], time[1:], event[1:])
    risk[0] = 5000.0
    np.testing.assert_allclose(cox_partial_likelihood(risk, time, event), alone, rtol=1e-12)


def test_training_by_it_finds_the_coefficients():
    torch = pytest.importorskip("torch")
    X, time, event = rows(400)
    fit = cox_fit(X, time, event)
    x, t, e = map(torch.tensor, (X, time, event))
    beta = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([beta], max_iter=100, tolerance_grad=1e-9, line_search_fn="strong_wolfe")

    def loss():
        optimizer.zero_grad()
        value = -cox_partial_likelihood(x @ beta, t, e)
        value.backward()
        return value

    optimizer.step(loss)
    np.testing.assert_allclose(beta.detach().numpy(), fit.coef, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"time": np.array([1.0, np.nan, 2.0])}, ValueError, "`time` of row 1 is NaN"),
        ({"time": np.zeros(2)}, ValueError, r"`time` has shape \(2,\)"),
        ({"risk": np.zeros((3, 1))}, ValueError, r"`risk` has shape \(3, 1\)"),
        ({"event": np.array([1, 0, 1])}, TypeError, "`event` has dtype int64; expected bool"),
        ({"strata": np.zeros(3)}, TypeError, "`strata` has dtype float64; expected int64"),
        ({"time": np.zeros(3, np.float32)}, TypeError, "`time` has dtype float32"),
        ({"ties": "exact"}, ValueError, "`ties` is 'exact'"),
    ],
)
def test_bad_input_is_named(change, error, message):
    good = {"risk": np.zeros(3), "time": np.array([1.0, 2.0, 3.0]), "event": np.array([True, False, True])}
    with pytest.raises(error, match=message):
        cox_partial_likelihood(**(good | change))


def test_a_tensor_of_nan_times_is_named_too():
    torch = pytest.importorskip("torch")
    with pytest.raises(RuntimeError, match="`time` of row 1 is NaN"):
        cox_partial_likelihood(torch.zeros(2), torch.tensor([1.0, torch.nan]), torch.ones(2, dtype=torch.bool))
