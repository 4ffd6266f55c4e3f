"""Neural network modules over marey's operations. They need torch."""

from __future__ import annotations

from marey.errors import BackendError

try:
    import torch as _torch  # noqa: F401
except ImportError as error:
    raise BackendError(f"marey.nn needs torch ({error}); install it: pip install 'marey[torch]'") from error

from marey.nn.event_encoder import EventEncoder as EventEncoder
from marey.nn.grud import GRUD as GRUD
from marey.nn.grud import GRUDState as GRUDState
from marey.nn.kalman_smoother import KalmanSmoother as KalmanSmoother
from marey.nn.kalman_smoother import KalmanState as KalmanState
from marey.nn.kalman_smoother import Outputs as Outputs
from marey.nn.keyed_dropout import KeyedDropout as KeyedDropout
from marey.nn.keyed_dropout import keyed_uniform as keyed_uniform
from marey.nn.s5 import S5 as S5
from marey.nn.selective_ssm import SelectiveSSM as SelectiveSSM
from marey.nn.selective_ssm import SelectiveSSMState as SelectiveSSMState
from marey.nn.sos_filter import SOSFilter as SOSFilter

__all__ = [
    "GRUD",
    "S5",
    "EventEncoder",
    "GRUDState",
    "KalmanSmoother",
    "KalmanState",
    "KeyedDropout",
    "Outputs",
    "SOSFilter",
    "SelectiveSSM",
    "SelectiveSSMState",
    "keyed_uniform",
]
