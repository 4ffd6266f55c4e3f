"""CUDA source compiled and launched at run time: NVRTC from torch's own wheels and the driver, by ctypes.

No CUDA toolkit is needed. Code is kept by its source and the device's architecture for as long as the process lives.
"""

from __future__ import annotations

import ctypes
import functools
import glob
import importlib.util
from collections.abc import Mapping
from typing import Any

from marey.errors import BackendError

__all__ = ["Kernel", "compile_source", "kernel"]

_BLOCKS_PER_SM = 32  # beyond what any device holds at once


def _load(names: list[str], what: str) -> ctypes.CDLL:
    for name in names:
        try:
            return ctypes.CDLL(name)
        except OSError as error:
            reason = str(error)
    raise BackendError(f"{what} is not here ({reason})")


@functools.cache
def _nvrtc() -> ctypes.CDLL:
    import torch

    if torch.version.cuda is None:
        raise BackendError("this torch is built without CUDA: its NVRTC is needed to compile a model for the GPU")
    name = f"libnvrtc.so.{torch.version.cuda.split('.')[0]}"
    spec = importlib.util.find_spec("nvidia")
    folders = list(spec.submodule_search_locations or []) if spec else []
    beside = [path for folder in folders for path in sorted(glob.glob(f"{folder}/*/lib/{name}"))]
    library = _load([*beside, name], f"{name}, which compiles a model for the GPU and comes with torch's CUDA wheels,")
    library.nvrtcGetErrorString.restype = ctypes.c_char_p
    return library


@functools.cache
def _driver() -> ctypes.CDLL:
    return _load(["libcuda.so.1"], "NVIDIA's driver")


def compile_source(source: str, headers: Mapping[str, str], architecture: str) -> bytes:
    """Machine code of ``source`` for ``sm_NN``, or PTX for ``compute_NN``; ``headers`` are what it includes by name."""
    return _compile(source, tuple(headers.items()), architecture)


@functools.lru_cache(maxsize=256)
def _compile(source: str, headers: tuple[tuple[str, str], ...], architecture: str) -> bytes:
    nvrtc, program = _nvrtc(), ctypes.c_void_p()

    def check(code: int, log: str = "") -> None:
        if code:
            raise BackendError(f"NVRTC: {nvrtc.nvrtcGetErrorString(code).decode()}{log}")

    def read(getter: str) -> bytes:
        size = ctypes.c_size_t()
        check(getattr(nvrtc, f"nvrtcGet{getter}Size")(program, ctypes.byref(size)))
        buffer = ctypes.create_string_buffer(size.value)
        check(getattr(nvrtc, f"nvrtcGet{getter}")(program, buffer))
        return buffer.raw

    texts = (ctypes.c_char_p * len(headers))(*[text.encode() for _, text in headers])
    names = (ctypes.c_char_p * len(headers))(*[name.encode() for name, _ in headers])
    check(nvrtc.nvrtcCreateProgram(ctypes.byref(program), source.encode(), b"model.cu", len(headers), texts, names))
    try:
        options = [f"--gpu-architecture={architecture}".encode(), b"--std=c++17"]
        done = nvrtc.nvrtcCompileProgram(program, len(options), (ctypes.c_char_p * len(options))(*options))
        if done:
            log = read("ProgramLog").rstrip(b"\0").decode(errors="replace")
            check(done, f"\n{log[:4000]}")
        return read("PTX" if architecture.startswith("compute") else "CUBIN")
    finally:
        nvrtc.nvrtcDestroyProgram(ctypes.byref(program))


class Kernel:
    """A kernel loaded on one device."""

    def __init__(self, code: bytes, name: str, device: Any) -> None:
        self._driver, self._module, self._function = _driver(), ctypes.c_void_p(), ctypes.c_void_p()
        self.name, self.device = name, device
        self._check(self._driver.cuModuleLoadData(ctypes.byref(self._module), code))
        self._check(self._driver.cuModuleGetFunction(ctypes.byref(self._function), self._module, name.encode()))

    def _check(self, code: int) -> None:
        if code:
            text = ctypes.c_char_p()
            self._driver.cuGetErrorString(code, ctypes.byref(text))
            raise BackendError(f"CUDA, {self.name} on {self.device}: {(text.value or b'unknown error').decode()}")

    def launch(self, parameter: ctypes.Structure, threads: int, block: int) -> None:
        """On the current stream, ``threads`` of them or as many as the device holds at once: the kernel loops."""
        import torch

        properties = torch.cuda.get_device_properties(self.device)
        held = ctypes.c_int()
        self._check(
            self._driver.cuOccupancyMaxActiveBlocksPerMultiprocessor(
                ctypes.byref(held), self._function, block, ctypes.c_size_t(0)
            )
        )
        most = properties.multi_processor_count * min(max(held.value, 1), _BLOCKS_PER_SM)
        grid = min(-(-threads // block), most)
        pointers = (ctypes.c_void_p * 1)(ctypes.addressof(parameter))
        stream = ctypes.c_void_p(torch.cuda.current_stream(self.device).cuda_stream)
        self._check(
            self._driver.cuLaunchKernel(
                self._function, grid, 1, 1, block, 1, 1, 0, stream, pointers, ctypes.c_void_p(None)
            )
        )


_KERNELS: dict[tuple[str, str, int], Kernel] = {}


def kernel(source: str, headers: Mapping[str, str], name: str, device: Any) -> Kernel:
    """The kernel ``name`` of this source on this device, compiled and loaded once. Call it with the device current."""
    import torch

    index = torch.cuda.current_device() if device.index is None else device.index
    key = (source, name, index)
    if key not in _KERNELS:
        torch.cuda.synchronize(device)  # makes the context that the driver loads into
        major, minor = torch.cuda.get_device_capability(device)
        _KERNELS[key] = Kernel(compile_source(source, headers, f"sm_{major}{minor}"), name, device)
    return _KERNELS[key]
