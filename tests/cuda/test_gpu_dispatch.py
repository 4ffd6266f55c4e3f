"""Which operators a call on CUDA tensors reaches, and that each has a CUDA kernel: no GPU needed.

Tensors are fake: they have a device, shapes and dtypes, but no memory. What a kernel computes is shown elsewhere.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from marey._runtime.contract import outputs
from marey._runtime.specs import OpSpec, all_specs

torch = pytest.importorskip("torch")
if torch.version.cuda is None:
    pytest.skip("this torch was built without CUDA", allow_module_level=True)
from marey._runtime import torch_ops  # noqa: E402

if not torch_ops.cuda_loaded:
    pytest.skip(torch_ops.why_no_cuda, allow_module_level=True)

from torch._subclasses.fake_tensor import FakeTensorMode  # noqa: E402
from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402


class Reached(TorchDispatchMode):
    """Names of the marey operators that are called."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func.namespace == "marey":
            self.names.add(func._schema.name)
        return func(*args, **(kwargs or {}))


def reached(spec: OpSpec, inputs: dict[str, Any]) -> set[str]:
    with FakeTensorMode(), Reached() as mode:
        tensors = {}
        for name, value in inputs.items():
            if isinstance(value, np.ndarray):
                tensors[name] = torch.empty(value.shape, dtype=torch.tensor(value[:0]).dtype, device="cuda")
        found = outputs(spec.function(**{**inputs, **tensors}))
        assert all(out.is_cuda for out in found if out is not None)
    return mode.names


has = torch._C._dispatch_has_kernel_for_dispatch_key
SPECS = [pytest.param(spec, id=spec.name) for spec in all_specs() if "cuda" in spec.backends]


@pytest.mark.parametrize("spec", SPECS)
def test_every_operator_that_a_gpu_call_reaches_has_a_cuda_kernel(spec):
    names = set()
    for case in spec.cases:
        if case.tags & {"grad", "odd", "chunks"}:
            names |= reached(spec, case.inputs("float64"))
    # Backward cannot run here: autograd asks the driver for a device. Its operators are known by name.
    names |= {f"{name}_backward" for name in names if hasattr(torch.ops.marey, f"{name[7:]}_backward")}
    for name in names:
        # Explicit: of other operators, which have their own line here.
        assert has(name, "CUDA") or has(name, "CompositeExplicitAutograd"), f"{name} has no CUDA kernel"
