"""matrix_profile as an operator of torch: on the CPU the NumPy kernel on the tensors' own memory, on a GPU CUDA's."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from marey._runtime import native, torch_ops
from marey.errors import BackendError

__all__ = ["run"]


# Whole numbers as `int`: the CUDA kernel's stable ABI knows no symbolic ones.
@torch.library.custom_op(
    "marey::matrix_profile",
    mutates_args=(),
    device_types="cpu",
    schema="(Tensor t, Tensor? other, Tensor? lengths, int m, int k, int exclusion)"
    " -> (Tensor, Tensor, Tensor, Tensor, Tensor, Tensor)",
)
def _matrix_profile(
    t: Tensor, other: Tensor | None, lengths: Tensor | None, m: int, k: int, exclusion: int
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    arrays = [None if a is None else a.detach().contiguous().numpy() for a in (t, other, lengths)]
    found = native.core().matrix_profile(*arrays, m, k, exclusion)
    return tuple(torch.from_numpy(array) for array in found)


@_matrix_profile.register_fake
def _(t: Any, other: Any, lengths: Any, m: int, k: int, exclusion: int) -> Any:
    batch, windows = t.shape[0], t.shape[1] - m + 1
    sided = batch if other is None else 0
    shapes = ((batch, windows, k), (sided, windows), (sided, windows))
    return tuple(t.new_empty(shape, dtype=dtype) for shape in shapes for dtype in (torch.float64, torch.int64))


def run(t: Any, other: Any, lengths: Any, m: int, k: int, exclusion: int) -> Any:
    """The operator; (B, n) float64 tensors."""
    if t.is_cuda:
        if k != 1:
            raise ValueError(f"`k` is {k}; expected 1 for tensors on a GPU")
        if not torch_ops.cuda_loaded:
            raise BackendError(f"matrix_profile on a GPU needs marey's CUDA kernels: {torch_ops.why_no_cuda}")
        t, other, lengths = (None if a is None else a.contiguous() for a in (t, other, lengths))
    return torch.ops.marey.matrix_profile(t, other, lengths, m, k, exclusion)
