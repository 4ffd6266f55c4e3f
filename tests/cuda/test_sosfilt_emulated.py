"""sosfilt's CUDA kernels, the sources themselves, on an emulated device (emulator/cuda_runtime.h).

This shows the arithmetic, the indices and the order of what waits for what; it shows nothing about speed.
"""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from emulated_cascade import Device, assert_near, shared_device
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from marey.filters import sosfilt

pytestmark = pytest.mark.skipif(shutil.which("c++") is None and shutil.which("g++") is None, reason="no C++ compiler")


@pytest.fixture(scope="module")
def device() -> Device:
    return shared_device()


@settings(max_examples=60, deadline=None)
@given(
    channels=st.integers(1, 5),
    length=st.integers(1, 40) | st.integers(1, 1600),
    n_sections=st.integers(1, 8),
    cutoff=st.sampled_from([0.2, 0.1, 0.02]),
    dtype=st.sampled_from(["float64", "float32"]),
    reset=st.sampled_from(["", "shared", "own"]),
    own=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_equals_the_cpu(device, channels, length, n_sections, cutoff, dtype, reset, own, seed) -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(seed)
    sos = signal.butter(2 * n_sections, cutoff, output="sos") * rng.uniform(0.9, 1.1, (n_sections, 1))
    sections = np.ascontiguousarray(np.broadcast_to(sos, (channels if own else 1, n_sections, 6)))
    x, zi = rng.normal(size=(channels, length)).astype(dtype), rng.normal(size=(n_sections, channels, 2))
    marks = rng.random((channels if reset == "own" else 1, length)) < 3 / length if reset else None
    # Powers of a cascade's A lose digits with its length; the answer is compared with its largest value.
    tolerance = 1e-8 if dtype == "float64" else 3e-6

    leaves = [torch.tensor(a, requires_grad=True) for a in (sections if own else sections[0], x, zi)]
    expected = sosfilt(*leaves[:2], zi=leaves[2], reset=None if marks is None else torch.tensor(marks))
    grads = [torch.tensor(rng.normal(size=tuple(e.shape))).to(e) for e in expected]
    of_sections, of_x, of_zi = torch.autograd.grad(expected, leaves, grads)

    y, zf = device.forward(sections, x, zi, marks, seed)
    assert_near(y, expected[0], tolerance)
    assert_near(zf, expected[1], tolerance)
    grad_y, grad_zf = (g.numpy() for g in grads)
    grad_x, grad_sections, grad_zi = device.backward(grad_y, grad_zf, sections, x, zi, marks, seed=seed)
    assert_near(grad_x, of_x, tolerance)
    assert_near(grad_zi, of_zi, tolerance)
    assert_near(grad_sections if own else grad_sections[0], of_sections, tolerance)

    alone, _, alone_zi = device.backward(grad_y, grad_zf, sections, x, zi, marks, False, seed + 1, 1)
    np.testing.assert_array_equal(alone, grad_x)
    np.testing.assert_array_equal(alone_zi, grad_zi)
    np.testing.assert_array_equal(device.forward(sections, x, zi, marks, seed + 1, 1)[0], y)


def test_looks_back_as_far_as_the_filter_remembers(device: Device) -> None:
    """Over several rounds of 32 tiles: an integrator, which never forgets, and a very slow filter."""
    x = np.random.default_rng(0).normal(size=(1, 3 * 32 * 256 + 77))
    y, _ = device.forward(np.array([[[1.0, 0, 0, 1, -1, 0]]]), x)
    np.testing.assert_allclose(y, np.cumsum(x, axis=-1), rtol=0, atol=1e-9)
    sos = signal.butter(2, 0.0002, output="sos")
    expected = signal.sosfilt(sos, x)
    np.testing.assert_allclose(device.forward(sos[None], x)[0], expected, rtol=0, atol=1e-8 * np.abs(expected).max())


def test_nan_never_dies_out_before_a_reset(device: Device) -> None:
    """Even where the filter's memory is far shorter than the signal."""
    rng = np.random.default_rng(1)
    sections, x = signal.butter(2, 0.4, output="sos")[None], rng.normal(size=(2, 20_000))
    x[1, 300] = np.nan
    y, zf = device.forward(sections, x)
    assert np.isfinite(y[0]).all()
    np.testing.assert_array_equal(np.isnan(y[1]), np.arange(20_000) >= 300)
    assert np.isfinite(zf[:, 0]).all()
    assert np.isnan(zf[:, 1]).all()

    marks = np.arange(20_000)[None] == 9001
    y, zf = device.forward(sections, x, reset=marks)
    np.testing.assert_array_equal(np.isnan(y[1]), (np.arange(20_000) >= 300) & (np.arange(20_000) < 9001))
    assert np.isfinite(zf).all()

    grad = rng.normal(size=x.shape)
    grad[1, 15_000] = np.nan
    grad_x, _, grad_zi = device.backward(
        grad, np.zeros_like(zf), sections, np.zeros_like(x), reset=marks, for_sections=False
    )
    np.testing.assert_array_equal(np.isnan(grad_x[1]), (np.arange(20_000) >= 9001) & (np.arange(20_000) <= 15_000))
    assert np.isfinite(grad_x[0]).all()
    assert np.isfinite(grad_zi).all()
