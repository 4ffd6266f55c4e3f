"""linear_recurrence's CUDA kernels, the sources themselves, on an emulated device (emulator/cuda_runtime.h).

This shows the arithmetic, the indices and the order of what waits for what. It shows nothing about speed, and the
memory model is the CPU's.
"""

from __future__ import annotations

import ctypes
import math
import shutil

import numpy as np
import pytest
from emulated import ROOT, Guarded, compile_library
from hypothesis import given, settings
from hypothesis import strategies as st

from marey.reference.linear_recurrence import linear_recurrence as reference
from marey.scan.linear_recurrence import SPEC

pytestmark = pytest.mark.skipif(shutil.which("c++") is None and shutil.which("g++") is None, reason="no C++ compiler")

CASES = [
    pytest.param(case, id=case.name)
    for case in SPEC.cases
    if not case.tags & {"bench", "threads"} and "complex" not in case.name
]
TYPES = {("float32", "float32"): 0, ("float32", "float64"): 1, ("float64", "float64"): 2, ("bfloat16", "float32"): 3}
# The state is float64 or, between the spans of the chain, a composition of float64 links; then rounded once.
CLOSE = {
    "float64": {"rtol": 1e-12, "atol": 1e-12},
    "float32": {"rtol": 2e-7, "atol": 2e-7},
    "bfloat16": {"rtol": 4e-3, "atol": 1e-6},
}


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    source = ROOT / "tests/cuda/emulated_linear_recurrence.cpp"
    loaded = compile_library(source, tmp_path_factory.mktemp("emulated"))
    loaded.emulated_to_bfloat16.restype = ctypes.c_uint16
    loaded.emulated_from_bfloat16.restype = ctypes.c_float
    return loaded


def to_bits(array: np.ndarray) -> np.ndarray:
    """bfloat16, rounded to nearest even, as the upper half of a float's bits."""
    whole = np.ascontiguousarray(array, np.float32).view(np.uint32)
    rounded = ((whole + 0x7FFF + ((whole >> 16) & 1)) >> 16).astype(np.uint16)
    return np.where(np.isnan(array), np.uint16(0x7FC0), rounded)


def from_bits(bits: np.ndarray) -> np.ndarray:
    return (bits.astype(np.uint32) << 16).view(np.float32)


