"""What the native libraries ask of the machine: CUDA's libraries only where CUDA's kernels are."""

from __future__ import annotations

import pytest

from marey import BackendError
from marey._runtime import native


def test_the_cpu_operations_need_no_cuda_library() -> None:
    pytest.importorskip("torch")
    binary = native.library("_torch").read_bytes()
    assert b"libtorch_cpu.so" in binary
    for name in (b"libtorch_cuda", b"libcudart", b"libc10_cuda", b"libcuda.so"):
        assert name not in binary


def test_the_cuda_operations_load_and_register_without_a_gpu() -> None:
    torch = pytest.importorskip("torch")
    try:
        native.library("_torch_cuda")
    except BackendError as error:
        pytest.skip(str(error))
    if torch.version.cuda is None:
        pytest.skip("this torch was built without CUDA")
    from marey._runtime import torch_ops

    assert torch_ops.cuda_loaded, torch_ops.why_no_cuda
    for name in ("decay_scan", "decay_scan_backward"):
        assert torch._C._dispatch_has_kernel_for_dispatch_key(f"marey::{name}", "CUDA")
