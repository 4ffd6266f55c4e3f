"""The exponential ranking loss and its gradient: marey, and torch with a matrix of pairs."""

import numpy as np
import pytest

import marey
from contenders import measure
from foreign import clock
from marey.survival import ranking_loss


@pytest.mark.benchmark(timer=clock)
@pytest.mark.parametrize("contender", ["marey", "torch"])
@pytest.mark.parametrize("n", [256, 4096])
def test_ranking_loss(benchmark, n, contender):
    marey.set_num_threads(1)
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    risk, t, e = (torch.tensor(a) for a in (rng.normal(size=n), rng.permutation(n) + 1.0, rng.random(n) < 0.6))
    risk.requires_grad_(True)

    def ours():
        return torch.autograd.grad(ranking_loss(risk, t, e), risk)[0]

    def plain():  # right for distinct times alone, which these are
        pairs = e[:, None] & (t[None, :] > t[:, None])
        loss = torch.exp(risk[None, :] - risk[:, None])[pairs].mean()
        return torch.autograd.grad(loss, risk)[0]

    expected = ours()
    measure(
        benchmark,
        f"ranking_loss with gradient, {n} rows",
        contender,
        ours if contender == "marey" else plain,
        check=lambda gradient: torch.testing.assert_close(gradient, expected, rtol=1e-9, atol=1e-12),
    )
