"""The GPU solver's kernel compiled by the host's C++ compiler and run by threads, each one of the kernel's."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from marey.ode import _cuda

COMPILER = shutil.which("c++") or shutil.which("g++")
THREADS = 5  # more than a test has cores, and no divisor of its problems

_DEVICE = """#include <cmath>
#define __device__
#define __global__
#define __forceinline__ inline
#define __noinline__ __attribute__((noinline))
#define __launch_bounds__(threads)
#define __grid_constant__
using std::fabs, std::fma, std::sqrt, std::log, std::exp;
inline unsigned long long atomicAdd(unsigned long long* at, unsigned long long much) {
  return __atomic_fetch_add(at, much, __ATOMIC_RELAXED);
}
"""


class Host:
    """Stands for `marey.ode._cuda.launch`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.kernels = folder, dict[str, Any]()
        for name, text in _cuda.headers().items():
            (folder / name).write_text(text)

    def kernel(self, text: str) -> Any:
        if text not in self.kernels:
            source = self.folder / f"kernel{len(self.kernels)}.cpp"
            source.write_text(_DEVICE + text)
            library = source.with_suffix(".so")
            flags = ["-std=c++17", "-O1", "-shared", "-fPIC"]
            flags += ["-Wall", "-Werror", "-Wno-unknown-pragmas", "-Wno-unused-function"]
            flags += ["-fsanitize=undefined", "-fno-sanitize-recover=all"]  # bounds of the arrays too
            subprocess.run([str(COMPILER), *flags, "-o", str(library), str(source)], check=True)
            function = ctypes.CDLL(str(library)).solve
            function.argtypes, function.restype = [_cuda.Problems], None
            self.kernels[text] = function
        return self.kernels[text]

    def __call__(self, text: str, problems: _cuda.Problems, device: Any) -> None:
        kernel = self.kernel(text)
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(kernel, [problems] * THREADS))
