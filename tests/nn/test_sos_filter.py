"""What is special to SOSFilter."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
signal = pytest.importorskip("scipy.signal")

from marey.nn import SOSFilter  # noqa: E402

DESIGNS = {
    "low pass": signal.butter(4, 0.1, output="sos"),
    "slow high pass": signal.butter(2, 0.002, "high", output="sos"),
    "notch": signal.tf2sos(*signal.iirnotch(0.1, 30)),
    "elliptic": signal.ellip(5, 1, 40, [0.1, 0.4], "band", output="sos"),
}


@pytest.mark.parametrize("design", DESIGNS)
def test_begins_as_the_given_filter(design: str) -> None:
    x = np.random.default_rng(0).normal(size=(2, 3000)).cumsum(-1)
    with torch.no_grad():
        y = SOSFilter(DESIGNS[design])(torch.from_numpy(x)).numpy()
    expected = signal.sosfilt(DESIGNS[design], x)
    # Coefficients kept in float32: 1 - |k| to 1e-6 of itself moves a pole by as little of its distance to the circle.
    np.testing.assert_allclose(y, expected, rtol=0, atol=1e-4 * np.abs(expected).max())


def test_no_parameters_make_it_unstable() -> None:
    module = SOSFilter(DESIGNS["elliptic"], channels=200)
    torch.nn.init.normal_(module.theta, std=3.0)
    poles = [np.abs(np.roots(row[3:])) for rows in module.sos.detach().numpy() for row in rows]
    assert np.max(poles) < 1


def test_it_learns_another_filter() -> None:
    x = torch.from_numpy(np.random.default_rng(0).normal(size=(8, 400))).float()
    aim = torch.from_numpy(signal.sosfilt(signal.butter(2, 0.3, output="sos"), x.numpy())).float()
    module = SOSFilter(signal.butter(2, 0.6, output="sos"))
    optimizer = torch.optim.Adam(module.parameters(), 0.03)
    first = last = 0.0
    for step in range(150):
        error = (module(x) - aim).square().mean()
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
        last = float(error.detach())
        first = first if step else last
    assert last < 1e-3 * first


@pytest.mark.parametrize("row", [[1, 0, 0, 1, -2.0, 1.0], [1, 0, 0, 1, 0, 1.2], [1, 0, 0, 1, 1.8, 0.5]])
def test_an_unstable_filter_is_refused(row: list[float]) -> None:
    with pytest.raises(ValueError, match="not stable"):
        SOSFilter([row])
