"""Run by torchrun: each process takes its half of the batch; rank 0 compares with the whole."""

from __future__ import annotations

import torch
from modules import EXAMPLES, loss, seeded
from torch import distributed
from torch.nn.parallel import DistributedDataParallel

distributed.init_process_group("gloo")
rank, size = distributed.get_rank(), distributed.get_world_size()
torch.set_num_threads(1)
for name, example in EXAMPLES.items():
    whole = seeded(example)
    loss(example, whole, example.inputs()).backward()
    parallel = DistributedDataParallel(seeded(example))
    loss(example, parallel, tuple(a.chunk(size)[rank] for a in example.inputs())).backward()
    for one, two in zip(whole.parameters(), parallel.parameters(), strict=True):
        assert one.grad is not None
        torch.testing.assert_close(two.grad, one.grad, rtol=1e-4, atol=1e-5)
    if rank == 0:
        print(name, "equal", flush=True)
distributed.destroy_process_group()
