"""The CUDA kernels of dtw_cdist and soft_dtw, the sources themselves, on an emulated device (emulator/cuda_runtime.h).

This shows the arithmetic, the indices and the order of what waits for what. It shows nothing about speed. The oracle is
the operation on the CPU, which the contract holds against the reference.
"""

from __future__ import annotations

import ctypes
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from emulated import ROOT, Guarded, compile_library
from hypothesis import given, settings
from hypothesis import strategies as st

from marey._runtime import native
from marey.distance import dtw_cdist, soft_dtw
from marey.distance.dtw_cdist import SPEC as CDIST
from marey.distance.soft_dtw import SPEC as SOFT

pytestmark = pytest.mark.skipif(shutil.which("c++") is None and shutil.which("g++") is None, reason="no C++ compiler")

EVERYWHERE = 2**62
# Beyond one strip of 256 columns, and beyond two; bands that end inside one.
LONG = [(300, 530, None), (530, 300, 231), (270, 280, 12), (40, 513, None), (513, 40, None), (600, 601, 130)]


def cases(spec: Any) -> list[Any]:
    return [pytest.param(c, id=c.name) for c in spec.cases if not c.tags & {"bench", "threads"}]


class Device:
    def __init__(self, folder: Path) -> None:
        self.library = compile_library(ROOT / "tests/cuda/emulated_distance.cpp", folder)

    def _call(
        self, function: Any, numbers: list[Any], sizes: list[int], arrays: list[Any], seed: int, *more: Any
    ) -> None:
        laid = np.array(sizes, np.int64)
        pointers = (ctypes.c_void_p * len(arrays))(*[None if a is None else a.ctypes.data for a in arrays])
        status = function(*numbers, ctypes.c_void_p(laid.ctypes.data), *more, pointers, ctypes.c_uint(seed))
        assert status == 0, "written past the workspace" if status < 0 else f"cudaError {status}"

    def dtw_cdist(self, X, Y=None, *, window=None, x_offsets=None, y_offsets=None, seed=0):
        def laid(a, offsets):
            if offsets is None:
                a = np.ascontiguousarray(a[:, None] if a.ndim == 2 else a)
                return a, len(a)
            return np.ascontiguousarray(a[None] if a.ndim == 1 else a), len(offsets) - 1

        x, n = laid(X, x_offsets)
        y, m = (x, n) if Y is None else laid(Y, y_offsets)
        channels = x.shape[1] if x_offsets is None else x.shape[0]
        out = Guarded((n, m), x.dtype)
        sizes = [n, channels, x.shape[-1], m, y.shape[-1], EVERYWHERE if window is None else window]
        arrays = [x, None if Y is None else y, x_offsets, y_offsets, out.array]
        self._call(self.library.emulated_dtw_cdist, [x.dtype == np.float32], sizes, arrays, seed)
        return out.taken()

    def _soft(self, backward, x, y, gamma, window, x_lengths, y_lengths, rest, seed):
        x, y = np.ascontiguousarray(x), np.ascontiguousarray(y)
        sizes = [*x.shape, y.shape[2], EVERYWHERE if window is None else window]
        self._call(
            self.library.emulated_soft_dtw,
            [x.dtype == np.float32, backward],
            sizes,
            [x, y, x_lengths, y_lengths, *rest],
            seed,
            ctypes.c_double(gamma),
        )

    def soft_dtw(self, x, y, gamma=1.0, *, window=None, x_lengths=None, y_lengths=None, seed=0):
        out = Guarded((len(x),), x.dtype)
        self._soft(False, x, y, gamma, window, x_lengths, y_lengths, [out.array], seed)
        return out.taken()

    def soft_dtw_backward(self, grad, x, y, gamma=1.0, *, window=None, x_lengths=None, y_lengths=None, seed=0):
        to_x, to_y = Guarded(x.shape, x.dtype), Guarded(y.shape, y.dtype)
        self._soft(True, x, y, gamma, window, x_lengths, y_lengths, [grad, to_x.array, to_y.array], seed)
        return to_x.taken(), to_y.taken()


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Device:
    return Device(tmp_path_factory.mktemp("emulated"))


def gradients_on_the_cpu(grad, x, y, gamma, *, window=None, x_lengths=None, y_lengths=None):
    window = EVERYWHERE if window is None else window
    x, y = np.ascontiguousarray(x), np.ascontiguousarray(y)
    return native.core().soft_dtw_backward(grad, x, y, x_lengths, y_lengths, gamma, window)


