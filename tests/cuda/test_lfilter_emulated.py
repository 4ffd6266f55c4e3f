"""lfilter's CUDA kernels, the sources themselves, on an emulated device (emulator/cuda_runtime.h).

This shows the arithmetic, the indices and the order of what waits for what; it shows nothing about speed.
"""

from __future__ import annotations

import shutil
from typing import Any

import numpy as np
import pytest
from emulated_cascade import Device, assert_near, shared_device
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from marey.filters import lfilter

pytestmark = pytest.mark.skipif(shutil.which("c++") is None and shutil.which("g++") is None, reason="no C++ compiler")


@pytest.fixture(scope="module")
def device() -> Device:
    return shared_device(one_section=True)


def rows(b: Any, a: Any, n: int = 1) -> Any:
    """Sections (n, 1, 2 (K + 1)) as the operators take them."""
    width = max(len(b), len(a))
    row = np.concatenate([np.pad(c, (0, width - len(c))) for c in (b, a)])
    return np.ascontiguousarray(np.broadcast_to(row, (n, 1, 2 * width)))


@settings(max_examples=60, deadline=None)
@given(
    channels=st.integers(1, 5),
    length=st.integers(1, 40) | st.integers(1, 1600),
    order=st.integers(1, 10),
    cutoff=st.sampled_from([0.4, 0.2]),
    recursive=st.booleans(),
    dtype=st.sampled_from(["float64", "float32"]),
    reset=st.sampled_from(["", "shared", "own"]),
    own=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_equals_the_cpu(device, channels, length, order, cutoff, recursive, dtype, reset, own, seed) -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("marey._runtime.torch_ops")
    rng = np.random.default_rng(seed)
    b, a = signal.butter(order, cutoff)
    sections = rows(b, 2.0 * a if recursive else [0.5], channels if own else 1) * rng.uniform(0.9, 1.1)
    x, zi = rng.normal(size=(channels, length)).astype(dtype), rng.normal(size=(1, channels, order))
    marks = rng.random((channels if reset == "own" else 1, length)) < 3 / length if reset else None
    tolerance = 1e-9 if dtype == "float64" else 3e-6

    leaves = [torch.tensor(array, requires_grad=True) for array in (sections, x, zi)]
    expected = torch.ops.marey.lfilter(*leaves, None if marks is None else torch.tensor(marks))
    grads = [torch.tensor(rng.normal(size=tuple(e.shape))).to(e) for e in expected]
    of_sections, of_x, of_zi = torch.autograd.grad(expected, leaves, grads)

    y, zf = device.forward(sections, x, zi, marks, seed)
    assert_near(y, expected[0], tolerance)
    assert_near(zf, expected[1], tolerance)
    grad_y, grad_zf = (g.numpy() for g in grads)
    grad_x, grad_sections, grad_zi = device.backward(grad_y, grad_zf, sections, x, zi, marks, seed=seed)
    assert_near(grad_x, of_x, tolerance)
    assert_near(grad_zi, of_zi, tolerance)
    assert_near(grad_sections, of_sections, tolerance)

    alone, _, alone_zi = device.backward(grad_y, grad_zf, sections, x, zi, marks, False, seed + 1, 1)
    np.testing.assert_array_equal(alone, grad_x)
    np.testing.assert_array_equal(alone_zi, grad_zi)
    np.testing.assert_array_equal(device.forward(sections, x, zi, marks, seed + 1, 1)[0], y)


@pytest.mark.parametrize(("order", "cutoff"), [(1, 1e-4), (2, 1e-3), (3, 0.01), (4, 0.03), (6, 0.1), (8, 0.2)])
def test_a_slow_filter_is_as_near_to_sections_as_in_sequence(device: Device, order: int, cutoff: float) -> None:
    """Joining runs by powers of A must not cost digits beyond those that the coefficients have lost already."""
    x = np.random.default_rng(0).normal(size=(1, 20_000))
    b, a = signal.butter(order, cutoff)
    exact = signal.sosfilt(signal.butter(order, cutoff, output="sos"), x)
    in_sequence = np.abs(lfilter(b, a, x) - exact).max()
    y, _ = device.forward(rows(b, a), x)
    assert np.abs(y - exact).max() <= 10 * in_sequence + 1e-13 * np.abs(exact).max()


@pytest.mark.parametrize("order", [1, 2, 4, 8, 12])
def test_nan_leaves_a_filter_without_recursion(device: Device, order: int) -> None:
    x = np.random.default_rng(1).normal(size=(2, 3000))
    x[1, [300, 2999]] = np.nan
    b = np.random.default_rng(2).normal(size=order + 1)
    y, zf = device.forward(rows(b, [1.0]), x)
    spoilt = ((np.arange(3000) >= 300) & (np.arange(3000) <= 300 + order)) | (np.arange(3000) == 2999)
    np.testing.assert_array_equal(np.isnan(y[1]), spoilt)
    assert np.isfinite(y[0]).all()
    assert np.isfinite(zf[:, 0]).all()
    assert np.isnan(zf[:, 1]).all()


@pytest.mark.parametrize("order", [1, 3, 9])
def test_nan_never_leaves_a_recursion(device: Device, order: int) -> None:
    x = np.random.default_rng(1).normal(size=(2, 3000))
    x[1, 300] = np.nan
    y, zf = device.forward(rows(*signal.butter(order, 0.4)), x)
    np.testing.assert_array_equal(np.isnan(y[1]), np.arange(3000) >= 300)
    assert np.isfinite(y[0]).all()
    assert np.isnan(zf[:, 1]).all()
