"""Builds the emulated CUDA device with decay_scan's kernels on it, and calls them on NumPy arrays."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
GUARD = 64  # elements on both sides of every output, which no kernel may touch


def compile_library(source: Path, folder: Path, level: str = "-O2") -> ctypes.CDLL:
    compiler = shutil.which("c++") or shutil.which("g++")
    assert compiler is not None
    library = folder / f"{source.stem}.so"
    include = [f"-I{ROOT / path}" for path in ("tests/cuda/emulator", "cuda/include", "csrc/include")]
    flags = ["-std=c++20", level, "-shared", "-fPIC", "-pthread", "-Wall", "-Wno-unknown-pragmas"]
    subprocess.run([compiler, *flags, *include, "-o", str(library), str(source)], check=True)
    return ctypes.CDLL(str(library))


def build(folder: Path) -> ctypes.CDLL:
    loaded = compile_library(ROOT / "tests/cuda/emulated_decay_scan.cpp", folder)
    loaded.emulated_series_after.restype = ctypes.c_int64
    return loaded


class Guarded:
    """An output filled with NaN, and a frame around it that must stay as it is."""

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype) -> None:
        size, is_float = int(np.prod(shape)), np.issubdtype(dtype, np.floating)
        self.mark = -77.0 if is_float else 77
        self.frame = np.full(size + 2 * GUARD, self.mark, dtype)
        self.array = self.frame[GUARD : GUARD + size].reshape(shape)
        self.array[...] = np.nan if is_float else 0x7FC0  # which is a bfloat16's NaN

    def taken(self) -> np.ndarray:
        assert (self.frame[:GUARD] == self.mark).all(), "written before the start"
        assert (self.frame[-GUARD:] == self.mark).all(), "written past the end"
        return self.array


class Device:
    """The operations as the torch binding calls them, on (..., D, T) or packed (D, total) arrays."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self.library = library

    def forward(self, x, dt, rate, *, h0=None, mask=None, offsets=None, channels_last=False, seed=0, resident=3):
        shape = self._shape(x, offsets)
        T = x.dtype
        S = T if h0 is None else h0.dtype
        h = Guarded(self._laid(x, channels_last).shape, T)
        hT = Guarded((shape[0], shape[1]), S)
        self._call(
            0,
            shape,
            [self._laid(x, channels_last), dt, rate, h0, h.array, hT.array],
            T,
            S,
            mask,
            offsets,
            channels_last,
            seed,
            resident,
        )
        return self._back(h.taken(), x, channels_last), hT.taken()

    def backward(
        self, grad_h, grad_hT, h, dt, rate, *, h0=None, mask=None, offsets=None, channels_last=False, seed=0, resident=3
    ):
        shape = self._shape(h, offsets)
        T, S = h.dtype, grad_hT.dtype
        laid = self._laid(h, channels_last)
        grad_x, grad_dt = Guarded(laid.shape, T), Guarded(dt.shape, T)
        grad_rate, grad_h0 = Guarded(rate.shape, T), Guarded((shape[0], shape[1]), S)
        arrays = [
            self._laid(grad_h, channels_last),
            laid,
            dt,
            rate,
            h0,
            grad_hT,
            grad_x.array,
            grad_dt.array,
            grad_rate.array,
            grad_h0.array,
        ]
        self._call(1, shape, arrays, T, S, mask, offsets, channels_last, seed, resident)
        return self._back(grad_x.taken(), h, channels_last), grad_dt.taken(), grad_rate.taken(), grad_h0.taken()

    @staticmethod
    def _shape(x, offsets):
        channels, length = x.shape[-2:]
        batch = int(np.prod(x.shape[:-2], dtype=int))
        return (batch if offsets is None else len(offsets) - 1, channels, length, batch * length)

    @staticmethod
    def _laid(x, channels_last):
        return np.ascontiguousarray(x.swapaxes(-1, -2) if channels_last else x)

    @staticmethod
    def _back(laid, like, channels_last):
        return laid.swapaxes(-1, -2) if channels_last else laid

    def _call(self, is_backward, shape, arrays, T, S, mask, offsets, channels_last, seed, resident):
        types = 2 if np.float64 == T else 1 if np.float64 == S else 0
        kind = 0
        if mask is not None:
            kind = 2 if mask.ndim == arrays[0].ndim else 1
            mask = self._laid(mask, channels_last) if kind == 2 else np.ascontiguousarray(mask)
        sizes = np.array([*shape, int(channels_last), kind], np.int64)
        held = [None if a is None else np.ascontiguousarray(a) for a in arrays]
        pointers = (ctypes.c_void_p * len(held))(*[None if a is None else a.ctypes.data for a in held])
        status = self.library.emulated_decay_scan(
            is_backward,
            types,
            sizes.ctypes.data_as(ctypes.c_void_p),
            None if offsets is None else offsets.ctypes.data_as(ctypes.c_void_p),
            None if mask is None else mask.ctypes.data_as(ctypes.c_void_p),
            pointers,
            ctypes.c_uint(seed),
            resident,
        )
        assert status == 0, f"cudaError {status}"