def check_soft(device: Device, inputs: dict[str, Any], dtype: str, seed: int = 0) -> None:
    tolerance = SOFT.tolerance[dtype]
    close = {"rtol": tolerance.rtol, "atol": tolerance.atol}
    inputs = {"gamma": 1.0, **inputs}
    np.testing.assert_allclose(device.soft_dtw(**inputs, seed=seed), soft_dtw(**inputs), **close)
    grad = np.random.default_rng(5).normal(size=len(inputs["x"])).astype(dtype)
    got, want = device.soft_dtw_backward(grad, **inputs, seed=seed), gradients_on_the_cpu(grad, **inputs)
    for a, b in zip(got, want, strict=True):
        np.testing.assert_allclose(a, b, rtol=10 * tolerance.rtol, atol=10 * tolerance.atol)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("case", cases(CDIST))
def test_every_case_of_dtw_cdist(device, case, dtype):
    inputs = case.inputs(dtype)
    tolerance = CDIST.tolerance[dtype]
    np.testing.assert_allclose(
        device.dtw_cdist(**inputs), dtw_cdist(**inputs), rtol=tolerance.rtol, atol=tolerance.atol
    )


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("case", cases(SOFT))
def test_every_case_of_soft_dtw(device, case, dtype):
    check_soft(device, case.inputs(dtype), dtype)


@pytest.mark.parametrize(("n", "m", "window"), LONG)
@pytest.mark.parametrize("channels", [1, 2])
def test_long_series(device, n, m, window, channels):
    rng = np.random.default_rng(n)
    x, y = rng.normal(size=(2, channels, n)), rng.normal(size=(2, channels, m))
    expected = dtw_cdist(x, y, window=window)
    np.testing.assert_allclose(device.dtw_cdist(x, y, window=window), expected, rtol=1e-12)
    check_soft(device, {"x": x, "y": y, "gamma": 0.3, "window": window}, "float64")


@settings(max_examples=30, deadline=None)
@given(
    n=st.integers(1, 90),
    m=st.integers(1, 90),
    channels=st.integers(1, 3),
    window=st.sampled_from([None, 0, 1, 7, 31, 40, 64]),
    gamma=st.sampled_from([1e-3, 1.0, 50.0]),
    seed=st.integers(0, 1000),
)
def test_any_length_band_and_smoothing(device, n, m, channels, window, gamma, seed):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(3, channels, n)), rng.normal(size=(3, channels, m))
    of_x, of_y = rng.integers(0, n + 1, 3), rng.integers(0, m + 1, 3)
    np.testing.assert_allclose(
        device.dtw_cdist(x, y, window=window, seed=seed), dtw_cdist(x, y, window=window), rtol=1e-12
    )
    inputs = {"x": x, "y": y, "gamma": gamma, "window": window, "x_lengths": of_x, "y_lengths": of_y}
    check_soft(device, inputs, "float64", seed)


def test_every_order_has_the_same_bits(device):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(9, 2, 70)), rng.normal(size=(9, 2, 75))
    grad = np.ones(9)
    runs = [
        (
            device.dtw_cdist(x, y, window=20, seed=seed),
            device.soft_dtw(x, y, seed=seed),
            *device.soft_dtw_backward(grad, x, y, seed=seed),
        )
        for seed in (0, 1, 2)
    ]
    for other in runs[1:]:
        for a, b in zip(runs[0], other, strict=True):
            np.testing.assert_array_equal(a, b)


def test_lengths_and_offsets_out_of_range_are_nan(device):
    x = np.ones((4, 1, 8))
    lengths = np.array([8, 9, -1, 3])
    assert np.isnan(device.soft_dtw(x, x, x_lengths=lengths)).tolist() == [False, True, True, False]
    to_x, to_y = device.soft_dtw_backward(np.ones(4), x, x, x_lengths=lengths)
    assert np.isnan(to_x).all(axis=(1, 2)).tolist() == np.isnan(to_y).all(axis=(1, 2)).tolist()
    assert np.isnan(to_x).any(axis=(1, 2)).tolist() == [False, True, True, False]
    matrix = device.dtw_cdist(np.ones(8), x_offsets=np.array([0, 5, 3, 9]))
    assert np.isnan(matrix).tolist() == [[False, True, True], [True, True, True], [True, True, True]]
