"""What is special to the elastic distances of pairs; the contract checks the rest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marey import distance
from marey.distance import edr, elastic, erp, lcss, msm, twe, wdtw
from marey.distance._measures import MEASURES
from marey.reference.elastic import pair

ORACLE = json.loads((Path(__file__).parents[1] / "distance/oracle_elastic.json").read_text())


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize("measure", MEASURES)
def test_equals_aeon(measure: str) -> None:
    for case in ORACLE["pairs"]:
        x, y = np.array([case["x"]]), np.array([case["y"]])
        for entry in case["values"]:
            if entry["measure"] == measure:
                value = elastic(x, y, measure, window=case["window"], **entry["parameters"])[0]
                assert value == pytest.approx(entry["value"], rel=1e-12)
                assert value == pytest.approx(
                    pair(x[0], y[0], measure, case["window"], **entry["parameters"]), rel=1e-12
                )


def test_where_aeon_differs_is_as_told() -> None:
    """Its ERP never is less than the paper's, and its EDR never more: one border costs too much, the other nothing."""
    differing = dict.fromkeys(MEASURES, 0)
    for case in ORACLE["pairs"]:
        for entry in case["values"]:
            over = entry["plain"] - entry["value"]
            differing[entry["measure"]] += abs(over) > 1e-12
            assert over > -1e-12 or entry["measure"] == "edr"
            assert over < 1e-12 or entry["measure"] == "erp"
    assert {measure for measure, count in differing.items() if count} == {"erp", "edr"}


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 12), st.integers(0, 12), st.sampled_from([0, 1, 4, None]))
def test_equals_the_reference_at_ties_and_ends(seed: int, n: int, m: int, window: int | None) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.integers(-2, 3, size=(1, 2, n)) / 1.0, rng.integers(-2, 3, size=(1, 2, m)) / 1.0
    for measure in MEASURES:
        expected = pair(x[0], y[0], measure, window)
        np.testing.assert_allclose(elastic(x, y, measure, window=window)[0], expected, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize(("function", "parameters"), [(erp, {}), (msm, {"c": 0.3}), (twe, {"nu": 0.1, "lmbda": 0.2})])
def test_the_metrics_are_metrics(function: Any, parameters: dict[str, float], rng: np.random.Generator) -> None:
    x, y, z = rng.normal(size=(3, 200, 9))
    far, one, other = (function(*both, **parameters) for both in ((x, z), (x, y), (y, z)))
    assert (far <= one + other + 1e-12).all()
    np.testing.assert_array_equal(function(y, x, **parameters), one)
    assert (function(x, x, **parameters) == 0).all()
    assert (one > 0).all()


def test_known_values() -> None:
    x, y = np.array([[0.0, 1, 0, 0]]), np.array([[0.0, 0, 1, 0]])
    assert msm(x, y, c=0.1)[0] == pytest.approx(0.2)  # a split and a merge
    assert lcss(x, y, epsilon=0.5)[0] == 0.25
    assert lcss(x, y, epsilon=0.5, window=0)[0] == 0.5
    assert edr(x, y, epsilon=0.5)[0] == 0.5
    assert erp(x, y)[0] == 0.0  # a zero left out costs nothing
    assert wdtw(x, x + 1, g=0.0, window=0)[0] == 2.0  # half of four squares


def test_edr_without_epsilon_takes_a_quarter_of_the_greater_deviation(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(40, 2, 15)), 2 * rng.normal(size=(40, 2, 12))
    for b in range(40):
        epsilon = max(x[b].std(), y[b].std()) / 4
        assert edr(x, y)[b] == edr(x[b : b + 1], y[b : b + 1], epsilon=epsilon)[0]


def test_wdtw_of_steepness_0_is_half_the_squared_dtw_distance(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(6, 2, 30)), rng.normal(size=(6, 2, 27))
    expected = np.diag(distance.dtw_cdist(x, y, window=5)) ** 2 / 2
    np.testing.assert_allclose(wdtw(x, y, g=0.0, window=5), expected, rtol=1e-13)


def test_steps_past_a_length_are_not_read(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(3, 8)), rng.normal(size=(3, 7))
    x[1, 5:], y[2, 3:] = np.nan, np.inf
    of_x, of_y = np.array([8, 5, 8]), np.array([7, 7, 3])
    for measure in MEASURES:
        values = elastic(x, y, measure, x_lengths=of_x, y_lengths=of_y)
        for b in range(3):
            cut = elastic(x[b : b + 1, : of_x[b]], y[b : b + 1, : of_y[b]], measure)
            assert values[b] == cut[0]


def test_misuse_is_told() -> None:
    x = np.zeros((2, 3, 4))
    for call, error, message in [
        (lambda: elastic(x, x, "dtw"), ValueError, "`measure` is 'dtw'; expected one of 'lcss', 'erp'"),
        (lambda: elastic(x, x, "msm", epsilon=1.0), TypeError, "msm has no parameter `epsilon`; it has `c`"),
        (lambda: msm(x, x, c=-1.0), ValueError, r"`c` is -1\.0; expected a finite number, 0 or more"),
        (lambda: lcss(x, x, epsilon=np.nan), ValueError, "`epsilon` is nan"),
        (lambda: twe(x, x, lmbda="much"), TypeError, "`lmbda` is 'much'; expected a number"),
        (lambda: erp(x, x, g=[1.0, 2.0]), ValueError, "`g` has 2 values; expected one for each of the 3 channels"),
        (lambda: erp(x, x, g=np.inf), ValueError, "`g` is inf; expected finite numbers"),
        (lambda: wdtw(x, x[:, :2]), ValueError, r"`y` has shape \(2, 2, 4\); expected \(2, 3, M\)"),
        (lambda: edr(x, x.astype("float32")), TypeError, "`y` has dtype float32; expected float64"),
        (lambda: edr(x, x, x_lengths=np.array([4, 5])), ValueError, "`x_lengths` of pair 1 is 5; expected 0 to 4"),
        (lambda: edr(x, x, window=-2), ValueError, "`window` is -2"),
    ]:
        with pytest.raises(error, match=message):
            call()
