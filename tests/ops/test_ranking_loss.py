"""What is special to ranking_loss; the contract checks the rest."""

from __future__ import annotations

import numpy as np
import pytest

from marey.survival import concordance, ranking_loss


def rows(n=80, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=n), rng.integers(1, 20, n).astype(float), rng.random(n) < 0.6


@pytest.mark.parametrize("sigma", [0.1, 1.0, 5.0])
def test_it_bounds_what_is_not_concordant(sigma):
    risk, time, event = rows()
    assert ranking_loss(risk, time, event, sigma) >= 1 - concordance(time, event, risk).estimate
    assert ranking_loss(np.zeros(80), time, event, sigma) == 1


def test_a_small_sigma_punishes_wrong_pairs_alone():
    time = np.arange(1.0, 30.0)
    assert ranking_loss(-time, time, np.ones(29, bool), 0.01) < 1e-12
    assert ranking_loss(time, time, np.ones(29, bool), 0.5) > 1e3


def test_what_must_not_matter():
    risk, time, event = rows()
    p = np.random.default_rng(1).permutation(80)
    one = ranking_loss(risk, time, event)
    np.testing.assert_allclose(ranking_loss(risk[p] + 300, time[p] * 8, event[p]), one, rtol=1e-12)
    np.testing.assert_allclose(ranking_loss(risk * 3, time, event, 3.0), one, rtol=1e-12)


def test_risks_far_apart_in_the_right_order_do_not_overflow():
    time = np.arange(1.0, 9.0)
    loss = ranking_loss(-time * 1e5, time, np.ones(8, bool))
    assert loss == 0


def test_training_by_it_raises_the_concordance():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(2)
    x = rng.normal(size=(300, 4))
    time, event = rng.exponential(np.exp(-x @ [1.0, -0.5, 0, 0])), rng.random(300) < 0.8
    beta = torch.zeros(4, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([beta], lr=0.1)
    for _ in range(60):
        optimizer.zero_grad()
        ranking_loss(torch.tensor(x) @ beta, torch.tensor(time), torch.tensor(event)).backward()
        optimizer.step()
    found, best = (concordance(time, event, x @ b).estimate for b in (beta.detach().numpy(), [1.0, -0.5, 0, 0]))
    assert found > best - 0.005


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"time": np.array([1.0, np.nan, 2.0])}, ValueError, "`time` of row 1 is NaN"),
        ({"time": np.zeros(2)}, ValueError, r"`time` has shape \(2,\)"),
        ({"risk": np.zeros((3, 1))}, ValueError, r"`risk` has shape \(3, 1\)"),
        ({"event": np.array([1, 0, 1])}, TypeError, "`event` has dtype int64; expected bool"),
        ({"sigma": 0.0}, ValueError, "`sigma` is 0.0"),
    ],
)
def test_bad_input_is_named(change, error, message):
    good = {"risk": np.zeros(3), "time": np.ones(3), "event": np.array([True, False, True])}
    with pytest.raises(error, match=message):
        ranking_loss(**(good | change))
