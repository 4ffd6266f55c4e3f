"""Twelve people after one dose of theophylline (Boeckmann, Sheiner and Beal 1994): R's least squares, found again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from marey import pk

HERE = Path(__file__).parent


def test_least_squares_of_each_subject_are_those_of_r() -> None:
    optimize = pytest.importorskip("scipy.optimize")
    subject, _, dose, time, conc = np.loadtxt(HERE / "theophylline.csv", delimiter=",", skiprows=1, unpack=True)
    expected = np.array(json.loads((HERE / "theophylline.json").read_text())["lKe_lKa_lCl_deviance"])
    first = np.flatnonzero(np.diff(subject, prepend=0))
    assert len(first) == 12
    for i, row in enumerate(first):
        mine = subject == subject[row]
        taken = pk.EventTable({"id": [i + 1], "time": [0.0], "amt": [dose[row]]})  # mg per kg: litres per kg

        def residuals(logs: np.ndarray, mine: np.ndarray = mine, taken: pk.EventTable = taken) -> np.ndarray:
            y: np.ndarray = pk.simulate("1cmt_oral", np.exp(logs), taken, time[mine])[0]
            return y - conc[mine]

        def jacobian(logs: np.ndarray, mine: np.ndarray = mine, taken: pk.EventTable = taken) -> np.ndarray:
            by: np.ndarray = pk.simulate("1cmt_oral", np.exp(logs), taken, time[mine], sens=True)[1][0]
            return by * np.exp(logs)

        start = np.log([0.04, 0.5, 1.5])
        fit = optimize.least_squares(residuals, start, jacobian, method="lm", xtol=1e-12, ftol=1e-12, gtol=1e-12)
        cl, v, ka = fit.x
        np.testing.assert_allclose([cl - v, ka, cl], expected[i, :3], atol=2e-5)
        assert 2 * fit.cost == pytest.approx(expected[i, 3], rel=1e-9)
