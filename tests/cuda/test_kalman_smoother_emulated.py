"""The CUDA kernel of kalman_smoother, the source itself, on an emulated device.

The oracle is the operation on the CPU, which the contract holds against the reference.
"""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from emulated_kalman import CLOSE, cases, shared_device
from hypothesis import given, settings
from hypothesis import strategies as st

from marey.state_space import _cases, kalman_smoother
from marey.state_space.kalman_smoother import SPEC

pytestmark = pytest.mark.skipif(shutil.which("c++") is None and shutil.which("g++") is None, reason="no C++ compiler")


@pytest.fixture(scope="module")
def device():
    return shared_device()


CASES = [pytest.param(case, id=case.name) for case in cases(SPEC)]


def check(device, inputs, dtype) -> None:
    alone = inputs["y"].ndim == 2
    for got, want in zip(device.smoother(inputs), kalman_smoother(**inputs), strict=True):
        np.testing.assert_allclose(got[0] if alone else got, want, **CLOSE[dtype])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("case", CASES)
def test_every_case_of_the_spec(device, case, dtype):
    check(device, case.inputs(dtype), dtype)


@settings(max_examples=25, deadline=None)
@given(
    B=st.integers(1, 100),
    m=st.integers(1, 10),
    n=st.integers(1, 10),
    T=st.integers(1, 45),
    mask=st.sampled_from(["", "shared", "per_output"]),
    varying=st.sampled_from(["", "Fb Qt", "Ft Hbt", "Rt Hb Fbt", "Qbt Rb Ht"]),
    shared=st.booleans(),
    seed=st.integers(0, 99),
)
def test_any_sizes(device, B, m, n, T, mask, varying, shared, seed):
    rng = np.random.default_rng(seed)
    check(device, _cases._inputs(rng, B, m, n, T, mask=mask, varying=varying, shared=shared), "float64")


def test_several_spans(device):
    """Long enough for states between."""
    rng = np.random.default_rng(3)
    check(device, _cases._inputs(rng, 40, 2, 3, 301, mask="per_output", varying="Fb Rt", shared=True), "float64")


def test_the_last_step_is_the_filters(device):
    inputs = _cases._inputs(np.random.default_rng(4), 9, 2, 3, 67, mask="per_output")
    for smoothed, filtered in zip(device.smoother(inputs), device.filter(inputs), strict=True):
        np.testing.assert_array_equal(smoothed[..., -1], filtered[..., -1])


def test_a_singular_innovation_fails_its_series_alone_and_as_a_whole(device):
    inputs = _cases._inputs(np.random.default_rng(0), 9, 1, 2, 40, varying="Rbt")
    whole = device.smoother(inputs)
    inputs["R"][4, 30] = -1e3
    failed = device.smoother(inputs)
    others = np.arange(9) != 4
    for before, after in zip(whole, failed, strict=True):
        assert np.isnan(after[4]).all()
        np.testing.assert_array_equal(after[others], before[others])


def test_without_covariances_the_means_are_the_same(device):
    inputs = _cases._inputs(np.random.default_rng(0), 5, 2, 3, 7)
    mean, _, loglik = device.smoother(inputs)
    bare = device.smoother(inputs, cov=False)
    assert bare[1] is None
    np.testing.assert_array_equal(bare[0], mean)
    np.testing.assert_array_equal(bare[2], loglik)


def test_float64_states_of_float32_observations(device):
    inputs = _cases._inputs(np.random.default_rng(1), 7, 2, 3, 21)
    single = {k: v if k in ("x0", "P0") else v.astype(np.float32) for k, v in inputs.items()}
    for got, want in zip(device.smoother(single), kalman_smoother(**single), strict=True):
        assert got.dtype == np.float64
        np.testing.assert_allclose(got, want, **CLOSE["float64"])
