"""The model on a stream: what it carries of each stay, how rows move it, and the risk read from it.

The same equations as `marey.nn.EventEncoder` and `RiskModel`, in NumPy over the same native operations, with the state
handed from call to call. Its size does not depend on how much was seen.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marey.ragged import segment_reduce
from marey.scan import decay_scan
from marey.study.p12.trained import TrainedModel

__all__ = ["State", "advance", "begin", "risk"]

PRIOR, SPAN, SD_FLOOR, CLIP = 0.1, 48.0, 1e-6, 4.0  # those of marey.nn, which needs torch
SLOPE_PRIOR = 30.0 / SPAN**2

Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class State:
    """What is carried of S stays.

    Attributes
    ----------
    time : (S,)
        Hour of the last row, 0 before the first.
    decayed : (S, 2 K V)
        Decayed sums of values and of observations, at `time`.
    sums : (S, 6 V)
        Over all observations: 1, t, t^2, z, z^2, z t.
    high, low, first, last : (S, V)
        0 where nothing was seen.
    newest : (S, V)
        Hour of the last observation.
    context : (S, 2 C)
        Decayed sums of gated features and of gates, at `time`.
    statics : (S, P)
    """

    time: Doubles
    decayed: Doubles
    sums: Doubles
    high: Floats
    low: Floats
    first: Floats
    last: Floats
    newest: Doubles
    context: Doubles
    statics: Floats

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        return {f.name: getattr(self, f.name) for f in fields(self)}


def begin(model: TrainedModel, statics: Floats) -> State:
    """Before the first event of S stays with statics (S, P)."""
    stays, (scales, variables) = len(statics), model.rate.shape
    nothing = np.zeros((stays, variables), np.float32)
    return State(
        time=np.zeros(stays),
        decayed=np.zeros((stays, 2 * scales * variables)),
        sums=np.zeros((stays, 6 * variables)),
        high=nothing,
        low=nothing,
        first=nothing,
        last=nothing,
        newest=np.zeros((stays, variables)),
        context=np.zeros((stays, 2 * len(model.row_rate))),
        statics=statics,
    )


def advance(
    model: TrainedModel, state: State, time: Doubles, x: Floats, seen: NDArray[np.bool_], offsets: NDArray[np.int64]
) -> State:
    """Take in the next rows of each stay: ``offsets[s]`` to ``offsets[s + 1]``, later than what the state has seen."""
    scales, variables = model.rate.shape
    filled = np.flatnonzero(np.diff(offsets))
    begins, ends = offsets[filled], offsets[filled + 1] - 1
    before = np.empty_like(time)
    before[1:] = time[:-1]
    before[begins] = state.time[filled]
    dt = (time - before).astype(np.float32)

    observed = seen.astype(np.float32)
    rate = np.tile(model.rate.ravel(), 2)
    signal = np.concatenate([x] * scales + [observed] * scales, 1)
    h: Any
    decayed: Any  # arrays of one kind, but not of one dtype: a float64 state beside a float32 signal
    h, decayed = decay_scan(signal.T, dt, rate, h0=state.decayed, offsets=offsets)
    half = scales * variables
    total, weight = h.T[:, :variables], h.T[:, half : half + variables]
    encoded = np.stack([time / SPAN, np.log1p(time)], 1).astype(np.float32)
    rows = np.concatenate([total / (weight + np.float32(PRIOR)), np.log1p(weight), encoded], 1)
    rows = np.clip((rows - model.row_centre) / model.row_spread, -CLIP, CLIP)
    value, gate = np.split(rows @ model.row_weight.T + model.row_bias, 2, 1)
    gate = _sigmoid(gate)
    features = np.concatenate([gate * np.tanh(value), gate], 1)
    context: Any
    _, context = decay_scan(features.T, dt, np.tile(model.row_rate, 2), h0=state.context, offsets=offsets)

    z, ones, t = x.astype(np.float64), seen.astype(np.float64), (time / SPAN)[:, None]
    sums = segment_reduce(np.concatenate([ones, ones * t, ones * t * t, z, z * z, z * t], 1), offsets, "sum")
    row = np.arange(len(x), dtype=np.float64)[:, None]
    extremes = np.concatenate([np.where(seen, values, -np.inf) for values in (z, -z, row, -row)], 1)
    high, low, newest, oldest = np.split(segment_reduce(extremes, offsets, "max"), 4, 1)
    had, has = state.sums[:, :variables] > 0, np.isfinite(newest)
    at = np.where(has, newest, 0).astype(np.int64), np.where(has, -oldest, 0).astype(np.int64)
    last, first = (np.take_along_axis(x, rows, 0) if len(x) else state.last for rows in at)
    hours = time[at[0]] if len(x) else state.newest
    after = state.time.copy()
    after[filled] = time[ends]
    return State(
        time=after,
        decayed=decayed,
        sums=state.sums + sums,
        high=np.where(has, np.where(had, np.maximum(state.high, high), high), state.high).astype(np.float32),
        low=np.where(has, np.where(had, np.minimum(state.low, -low), -low), state.low).astype(np.float32),
        first=np.where(has & ~had, first, state.first),
        last=np.where(has, last, state.last),
        newest=np.where(has, hours, state.newest),
        context=context,
        statics=state.statics,
    )


def risk(model: TrainedModel, state: State, hour: Doubles) -> Doubles:
    """Risk of death in hospital of S stays, as known at `hour` (S,), at or after the last row of each."""
    table = np.clip((_table(model, state, hour) - model.centre) / model.spread, -CLIP, CLIP)
    weight, bias = model.units
    u = np.tanh(np.ascontiguousarray(table.transpose(1, 0, 2)) @ weight + bias)  # (V, S, M units)
    variables, members = len(u), len(model.w1)
    u = u.reshape(variables, len(hour), members, -1).transpose(2, 1, 0, 3).reshape(members, len(hour), -1)
    total, weight = np.split(state.context.astype(np.float32), 2, 1)
    shared = np.concatenate([total / (weight + np.float32(PRIOR)), state.statics], 1)
    inputs = np.concatenate([u, np.broadcast_to(shared, (members, *shared.shape))], 2)
    hidden = inputs @ model.w1 + model.b1
    hidden = hidden * _sigmoid(hidden)
    logits = (hidden * model.w2[:, None]).sum(2) + model.b2
    chance: Doubles = _sigmoid(logits.mean(0).astype(np.float64))
    return chance


def _table(model: TrainedModel, state: State, hour: Doubles) -> Floats:
    """(S, V, C) float32: `marey.nn.evidence.Evidence.table`."""
    scales = len(model.rate)
    n, t1, t2, z1, z2, zt = np.split(state.sums, 6, 1)
    known = n > 0
    gap = hour - state.time
    decay = np.exp(-np.tile(model.rate.ravel(), 2) * gap[:, None].astype(np.float32))
    total, weight = np.split(state.decayed.astype(np.float32) * decay, 2, 1)
    some = np.maximum(n, 1)
    mean = z1 / some
    spread = np.maximum(t2 - t1 * t1 / some, 0) + SLOPE_PRIOR
    hours = np.broadcast_to(hour[:, None], n.shape)
    columns = [
        *np.split(total / (weight + np.float32(PRIOR)), scales, 1),
        *np.split(np.log1p(weight), scales, 1),
        z1 / (n + PRIOR),
        np.log1p(n),
        np.sqrt(np.maximum(z2 / some - mean * mean, 0) + SD_FLOOR),
        (zt - t1 * mean) / spread,
        state.high,
        state.low,
        state.first,
        state.last,
        known,
        np.log1p(np.where(known, hour[:, None] - state.newest, hours)),
        np.log1p(hours),
    ]
    return np.stack([c.astype(np.float32) for c in columns], 2)


def _sigmoid(x: NDArray[Any]) -> NDArray[Any]:
    y: NDArray[Any] = 1 / (1 + np.exp(-x))
    return y
