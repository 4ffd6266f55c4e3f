"""The Kalman filter's CUDA kernel, the source itself, on an emulated device (emulator/cuda_runtime.h).

This shows the arithmetic and the indices. It shows nothing about speed. The oracle is the operation on the CPU, which
the contract holds against the reference.
"""

from __future__ import annotations

import ctypes
import shutil

import numpy as np
import pytest
from emulated import ROOT, Guarded, compile_library
from hypothesis import given, settings
from hypothesis import strategies as st

from marey.state_space import _cases, kalman_filter
from marey.state_space.kalman_filter import SPEC

pytestmark = pytest.mark.skipif(shutil.which("c++") is None and shutil.which("g++") is None, reason="no C++ compiler")

CASES = [
    pytest.param(case, id=case.name)
    for case in SPEC.cases
    if not case.tags & {"bench", "threads"} and case.name != "ten states"
]
# The same operations in the same order; the exponential and the logarithm are the C library's.
CLOSE = {"float64": {"rtol": 1e-11, "atol": 1e-11}, "float32": {"rtol": 1e-6, "atol": 1e-6}}


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    return compile_library(ROOT / "tests/cuda/emulated_kalman_filter.cpp", tmp_path_factory.mktemp("emulated"))


def run(library: ctypes.CDLL, inputs, *, cov=True, mean=True, expect=0):
    """Mean, covariance and log-likelihood as the torch binding gets them, of a problem laid out for the kernels."""
    p = _cases.problem(inputs)
    (B, m, T), n = p.y.shape, p.x0.shape[1]
    dtype = p.y.dtype
    given = [p.y, p.F, p.H, p.Q, p.R, p.x0, p.P0, p.dt, p.parameters]
    matrices = (p.F, p.H, p.Q, p.R) if p.model == 0 else (p.H, p.R)
    shared = B > 0 and p.model == 0 and p.mask is None and all(a.shape[0] == 1 for a in (*matrices, p.P0))
    strides = []
    for array in given:
        if array is None:
            strides += [0, 0]
            continue
        per_step = int(np.prod(array.shape[2:])) if array.ndim == 4 else 0
        size = int(np.prod(array.shape[1:]))
        strides += [0 if array.shape[0] == 1 and array is not p.y else size, 0 if per_step == size else per_step]
    held = [None if a is None else np.ascontiguousarray(a, dtype) for a in given]
    outs = [
        Guarded((B, n, T), dtype) if mean else None,
        Guarded((1 if shared else B, n, n, T), dtype) if cov else None,
        Guarded((B,), dtype),
    ]
    arrays = [*held, *(None if out is None else out.array for out in outs)]
    pointers = (ctypes.c_void_p * len(arrays))(*[None if a is None else a.ctypes.data for a in arrays])
    sizes = np.array(
        [B, n, m, T, p.model, p.continued, p.mask is not None and p.mask.ndim == 3, dtype == np.float32], np.int64
    )
    strides = np.array(strides, np.int64)
    mask = None if p.mask is None else np.ascontiguousarray(p.mask)
    status = library.emulated_kalman_filter(
        sizes.ctypes.data_as(ctypes.c_void_p), pointers, strides.ctypes.data_as(ctypes.c_void_p),
        None if mask is None else mask.ctypes.data_as(ctypes.c_void_p), ctypes.c_uint(0),
    )  # fmt: skip
    assert status == expect, f"cudaError {status}"
    if status:
        return None
    taken = [None if out is None else out.taken() for out in outs]
    if cov:
        taken[1] = np.broadcast_to(taken[1], (B, n, n, T))
    return taken


def check(library, inputs, dtype) -> None:
    mean, cov, loglik = run(library, inputs)
    expected = kalman_filter(**inputs)
    alone = inputs["y"].ndim == 2
    for got, want in zip((mean, cov, loglik), expected, strict=True):
        np.testing.assert_allclose(got[0] if alone else got, want, **CLOSE[dtype])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("case", CASES)
def test_every_case_of_the_spec(library, case, dtype):
    check(library, case.inputs(dtype), dtype)


@settings(max_examples=40, deadline=None)
@given(
    B=st.integers(1, 300),
    m=st.integers(1, 8),
    n=st.integers(1, 8),
    T=st.integers(1, 11),
    mask=st.sampled_from(["", "shared", "per_output"]),
    seed=st.integers(0, 99),
)
def test_any_number_of_series_states_outputs_and_steps(library, B, m, n, T, mask, seed):
    check(library, _cases._inputs(np.random.default_rng(seed), B, m, n, T, mask=mask), "float64")


def test_a_singular_innovation_fails_its_series_alone(library):
    inputs = _cases._inputs(np.random.default_rng(0), 9, 1, 2, 6, varying="Rb")
    whole = run(library, inputs)
    inputs["P0"][4], inputs["Q"], inputs["R"][4] = 0.0, inputs["Q"], -1.0
    mean, _, loglik = run(library, inputs)
    others = np.arange(9) != 4
    assert np.isnan(mean[4]).all()
    assert np.isnan(loglik[4])
    np.testing.assert_array_equal(mean[others], whole[0][others])
    np.testing.assert_array_equal(loglik[others], whole[2][others])


def test_what_is_not_wanted_is_not_written(library):
    inputs = _cases._inputs(np.random.default_rng(0), 5, 2, 3, 7)
    mean, cov, loglik = run(library, inputs)
    np.testing.assert_array_equal(run(library, inputs, cov=False)[0], mean)
    assert run(library, inputs, cov=False)[1] is None
    np.testing.assert_array_equal(run(library, inputs, cov=False, mean=False)[2], loglik)
    assert cov is not None


def test_more_states_or_outputs_than_a_thread_takes_are_refused(library):
    invalid = 1  # cudaErrorInvalidValue
    run(library, _cases._inputs(np.random.default_rng(0), 2, 1, 9, 3), expect=invalid)
    run(library, _cases._inputs(np.random.default_rng(0), 2, 9, 2, 3), expect=invalid)
