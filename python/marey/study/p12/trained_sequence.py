"""A trained sequence model: one small file, and the same passes on a stream as `TrainedModel` has. Runs on torch."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from marey.study.p12.files import write_whole
from marey.study.p12.scale import Scale, Statics
from marey.study.p12.sequence import SequenceConfig, SequenceModel, _gaps
from marey.study.p12.trained import inputs_as_json, inputs_from_json

__all__ = ["SequenceState", "TrainedSequence"]


class SequenceState:
    """What is carried of S stays: the hour of the last row, what was known at admission, and the encoder's arrays."""

    def __init__(self, time: NDArray[Any], statics: NDArray[Any], **carried: NDArray[Any]) -> None:
        self.time, self.statics = time, statics
        self.carried = tuple(carried[f"carried{i}"] for i in range(len(carried)))

    def arrays(self) -> dict[str, NDArray[Any]]:
        named = {f"carried{i}": array for i, array in enumerate(self.carried)}
        return {"time": self.time, "statics": self.statics, **named}


class TrainedSequence:
    """A `SequenceModel` with how raw values become its inputs; the first target's outputs alone."""

    def __init__(self, kind: str, sizes: SequenceConfig, scale: Scale, statics: Statics, weights: Any) -> None:
        self.kind, self.sizes, self.scale, self.statics = kind, sizes, scale, statics
        self.network = SequenceModel(kind, len(scale.vocab), statics.width, 1, sizes)
        self.network.load_state_dict({name: torch.as_tensor(array) for name, array in weights.items()})
        self.network.eval()

    @classmethod
    def of(cls, model: SequenceModel, sizes: SequenceConfig, scale: Scale, statics: Statics) -> TrainedSequence:
        weights = {name: tensor.detach().cpu().clone() for name, tensor in model.state_dict().items()}
        weights["w2"], weights["b2"] = weights["w2"][:, :1], weights["b2"][:1]
        return cls(model.kind, sizes, scale, statics, weights)

    def save(self, path: Path) -> None:
        """One uncompressed ``.npz``; equal models give equal files."""
        text = json.loads(inputs_as_json(self.scale, self.statics))
        text |= {"model": self.kind, "sizes": asdict(self.sizes)}
        inputs = np.frombuffer(json.dumps(text, ensure_ascii=True, allow_nan=True).encode(), np.uint8)
        buffer = io.BytesIO()
        weights = {name: tensor.numpy() for name, tensor in self.network.state_dict().items()}
        np.savez(buffer, allow_pickle=False, inputs=inputs, **weights)
        write_whole(path, buffer.getvalue())

    @classmethod
    def load(cls, path: Path) -> TrainedSequence:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        text = json.loads(arrays.pop("inputs").tobytes())
        scale, statics = inputs_from_json(text)
        return cls(text["model"], SequenceConfig(**text["sizes"]), scale, statics, arrays)

    def begin(self, statics: NDArray[np.float32]) -> SequenceState:
        """Before the first event of S stays with statics (S, P)."""
        stays = len(statics)
        return _state(np.zeros(stays), statics, self.network.encoder.begin(stays))

    def advance(
        self,
        state: SequenceState,
        time: NDArray[np.float64],
        x: NDArray[np.float32],
        seen: NDArray[np.bool_],
        offsets: NDArray[np.int64],
    ) -> SequenceState:
        """Take in the next rows of each stay, later than what the state has seen."""
        _, carried = self._run(state, time, x, seen, offsets)
        after = state.time.copy()
        filled = np.flatnonzero(np.diff(offsets))
        after[filled] = time[offsets[filled + 1] - 1]
        return _state(after, state.statics, carried)

    def risk(self, state: SequenceState, hour: NDArray[np.float64]) -> NDArray[np.float64]:
        """Risk of S stays as known at `hour` (S,), at or after the last row of each: the state is brought there."""
        stays, variables = len(hour), len(self.scale.vocab)
        nothing = np.zeros((stays, variables), np.float32)
        last, _ = self._run(state, hour, nothing, nothing > 0, np.arange(stays + 1))
        with torch.no_grad():
            logit = self.network.head(last, torch.from_numpy(hour), torch.from_numpy(state.statics))[:, 0]
        return np.asarray(torch.sigmoid(logit.double()).numpy())

    @torch.no_grad()
    def _run(
        self, state: SequenceState, time: Any, x: Any, seen: Any, offsets: Any
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        rows = [torch.from_numpy(np.ascontiguousarray(a)) for a in (x, seen, time, offsets, state.time)]
        x, seen, time, offsets, since = rows
        dt = _gaps(time, offsets, since).to(x.dtype)
        carried = tuple(torch.from_numpy(a) for a in state.carried)
        last, after = self.network.encoder(x, seen, time, dt, offsets, carried)
        return last, after


def _state(time: NDArray[Any], statics: NDArray[Any], carried: tuple[Tensor, ...]) -> SequenceState:
    named: Mapping[str, Any] = {f"carried{i}": tensor.numpy() for i, tensor in enumerate(carried)}
    return SequenceState(time, statics, **named)
