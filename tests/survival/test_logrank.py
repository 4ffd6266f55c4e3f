"""logrank against R, against the plain reference, and what must not matter."""

from __future__ import annotations

import numpy as np
import pytest
from oracle import TABLE, R

from marey.reference.logrank import logrank as reference
from marey.survival import logrank
from marey.survival._special import chi2_sf

SCHEMES = [
    {},
    {"weights": "gehan"},
    {"weights": "tarone-ware"},
    {"weights": "fleming-harrington", "rho": 1.0},
    {"weights": "fleming-harrington", "rho": 0.5, "gamma": 2.0},
]


@pytest.mark.parametrize("rho", [0, 1])
def test_statistic_is_that_of_r(rho):
    scheme = {"weights": "fleming-harrington", "rho": float(rho)} if rho else {}
    test = logrank(TABLE["time"], TABLE["event"], TABLE["group"], **scheme)
    np.testing.assert_allclose(test.statistic, R[f"logrank_rho{rho}_chisq"], rtol=1e-10)
    np.testing.assert_allclose(test.covariance.ravel(), R[f"logrank_rho{rho}_var"], rtol=1e-10)


def test_strata_are_those_of_r():
    test = logrank(TABLE["time"], TABLE["event"], TABLE["group"], strata=TABLE["stratum"])
    np.testing.assert_allclose(test.statistic, R["logrank_strata_chisq"], rtol=1e-10)
    np.testing.assert_allclose(test.observed, R["logrank_strata_obs"])
    np.testing.assert_allclose(test.expected, R["logrank_strata_exp"], rtol=1e-12)


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda s: "-".join(map(str, s.values())) or "logrank")
@pytest.mark.parametrize("entries", [False, True])
def test_equals_the_reference(scheme, entries):
    entry = TABLE["entry"] if entries else None
    test = logrank(TABLE["time"], TABLE["event"], TABLE["group"], entry=entry, **scheme)
    u, V = reference(TABLE["time"], TABLE["event"], TABLE["group"], entry, **scheme)
    np.testing.assert_allclose(test.difference, u, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(test.covariance, V, rtol=1e-11, atol=1e-11)


def test_neither_row_order_nor_labels_nor_the_unit_of_time_matters():
    p = np.random.default_rng(0).permutation(len(TABLE))
    named = np.array(["x", "y", "z"])[TABLE["group"].astype(int)]
    one = logrank(TABLE["time"], TABLE["event"], TABLE["group"])
    other = logrank(TABLE["time"][p] / 8, TABLE["event"][p], named[p])
    assert one.statistic == other.statistic
    assert list(other.groups) == ["x", "y", "z"]


def test_one_sample_twice_is_no_difference():
    time, event = np.tile(TABLE["time"], 2), np.tile(TABLE["event"], 2)
    test = logrank(time, event, np.repeat([0, 1], len(TABLE)))
    assert test.statistic < 1e-20
    assert test.p_value > 1 - 1e-9


def test_the_tail_is_that_of_scipy():
    scipy = pytest.importorskip("scipy.stats")
    for df in (1, 2, 3, 4, 7, 30):
        for x in (1e-9, 0.3, 2.0, 9.0, 60.0):
            np.testing.assert_allclose(chi2_sf(x, df), scipy.chi2.sf(x, df), rtol=1e-11)


def test_to_frame_and_repr():
    pytest.importorskip("pandas")
    test = logrank(TABLE["time"], TABLE["event"], TABLE["group"].astype(int))
    assert test.to_frame()["n"].sum() == len(TABLE)
    assert "df = 2" in repr(test)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"group": [1, 1, 1]}, "`group` has 1 different labels"),
        ({"event": [0, 0, 0]}, "nothing can be compared"),
        ({"weights": "wilcoxon"}, "`weights` is 'wilcoxon'"),
        ({"rho": 1.0}, "expected weights='fleming-harrington'"),
        ({"rho": -1.0}, "`rho` is -1.0"),
        ({"strata": [1]}, r"`strata` has shape \(1,\)"),
    ],
)
def test_bad_input_is_named(change, message):
    good = {"time": [1.0, 2.0, 3.0], "event": [1, 1, 1], "group": [0, 1, 1]}
    with pytest.raises(ValueError, match=message):
        logrank(**(good | change))
