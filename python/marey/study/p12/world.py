"""The processes of one training run: alone, or started by torchrun."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["World", "world"]


@dataclass(frozen=True)
class World:
    """Who takes part. Rank 0 alone writes files and prints.

    Attributes
    ----------
    rank, size : int
    device : torch.device
    """

    rank: int
    size: int
    device: torch.device

    @property
    def first(self) -> bool:
        return self.rank == 0

    def sum(self, tensor: Tensor) -> Tensor:
        """Over all processes, in place; the same bits on each of them."""
        if self.size > 1:
            torch.distributed.all_reduce(tensor)
        return tensor

    def sum_gradients(self, parameters: Iterable[Tensor]) -> None:
        """One message for all of them."""
        if self.size == 1:
            return
        gradients = [p.grad for p in parameters if p.grad is not None]
        flat = self.sum(torch.cat([g.flatten() for g in gradients]))
        for gradient, part in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
            gradient.copy_(part.view_as(gradient))

    def wait(self) -> None:
        """Until every process is here."""
        if self.size > 1:
            torch.distributed.barrier()


@contextmanager
def world(device: str = "cpu") -> Iterator[World]:
    """The processes that torchrun started, joined by gloo on the CPU and NCCL on GPUs; otherwise this one alone."""
    size, rank = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("RANK", "0"))
    place = torch.device(device)
    if place.type == "cuda":
        if not torch.cuda.is_available():
            from marey.errors import BackendError

            raise BackendError("`device` is 'cuda' and torch sees no CUDA GPU here; use --device cpu")
        place = torch.device("cuda", place.index or int(os.environ.get("LOCAL_RANK", "0")))
        torch.cuda.set_device(place)
    if size == 1:
        yield World(0, 1, place)
        return
    torch.distributed.init_process_group("nccl" if place.type == "cuda" else "gloo")
    try:
        yield World(rank, size, place)
    finally:
        torch.distributed.destroy_process_group()