class Device:
    """The operation as the torch binding calls it, on (B, D, T) arrays; ``a`` has every step."""

    def __init__(self, library: ctypes.CDLL, *, channels_last: bool = False, seed: int = 0, resident: int = 3) -> None:
        self.library, self.channels_last, self.seed, self.resident = library, channels_last, seed, resident

    def laid(self, array: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(array.swapaxes(-1, -2) if self.channels_last else array)

    def back(self, array: np.ndarray) -> np.ndarray:
        return array.swapaxes(-1, -2) if self.channels_last else array

    def forward(self, a, x, *, h0=None, reset=None, reverse=False, bfloat16=False):
        dtype, state = ("bfloat16", np.dtype(np.float32)) if bfloat16 else (str(x.dtype), x.dtype)
        state = state if h0 is None else h0.dtype
        a, x = self.laid(a), self.laid(x)
        if bfloat16:
            a, x = to_bits(a), to_bits(x)
        h, hT = Guarded(x.shape, x.dtype), Guarded(self.states(x), state)
        self.call(0, TYPES[dtype, str(state)], x, reset, reverse, [a, x, h0, h.array, hT.array])
        values = h.taken()
        return self.back(from_bits(values) if bfloat16 else values), hT.taken()

    def backward(self, grad_h, grad_hT, h, a, *, h0=None, reset=None, reverse=False, bfloat16=False):
        grad_h, h, a = self.laid(grad_h), self.laid(h), self.laid(a)
        dtype = "bfloat16" if bfloat16 else str(h.dtype)
        if bfloat16:
            grad_h, h, a = to_bits(grad_h), to_bits(h), to_bits(a)
        outs = [Guarded(h.shape, h.dtype), Guarded(h.shape, h.dtype), Guarded(self.states(h), grad_hT.dtype)]
        arrays = [grad_h, h, a, h0, grad_hT, *(out.array for out in outs)]
        self.call(1, TYPES[dtype, str(grad_hT.dtype)], h, reset, reverse, arrays)
        grad_a, grad_x, grad_h0 = (out.taken() for out in outs)
        if bfloat16:
            grad_a, grad_x = from_bits(grad_a), from_bits(grad_x)
        return self.back(grad_a), self.back(grad_x), grad_h0

    def states(self, x: np.ndarray) -> tuple[int, int]:
        return x.shape[0], x.shape[2] if self.channels_last else x.shape[1]

    def call(self, is_backward, types, x, reset, reverse, arrays):
        batch, channels = self.states(x)
        per_channel = reset is not None and reset.ndim == 3
        if reset is not None:
            reset = self.laid(reset) if per_channel else np.ascontiguousarray(reset)
        length = x.shape[1 if self.channels_last else 2]
        sizes = np.array([batch, channels, length, reverse, self.channels_last, per_channel], np.int64)
        held = [None if a is None else np.ascontiguousarray(a) for a in arrays]
        pointers = (ctypes.c_void_p * len(held))(*[None if a is None else a.ctypes.data for a in held])
        status = self.library.emulated_linear_recurrence(
            is_backward, types, sizes.ctypes.data_as(ctypes.c_void_p),
            None if reset is None else reset.ctypes.data_as(ctypes.c_void_p), pointers, ctypes.c_uint(self.seed),
            self.resident,
        )  # fmt: skip
        assert status == 0, f"cudaError {status}"


def adjoint(grad_h, grad_hT, h, a, *, h0=None, reset=None, reverse=False):
    """The gradient as autodiff would take it, one step at a time: of a, x and h0."""
    grad_h, c, h, a = (np.asarray(array, np.float64) for array in (grad_h, grad_hT, h, a))
    grad_a, grad_x = np.zeros(h.shape), np.zeros(h.shape)
    h0 = np.zeros(c.shape) if h0 is None else np.asarray(h0, np.float64)
    cut = (
        np.zeros(h.shape, bool)
        if reset is None
        else np.broadcast_to(reset if reset.ndim == 3 else reset[:, None], h.shape)
    )
    order = list(range(h.shape[-1]))[:: -1 if reverse else 1]
    for i in reversed(range(len(order))):
        t = order[i]
        g = grad_h[..., t] + c
        grad_x[..., t] = g
        grad_a[..., t] = np.where(cut[..., t], 0.0, g * (h[..., order[i - 1]] if i else h0))
        c = np.where(cut[..., t], 0.0, a[..., t] * g)
    return grad_a, grad_x, c


def flat(inputs):
    """The spec's inputs with exactly one batch axis, and `a` whole."""
    x, a = inputs["x"], inputs["a"]
    a = np.broadcast_to(a[:, None] if a.ndim == 1 else a, x.shape)
    batch = math.prod(x.shape[:-2])
    made = {"a": a.reshape(batch, *x.shape[-2:]), "x": x.reshape(batch, *x.shape[-2:])}
    if "h0" in inputs:
        made["h0"] = inputs["h0"].reshape(batch, x.shape[-2])
    if "reset" in inputs:
        reset = inputs["reset"]
        made["reset"] = reset.reshape(batch, *(x.shape[-2:] if reset.ndim == x.ndim else x.shape[-1:]))
    return made | {"reverse": bool(inputs.get("reverse"))}


def check(device: Device, inputs, dtype: str) -> None:
    inputs = flat(inputs)
    h, hT = device.forward(**inputs)
    expected, expected_hT = reference(**inputs)
    np.testing.assert_allclose(h, expected, **CLOSE[dtype])
    np.testing.assert_allclose(hT, expected_hT, **CLOSE[dtype])
    rng = np.random.default_rng(7)
    grad_h, grad_hT = rng.normal(size=h.shape).astype(dtype), rng.normal(size=hT.shape).astype(dtype)
    rest = {name: inputs[name] for name in ("h0", "reset", "reverse") if name in inputs}
    actual = device.backward(grad_h, grad_hT, h, inputs["a"], **rest)
    wanted = adjoint(grad_h, grad_hT, h, inputs["a"], **rest)
    for name, got, want in zip(("a", "x", "h0"), actual, wanted, strict=True):
        scale = 1.0 + np.nanmax(np.abs(want), initial=0.0)
        np.testing.assert_allclose(
            got, want, rtol=10 * CLOSE[dtype]["rtol"], atol=CLOSE[dtype]["atol"] * scale, err_msg=name
        )


@pytest.mark.parametrize("channels_last", [False, True], ids=["time last", "channels last"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("case", CASES)
def test_every_case_of_the_spec(library, case, dtype, channels_last):
    check(Device(library, channels_last=channels_last), case.inputs(dtype), dtype)


@settings(max_examples=25, deadline=None)
@given(
    batch=st.integers(1, 6),
    channels=st.integers(1, 19),
    length=st.integers(1, 5) | st.integers(1, 1200),
    dtype=st.sampled_from(["float64", "float32"]),
    reset=st.sampled_from(["", "shared", "own"]),
    state=st.booleans(),
    reverse=st.booleans(),
    channels_last=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_series_of_any_length(library, batch, channels, length, dtype, reset, state, reverse, channels_last, seed):
    rng = np.random.default_rng(seed)
    shape = (batch, channels, length)
    inputs = {
        "a": rng.uniform(-0.99, 0.99, shape).astype(dtype),
        "x": rng.normal(size=shape).astype(dtype),
        "reverse": reverse,
    }
    if state:
        inputs["h0"] = rng.normal(size=shape[:2]).astype(dtype)
    if reset:
        inputs["reset"] = rng.random(shape if reset == "own" else (batch, length)) < 0.05
    check(Device(library, channels_last=channels_last, seed=seed), inputs, dtype)


def test_look_back_over_more_groups_than_a_warp_has_lanes(library):
    """35 groups of 32 tiles in one chain, a state that lives through all of them, and bits that no timing changes."""
    rng = np.random.default_rng(0)
    shape = (1, 1, 35 * 32 * 256)
    a, x, h0 = np.full(shape, 1 - 1e-5), rng.normal(size=shape), np.full((1, 1), 100.0)
    first = Device(library, seed=1, resident=2).forward(a, x, h0=h0)
    # Half an ulp of a state near 500 in each of the last 100,000 steps that it remembers.
    np.testing.assert_allclose(first[0], reference(a, x, h0=h0)[0], rtol=0, atol=1e-9)
    for seed, resident in ((2, 6), (3, 1)):
        again = Device(library, seed=seed, resident=resident).forward(a, x, h0=h0)
        for one, other in zip(again, first, strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("reverse", [False, True])
def test_a_reset_stops_a_nan_in_any_tile(library, reverse):
    rng = np.random.default_rng(2)
    a, x = rng.uniform(-0.9, 0.9, (2, 3, 3000)), rng.normal(size=(2, 3, 3000))
    reset = np.zeros((2, 3000), bool)
    reset[:, [700, 2100]] = True
    a[:, :, [700, 2100]] = np.nan
    x[1, 2, 1400] = np.nan
    h, _ = Device(library).forward(a, x, reset=reset, reverse=reverse)
    wrong = np.zeros(h.shape, bool)
    wrong[1, 2, slice(701, 1401) if reverse else slice(1400, 2100)] = True
    np.testing.assert_array_equal(np.isnan(h), wrong)


def test_growth_of_nothing_is_nothing(library):
    """Coefficients above one over a long silence overflow every product, and must not touch a zero state."""
    a, x = np.full((1, 2, 5000), -1e3), np.zeros((1, 2, 5000))
    x[..., -1] = 3.0
    h, hT = Device(library).forward(a, x)
    np.testing.assert_array_equal(h[..., :-1], 0.0)
    np.testing.assert_array_equal(hT, 3.0)


@pytest.mark.parametrize("channels_last", [False, True])
def test_bfloat16_is_rounded_once_a_step_and_never_in_the_state(library, channels_last):
    rng = np.random.default_rng(3)
    a, x = (from_bits(to_bits(v)) for v in (rng.uniform(0.9, 0.999, (2, 9, 2000)), rng.normal(size=(2, 9, 2000))))
    h0 = rng.normal(size=(2, 9)).astype(np.float32)
    device = Device(library, channels_last=channels_last)
    h, hT = device.forward(a, x, h0=h0, bfloat16=True)
    expected, expected_hT = reference(a, x, h0=h0)
    # Eight significant bits: rounding moves a number by up to 2^-8 of itself.
    np.testing.assert_allclose(h, expected, rtol=2**-8 + 1e-6, atol=1e-9)
    np.testing.assert_allclose(hT, expected_hT, rtol=1e-6, atol=1e-6)

    grad_h = from_bits(to_bits(rng.normal(size=h.shape)))
    grad_hT = rng.normal(size=hT.shape).astype(np.float32)
    actual = device.backward(grad_h, grad_hT, h, a, h0=h0, bfloat16=True)
    for got, want in zip(actual, adjoint(grad_h, grad_hT, h, a, h0=h0), strict=True):
        np.testing.assert_allclose(got, want, rtol=2**-8 + 1e-6, atol=1e-6)


@settings(max_examples=300, deadline=None)
@given(value=st.floats(width=32))
def test_the_rounding_to_bfloat16_is_to_nearest_even(library, value):
    bits = library.emulated_to_bfloat16(ctypes.c_float(value))
    if math.isnan(value):
        assert math.isnan(library.emulated_from_bfloat16(ctypes.c_uint16(bits)))
    else:
        assert bits == int(to_bits(np.array([value], np.float32))[0])
