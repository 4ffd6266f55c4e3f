"""Triton kernels where there is no GPU: run under the interpreter, compiled to PTX."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

INTERPRETED = os.environ.get("TRITON_INTERPRET") == "1"


def run_interpreted(test_file: str) -> None:
    """Runs the tests of a file in a process of its own: Triton reads the variable when it is imported."""
    pytest.importorskip("triton")
    environment = {**os.environ, "TRITON_INTERPRET": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test_file]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def compile_for_hopper(kernel: Any, types: dict[str, str], constants: dict[str, Any]) -> str:
    """The PTX of a kernel with these argument types and constants."""
    import triton
    from triton.backends.compiler import GPUTarget

    signature = {name: types.get(name, "constexpr") for name in kernel.arg_names}
    source = triton.compiler.ASTSource(fn=kernel, signature=signature, constexprs=constants)
    options = {"enable_fp_fusion": True}
    compiled = triton.compile(source, target=GPUTarget("cuda", 90, 32), options=options)
    return str(compiled.asm["ptx"])
