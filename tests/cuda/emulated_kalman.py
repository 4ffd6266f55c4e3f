"""Calls the Kalman kernels on the emulated device, on problems laid out as the torch binding lays them out."""

from __future__ import annotations

import ctypes
import functools
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from emulated import ROOT, Guarded, compile_library

from marey.state_space import _cases

FILTER, ADJOINT, SMOOTHER = range(3)
# The same operations in the same order; the exponential and the logarithm are the C library's.
CLOSE = {"float64": {"rtol": 1e-11, "atol": 1e-11}, "float32": {"rtol": 1e-6, "atol": 1e-6}}


def cases(spec: Any) -> list[Any]:
    return [case for case in spec.cases if not case.tags & {"bench", "threads"}]


class Device:
    def __init__(self, folder: Path) -> None:
        # Not optimised: the kernels' unrolled sizes would take a minute.
        self.library = compile_library(ROOT / "tests/cuda/emulated_kalman.cpp", folder, level="-O0")

    def _call(self, what: int, p: Any, arrays: list[Any], *, one_cov: bool = False, seed: int = 0) -> None:
        (B, m, T), n = p.y.shape, p.x0.shape[1]
        given = [p.y, p.F, p.H, p.Q, p.R, p.x0, p.P0, p.dt, p.parameters]
        strides = []
        for array in given:
            size = 0 if array is None else int(np.prod(array.shape[1:]))
            per_step = int(np.prod(array.shape[2:])) if array is not None and array.ndim == 4 else 0
            strides += [0 if array is None or (array.shape[0] == 1 and array is not p.y) else size]
            strides += [0 if per_step == size else per_step]
        held = [None if a is None else np.ascontiguousarray(a) for a in (*given, *arrays)]
        pointers = (ctypes.c_void_p * len(held))(*[None if a is None else a.ctypes.data for a in held])
        single = [a.dtype == np.float32 for a in (p.y, p.x0)]
        per_output = p.mask is not None and p.mask.ndim == 3
        sizes = np.array([B, n, m, T, p.model, p.continued, per_output, *single, one_cov], np.int64)
        mask = None if p.mask is None else np.ascontiguousarray(p.mask)
        laid = np.array(strides, np.int64)
        status = self.library.emulated_kalman(
            what, ctypes.c_void_p(sizes.ctypes.data), pointers, ctypes.c_void_p(laid.ctypes.data),
            None if mask is None else ctypes.c_void_p(mask.ctypes.data), ctypes.c_uint(seed),
        )  # fmt: skip
        assert status == 0, "written past the workspace" if status < 0 else f"cudaError {status}"

    def estimate(self, what: int, inputs: Any, *, mean: bool = True, cov: bool = True, one_cov: bool = False) -> Any:
        """Mean, covariance and log-likelihood of the filter or the smoother."""
        p = _cases.problem(inputs)
        (B, _, T), n, dtype = p.y.shape, p.x0.shape[1], p.x0.dtype
        outs = [
            Guarded((B, n, T), dtype) if mean else None,
            Guarded((1 if one_cov else B, n, n, T), dtype) if cov else None,
            Guarded((B,), dtype),
        ]
        self._call(what, p, [None if out is None else out.array for out in outs])
        taken = [None if out is None else out.taken() for out in outs]
        if cov:
            taken[1] = np.broadcast_to(taken[1], (B, n, n, T))
        return taken

    def filter(self, inputs: Any, *, mean: bool = True, cov: bool = True) -> Any:
        p = _cases.problem(inputs)
        shared = p.model == 0 and p.mask is None and all(a.shape[0] == 1 for a in (p.F, p.H, p.Q, p.R, p.P0))
        return self.estimate(FILTER, inputs, mean=mean, cov=cov, one_cov=shared and len(p.y) > 0)

    def smoother(self, inputs: Any, *, cov: bool = True) -> Any:
        return self.estimate(SMOOTHER, inputs, cov=cov)

    def adjoint(self, p: Any, grad_mean: Any, grad_cov: Any, grad_loglik: Any, *, seed: int = 0) -> list[Any]:
        """Gradients of y, F, H, Q, R, x0, P0."""
        outs = [Guarded(a.shape, a.dtype) for a in p[:7]]
        one_cov = grad_cov is not None and len(grad_cov) == 1
        arrays = [grad_mean, grad_cov, grad_loglik, *(out.array for out in outs)]
        self._call(ADJOINT, p, arrays, one_cov=one_cov, seed=seed)
        return [out.taken() for out in outs]


@functools.cache
def shared_device() -> Device:
    """Compiled once, whichever test modules ask for it."""
    with tempfile.TemporaryDirectory() as folder:
        return Device(Path(folder))
