"""Neural network modules over marey's operations. They need torch."""

from __future__ import annotations

from marey.errors import BackendError

try:
    import torch as _torch  # noqa: F401
except ImportError as error:
    raise BackendError(f"marey.nn needs torch ({error}); install it: pip install 'marey[torch]'") from error

from marey.nn.event_encoder import EventEncoder as EventEncoder
from marey.nn.keyed_dropout import KeyedDropout as KeyedDropout
from marey.nn.keyed_dropout import keyed_uniform as keyed_uniform

__all__ = ["EventEncoder", "KeyedDropout", "keyed_uniform"]
