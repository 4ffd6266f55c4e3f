"""Calls the kernels of sosfilt and lfilter on the emulated device, on (N, T) arrays."""

from __future__ import annotations

import copy
import ctypes
import functools
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from emulated import ROOT, compile_library


class Device:
    """The operators as the torch binding calls them, on (N, T) arrays."""

    def __init__(self, folder: Path) -> None:
        self._call = compile_library(ROOT / "tests/cuda/emulated_cascade.cpp", folder, level="-O1").emulated_cascade
        self.one_section = False  # lfilter, not sosfilt

    def _run(self, back: bool, sections: Any, x: Any, arrays: list[Any], reset: Any, seed: int, resident: int) -> None:
        channels, length = x.shape
        stride = 0 if reset is None or len(reset) == 1 else length
        n_sections, order = sections.shape[1], sections.shape[2] // 2 - 1
        own, op = len(sections) != 1, self.one_section
        sizes = np.array([channels, length, n_sections, order, own, stride, op], np.int64)
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
        y, zf = np.full_like(x, np.nan), np.full((sections.shape[1], len(x), sections.shape[2] // 2 - 1), np.nan)
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


@functools.cache
def _compiled() -> Device:
    with tempfile.TemporaryDirectory() as folder:
        return Device(Path(folder))


def shared_device(*, one_section: bool = False) -> Device:
    """Compiled once, whichever test modules ask for it."""
    device = copy.copy(_compiled())
    device.one_section = one_section
    return device


def assert_near(actual: Any, expected: Any, tolerance: float) -> None:
    expected = expected.detach().numpy() if hasattr(expected, "detach") else expected
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance * max(1.0, np.abs(expected).max(initial=0.0)))
