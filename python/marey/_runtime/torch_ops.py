"""Loads the torch operations and registers their fake kernels and gradients. Importing this module does it.

It is imported at the first call with a tensor, which may be inside ``torch.compile``'s trace: Dynamo runs imports as it
traces, so the operations exist before it meets them.
"""

from __future__ import annotations

import torch

from marey._runtime import native, specs
from marey.errors import BackendError

__all__ = ["cuda_loaded", "why_no_cuda"]

torch.ops.load_library(str(native.library("_torch")))

cuda_loaded = False
why_no_cuda = "this torch was built without CUDA"
if torch.version.cuda is not None:
    try:
        # The library needs libtorch_cuda alone: it loads, and compiles graphs, on a machine without a GPU too.
        torch.ops.load_library(str(native.library("_torch_cuda")))
        cuda_loaded, why_no_cuda = True, ""
    except (BackendError, OSError) as error:
        why_no_cuda = str(error)

specs.on_registration(lambda spec: spec.register_torch() if spec.register_torch else None)
