"""The CUDA kernel of kalman_filter, the source itself, on an emulated device (emulator/cuda_runtime.h).

This shows the arithmetic and the indices. It shows nothing about speed. The oracle is the operation on the CPU, which
the contract holds against the reference.
"""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from emulated_kalman import CLOSE, cases, shared_device
from hypothesis import given, settings
from hypothesis import strategies as st

from marey.state_space import _cases, kalman_filter
from marey.state_space.kalman_filter import SPEC

pytestmark = pytest.mark.skipif(shutil.which("c++") is None and shutil.which("g++") is None, reason="no C++ compiler")


@pytest.fixture(scope="module")
def device():
    return shared_device()


CASES = [pytest.param(case, id=case.name) for case in cases(SPEC)]


def check(device, inputs, dtype) -> None:
    expected = kalman_filter(**inputs)
    alone = inputs["y"].ndim == 2
    for got, want in zip(device.filter(inputs), expected, strict=True):
        np.testing.assert_allclose(got[0] if alone else got, want, **CLOSE[dtype])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("case", CASES)
def test_every_case_of_the_spec(device, case, dtype):
    check(device, case.inputs(dtype), dtype)


@settings(max_examples=25, deadline=None)
@given(
    B=st.integers(1, 300),
    m=st.integers(1, 10),
    n=st.integers(1, 10),
    T=st.integers(1, 11),
    mask=st.sampled_from(["", "shared", "per_output"]),
    seed=st.integers(0, 99),
)
def test_any_number_of_series_states_outputs_and_steps(device, B, m, n, T, mask, seed):
    check(device, _cases._inputs(np.random.default_rng(seed), B, m, n, T, mask=mask), "float64")


def test_a_singular_innovation_fails_its_series_alone(device):
    inputs = _cases._inputs(np.random.default_rng(0), 9, 1, 2, 6, varying="Rb")
    whole = device.filter(inputs)
    inputs["P0"][4], inputs["R"][4] = 0.0, -1.0
    mean, _, loglik = device.filter(inputs)
    others = np.arange(9) != 4
    assert np.isnan(mean[4]).all()
    assert np.isnan(loglik[4])
    np.testing.assert_array_equal(mean[others], whole[0][others])
    np.testing.assert_array_equal(loglik[others], whole[2][others])


def test_what_is_not_wanted_is_not_written(device):
    inputs = _cases._inputs(np.random.default_rng(0), 5, 2, 3, 7)
    mean, cov, loglik = device.filter(inputs)
    np.testing.assert_array_equal(device.filter(inputs, cov=False)[0], mean)
    assert device.filter(inputs, cov=False)[1] is None
    np.testing.assert_array_equal(device.filter(inputs, cov=False, mean=False)[2], loglik)
    assert cov is not None


def test_float64_states_of_float32_observations(device):
    inputs = _cases._inputs(np.random.default_rng(1), 7, 2, 3, 6)
    single = {k: v if k in ("x0", "P0") else v.astype(np.float32) for k, v in inputs.items()}
    for got, want in zip(device.filter(single), kalman_filter(**single), strict=True):
        assert got.dtype == np.float64
        np.testing.assert_allclose(got, want, **CLOSE["float64"])
