"""The partial likelihood and its gradient: marey, and the same in torch with a cumulative logsumexp."""

import time

import numpy as np
import pytest

from contenders import measure
from marey.survival import cox_partial_likelihood


def rows(n):
    rng = np.random.default_rng(0)
    return rng.normal(size=n), rng.permutation(n) + 1.0, rng.random(n) < 0.6


@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize("contender", ["marey", "torch"])
@pytest.mark.parametrize("n", [1000, 100_000])
def test_cox_partial_likelihood(benchmark, n, contender):
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    risk, t, e = map(torch.tensor, rows(n))
    risk.requires_grad_(True)

    def marey():
        return torch.autograd.grad(cox_partial_likelihood(risk, t, e), risk)[0]

    def plain():  # right for distinct times alone, which these are
        order = torch.argsort(t, descending=True)
        eta = risk[order]
        loglik = (eta - torch.logcumsumexp(eta, 0))[e[order]].sum()
        return torch.autograd.grad(loglik, risk)[0]

    expected = marey()
    measure(
        benchmark,
        f"cox_partial_likelihood with gradient, {n} rows",
        contender,
        marey if contender == "marey" else plain,
        check=lambda gradient: torch.testing.assert_close(gradient, expected, rtol=1e-8, atol=1e-8),
    )
