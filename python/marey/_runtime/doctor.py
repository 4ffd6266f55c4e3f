"""``marey doctor``: which kernels, instruction set, ABI, GPU and versions are live."""

from __future__ import annotations

import importlib.util
import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import TextIO

import marey
from marey._runtime import native

__all__ = ["diagnose", "doctor"]

_LIBRARIES = ("numpy", "torch", "triton", "cupy", "numba", "pyarrow", "pandas", "polars", "scikit-learn")


def diagnose() -> dict[str, str]:
    """The facts that :func:`doctor` prints, by name."""
    return {
        "marey": marey.__version__,
        "python": f"{platform.python_version()} on {platform.platform()}",
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "C++ core": _core(),
        "Rust wing": _rust(),
        "torch ops": _torch(),
        "CUDA ops": _cuda(),
        **{name: _version(name) for name in _LIBRARIES},
    }


def doctor(*, file: TextIO | None = None) -> None:
    """Prints which parts of marey are live here, and how to get those that are not.

    Examples
    --------
    >>> import io, marey
    >>> out = io.StringIO()
    >>> marey.doctor(file=out)
    >>> "C++ core" in out.getvalue()
    True
    """
    for name, fact in diagnose().items():
        print(f"{name:<13} {fact}", file=file or sys.stdout)


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _core() -> str:
    try:
        core = native.core()
    except marey.BackendError as error:
        return f"missing: {error}"
    levels = {"base": "baseline", "v3": "AVX2 + FMA (x86-64-v3)", "v4": "AVX-512 (x86-64-v4)"}
    forced = "" if core.isa() == core.best_isa() else f", held below {levels[core.best_isa()]} by MAREY_ISA"
    return f"{levels[core.isa()]}{forced}, {marey.get_num_threads()} threads, {core.compiler}"


def _rust() -> str:
    try:
        rust = native.rust()
    except marey.BackendError as error:
        return f"missing: {error}"
    return f"{getattr(rust, '__version__', 'present')}, stable Python ABI"


def _torch() -> str:
    if importlib.util.find_spec("torch") is None:
        return "missing: torch is not installed"
    try:
        path = native.library("_torch")
    except marey.BackendError as error:
        return f"missing: {error}"
    from marey._runtime import torch_ops  # noqa: F401

    return f"live, libtorch stable ABI of 2.10 ({path.name})"


def _cuda() -> str:
    if importlib.util.find_spec("torch") is None:
        return "missing: torch is not installed"
    import torch

    try:
        from marey._runtime import torch_ops
    except marey.BackendError as error:
        return f"missing: {error}"
    if not torch_ops.cuda_loaded:
        return f"missing: {torch_ops.why_no_cuda}"
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    return f"live, CUDA {torch.version.cuda}, {gpu}"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
