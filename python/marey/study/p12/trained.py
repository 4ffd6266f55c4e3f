"""A trained model as plain arrays in one small file; needs NumPy alone."""

from __future__ import annotations

import io
import json
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from marey.study.p12.files import write_whole
from marey.study.p12.scale import Scale, Statics

if TYPE_CHECKING:
    from marey.study.p12.model import RiskModel
    from marey.study.p12.state import State

__all__ = ["TrainedModel", "inputs_as_json", "inputs_from_json"]

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class TrainedModel:
    """Weights (float32, shapes as in `RiskModel`), and how raw values become its inputs.

    Only the first target's outputs are kept: the auxiliary ones serve training.
    """

    scale: Scale
    statics: Statics
    rate: Floats
    centre: Floats
    spread: Floats
    unit_weight: Floats
    unit_bias: Floats
    row_centre: Floats
    row_spread: Floats
    row_weight: Floats
    row_bias: Floats
    row_rate: Floats
    w1: Floats
    b1: Floats
    w2: Floats
    b2: Floats

    @classmethod
    def of(cls, model: RiskModel, scale: Scale, statics: Statics) -> TrainedModel:
        e = model.encoder
        tensors = {
            "rate": e.log_rate.exp(),
            "centre": e.centre,
            "spread": e.spread,
            "unit_weight": e.unit_weight,
            "unit_bias": e.unit_bias,
            "row_centre": e.row_centre,
            "row_spread": e.row_spread,
            "row_weight": e.row.weight,
            "row_bias": e.row.bias,
            "row_rate": e.row_log_rate.exp(),
            "w1": model.w1,
            "b1": model.b1,
            "w2": model.w2[..., 0],
            "b2": model.b2[..., 0],
        }
        return cls(scale, statics, **{name: t.detach().cpu().numpy().copy() for name, t in tensors.items()})

    @cached_property
    def units(self) -> tuple[Floats, Floats]:
        """Weights (V, C, M units) and biases (V, 1, M units) of all members: one matrix product a variable."""
        by_variable = (a.transpose(1, 2, 0, 3) for a in (self.unit_weight, self.unit_bias))
        weight, bias = (np.ascontiguousarray(a.reshape(*a.shape[:2], -1)) for a in by_variable)
        return weight, bias

    def save(self, path: Path) -> None:
        """One uncompressed ``.npz``; equal models give equal files."""
        write_whole(path, self.to_bytes())

    def to_bytes(self) -> bytes:
        arrays = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("scale", "statics")}
        text = inputs_as_json(self.scale, self.statics).encode()
        buffer = io.BytesIO()
        np.savez(buffer, inputs=np.frombuffer(text, np.uint8), **arrays)
        return buffer.getvalue()

    @classmethod
    def load(cls, path: Path) -> TrainedModel:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        return cls(*inputs_from_json(json.loads(arrays.pop("inputs").tobytes())), **arrays)

    def begin(self, statics: Floats) -> State:
        """See `marey.study.p12.state.begin`."""
        from marey.study.p12 import state

        return state.begin(self, statics)

    def advance(self, state: State, *rows: Any) -> State:
        """See `marey.study.p12.state.advance`."""
        from marey.study.p12.state import advance

        return advance(self, state, *rows)

    def risk(self, state: State, hour: NDArray[np.float64]) -> NDArray[np.float64]:
        """See `marey.study.p12.state.risk`."""
        from marey.study.p12.state import risk

        return risk(self, state, hour)


def inputs_as_json(scale: Scale, statics: Statics) -> str:
    """How raw values become inputs, as text."""
    parts: dict[str, Any] = {"scale": scale, "statics": statics}
    inputs = {name: {k: _plain(v) for k, v in asdict(part).items()} for name, part in parts.items()}
    return json.dumps(inputs, ensure_ascii=True, allow_nan=True)


def inputs_from_json(inputs: dict[str, Any]) -> tuple[Scale, Statics]:
    """The same again."""
    scale, statics = dict(inputs["scale"]), inputs["statics"]
    return (
        Scale(
            vocab=tuple(scale.pop("vocab")),
            log=np.array(scale.pop("log"), bool),
            **{name: np.array(values, np.float64) for name, values in scale.items()},
        ),
        Statics(
            numeric=tuple(statics["numeric"]),
            mean=np.array(statics["mean"], np.float64),
            sd=np.array(statics["sd"], np.float64),
            categories={name: tuple(values) for name, values in statics["categories"].items()},
        ),
    )


def _plain(value: object) -> object:
    return value.tolist() if isinstance(value, np.ndarray) else value
