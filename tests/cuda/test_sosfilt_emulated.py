"""sosfilt's CUDA kernels, the sources themselves, on an emulated device (emulator/cuda_runtime.h).

This shows the arithmetic, the indices and the order of what waits for what; it shows nothing about speed.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from marey.filters import sosfilt

ROOT = Path(__file__).parents[2]
EMULATOR = ROOT / "tests/cuda/emulator"

pytestmark = [
    pytest.mark.skipif(shutil.which("c++") is None, reason="no C++ compiler"),
    pytest.mark.skipif(not EMULATOR.is_dir(), reason="the emulated device is not in this tree"),
]


class Device:
    """The operators as the torch binding calls them, on (N, T) arrays."""

    def __init__(self, folder: Path) -> None:
        library = folder / "emulated_sosfilt.so"
        include = [f"-I{path}" for path in (EMULATOR, ROOT / "cuda/include", ROOT / "csrc/include")]
        flags = ["-std=c++20", "-O1", "-shared", "-fPIC", "-pthread", "-Wall", "-Wno-unknown-pragmas"]
        source = str(ROOT / "tests/cuda/emulated_sosfilt.cpp")
        subprocess.run(["c++", *flags, *include, "-o", str(library), source], check=True)
        self._call = ctypes.CDLL(str(library)).emulated_sosfilt

    def _run(self, back: bool, sections: Any, x: Any, arrays: list[Any], reset: Any, seed: int, resident: int) -> None:
        channels, length = x.shape
        stride = 0 if reset is None or len(reset) == 1 else length
        sizes = np.array([channels, length, sections.shape[1], len(sections) != 1, stride], np.int64)
        pointers = (ctypes.c_void_p * len(arrays))(*[None if a is None else a.ctypes.data for a in arrays])
        status = self._call(
            int(back), int(x.dtype == np.float64), ctypes.c_void_p(sizes.ctypes.data),
            ctypes.c_void_p(sections.ctypes.data), ctypes.c_void_p(None if reset is None else reset.ctypes.data),
            pointers, ctypes.c_uint(seed), resident,
        )  # fmt: skip
        assert status == 0, f"cudaError {status}"

    def forward(
        self, sections: Any, x: Any, zi: Any = None, reset: Any = None, seed: int = 0, resident: int = 3
    ) -> Any:
        y, zf = np.full_like(x, np.nan), np.full((sections.shape[1], len(x), 2), np.nan)
        self._run(False, sections, x, [x, zi, y, zf], reset, seed, resident)
        return y, zf

    def backward(
        self, grad_y: Any, grad_zf: Any, sections: Any, x: Any, zi: Any = None, reset: Any = None,
        for_sections: bool = True, seed: int = 0, resident: int = 3,
    ) -> Any:  # fmt: skip
        grad_x, grad_zi = np.full_like(x, np.nan), np.full_like(grad_zf, np.nan)
        grad_sections = np.full_like(sections, np.nan) if for_sections else None
        self._run(True, sections, x, [grad_y, grad_zf, x, zi, grad_x, grad_zi, grad_sections], reset, seed, resident)
        return grad_x, grad_sections, grad_zi


@pytest.fixture(scope="session")
def device(tmp_path_factory: pytest.TempPathFactory) -> Device:
    return Device(tmp_path_factory.mktemp("emulated"))


def assert_near(actual: Any, expected: Any, tolerance: float) -> None:
    expected = expected.detach().numpy() if hasattr(expected, "detach") else expected
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance * max(1.0, np.abs(expected).max(initial=0.0)))


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
