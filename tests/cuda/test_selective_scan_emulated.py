"""selective_scan's CUDA kernels, the sources themselves, on an emulated device (emulator/cuda_runtime.h).

This shows the arithmetic, the indices and the order of what waits for what; the oracle is the operation on the CPU,
which the contract holds against the reference. It shows nothing about speed.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from emulated import ROOT, Guarded
from hypothesis import given, settings
from hypothesis import strategies as st

from marey.scan import selective_scan

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.skipif(shutil.which("c++") is None, reason="no C++ compiler")

SIGNALS = ("u", "delta", "A", "B", "C", "D", "z", "delta_bias", "h0", "dt_scale")
TYPES = {"float32": 0, "float64": 1, "float16": 2, "bfloat16": 3}
PARAMETERS = ("A", "D", "delta_bias", "h0", "dt_scale")
CHUNK = 256
ENOUGH_BLOCKS = 528  # that a device is taken to hold


def rounded(array: np.ndarray, dtype: str) -> np.ndarray:
    """As the device holds it: bfloat16 as its 16 bits."""
    if dtype != "bfloat16":
        return array.astype(dtype)
    return torch.tensor(array).to(torch.bfloat16).view(torch.int16).numpy()


def widened(array: np.ndarray, dtype: str) -> np.ndarray:
    if dtype != "bfloat16":
        return array.astype(np.float64)
    return torch.tensor(array).view(torch.bfloat16).double().numpy()


class Device:
    """The operation as the torch binding calls it."""

    def __init__(self, folder: Path) -> None:
        library = folder / "emulated_selective_scan.so"
        include = [f"-I{ROOT / path}" for path in ("tests/cuda/emulator", "cuda/include", "csrc/include")]
        flags = ["-std=c++20", "-O2", "-shared", "-fPIC", "-pthread", "-Wall", "-Wno-unknown-pragmas"]
        source = str(ROOT / "tests/cuda/emulated_selective_scan.cpp")
        subprocess.run(["c++", *flags, *include, "-o", str(library), source], check=True)
        self.library = ctypes.CDLL(str(library))

    def plan(self, *sizes: int, backward: bool, enough_blocks: int = ENOUGH_BLOCKS) -> tuple[int, int, int]:
        """Warps, rounds and segments for series, channels, length, states, groups."""
        plan = np.zeros(3, np.int64)
        given_ = np.array(sizes, np.int64)
        self.library.emulated_selective_plan(
            ctypes.c_void_p(given_.ctypes.data),
            int(backward),
            ctypes.c_void_p(plan.ctypes.data),
            ctypes.c_int64(enough_blocks),
        )
        return tuple(int(n) for n in plan)

    def run(
        self, inputs: dict[str, Any], dtype: str, grads: tuple[np.ndarray, np.ndarray], *, channels_last: bool = False,
        seed: int = 0, resident: int = 2, enough_blocks: int = ENOUGH_BLOCKS,
    ) -> tuple[np.ndarray, ...]:  # fmt: skip
        """Output, last state and the gradients of the arguments that there are, in float64."""
        state = "float64" if dtype == "float64" else "float32"
        varies = [inputs[n].ndim == 4 for n in ("B", "C")]
        batch, channels, length = inputs["u"].shape
        states = inputs["A"].shape[1]
        groups = next((inputs[n].shape[1] for n in ("B", "C") if inputs[n].ndim == 4), 1)

        def laid(a: np.ndarray) -> np.ndarray:
            return a.swapaxes(-1, -2) if channels_last and a.ndim > 2 else a

        def held(name: str, a: np.ndarray) -> np.ndarray:
            return np.ascontiguousarray(a if name in PARAMETERS else laid(a))

        def stored(name: str, a: np.ndarray) -> np.ndarray:
            return held(name, a.astype(state) if name in PARAMETERS else rounded(a, dtype))

        arrays = [None if inputs.get(n) is None else stored(n, inputs[n]) for n in SIGNALS]
        word = np.int16 if dtype == "bfloat16" else np.dtype(dtype)
        out = Guarded(arrays[0].shape, word) if word != np.int16 else np.zeros(arrays[0].shape, word)
        hT = Guarded((batch, channels, states), np.dtype(state))
        kept = Guarded((batch, -(-length // CHUNK), states, channels), np.dtype(state))
        sizes = np.array(
            [batch, channels, length, states, groups, *varies, inputs["delta_softplus"], channels_last], np.int64
        )
        reset = None if inputs.get("reset") is None else np.ascontiguousarray(inputs["reset"])

        def call(backward: bool, pointers: list[Any]) -> None:
            addresses = (ctypes.c_void_p * len(pointers))(*[None if a is None else a.ctypes.data for a in pointers])
            status = self.library.emulated_selective_scan(
                int(backward), TYPES[dtype], ctypes.c_void_p(sizes.ctypes.data),
                ctypes.c_void_p(None if reset is None else reset.ctypes.data), addresses, ctypes.c_uint(seed), resident,
                ctypes.c_int64(enough_blocks),
            )  # fmt: skip
            assert status == 0, f"cudaError {status}"

        def taken(a: Any) -> np.ndarray:
            return a.taken() if isinstance(a, Guarded) else a

        def array(a: Any) -> np.ndarray:
            return a.array if isinstance(a, Guarded) else a

        call(False, [*arrays, array(out), array(hT), array(kept)])
        gradients = [
            None if a is None else Guarded(a.shape, a.dtype) if a.dtype != np.int16 else np.zeros_like(a)
            for a in arrays
        ]
        grad_out, grad_hT = stored("u", grads[0]), grads[1].astype(state)
        call(True, [*arrays, taken(kept), grad_out, grad_hT, *(None if g is None else array(g) for g in gradients)])

        def back(name: str, a: np.ndarray) -> np.ndarray:
            return a.astype(np.float64) if name in PARAMETERS else laid(widened(a, dtype))

        return (
            back("u", taken(out)),
            taken(hT).astype(np.float64),
            *(back(n, taken(g)) for n, g in zip(SIGNALS, gradients, strict=True) if g is not None),
        )


@pytest.fixture(scope="session")
def device(tmp_path_factory: pytest.TempPathFactory) -> Device:
    return Device(tmp_path_factory.mktemp("emulated"))


def problem(
    batch: int, channels: int, length: int, states: int, *, groups: int = 1, varies: str = "BC", without: str = "",
    seed: int = 0,
) -> dict[str, Any]:  # fmt: skip
    rng = np.random.default_rng(seed)
    varying, constant = (batch, groups, states, length), (channels, states)
    inputs = {
        "u": rng.normal(size=(batch, channels, length)),
        "delta": rng.normal(size=(batch, channels, length)),
        "A": -rng.uniform(0.2, 4.0, size=(channels, states)),
        "B": rng.normal(size=varying if "B" in varies else constant),
        "C": rng.normal(size=varying if "C" in varies else constant),
        "D": rng.normal(size=channels),
        "z": rng.normal(size=(batch, channels, length)),
        "delta_bias": rng.uniform(-3, 0, size=channels),
        "h0": rng.normal(size=(batch, channels, states)),
        "dt_scale": rng.exponential(size=(batch, length)),
        "reset": rng.random((batch, length)) < 0.01,
        "delta_softplus": "softplus" not in without,
    }
    if "softplus" in without:
        inputs["delta"] = np.abs(inputs["delta"]) * 0.3
        inputs.pop("delta_bias")
    return {n: a for n, a in inputs.items() if n not in without.split()}


def check(device: Device, inputs: dict[str, Any], dtype: str, tolerance: float, **options: Any) -> Any:
    """Against the CPU in float64 on the same, rounded inputs. The tolerance is of each result's largest value."""
    state = np.float64 if dtype == "float64" else np.float32

    def seen(name: str, a: Any) -> Any:
        if not isinstance(a, np.ndarray) or a.dtype == bool:
            return a
        return a.astype(state).astype(np.float64) if name in PARAMETERS else widened(rounded(a, dtype), dtype)

    inputs = {n: seen(n, a) for n, a in inputs.items()}
    leaves = {n: torch.tensor(a) if isinstance(a, np.ndarray) else a for n, a in inputs.items()}
    wanted = [leaves[n].requires_grad_() for n in SIGNALS if n in leaves]
    y, hT = selective_scan(**leaves, return_last_state=True)
    rng = np.random.default_rng(9)
    grads = widened(rounded(rng.normal(size=y.shape), dtype), dtype), rng.normal(size=hT.shape).astype(state)
    expected = (y, hT, *torch.autograd.grad((y, hT), wanted, tuple(torch.tensor(g).double() for g in grads)))
    found = device.run(inputs, dtype, grads, **options)
    names = ("y", "hT", *(n for n in SIGNALS if n in inputs))
    for name, f, e in zip(names, found, expected, strict=True):
        e = e.detach().numpy()
        scale = max(1.0, np.abs(e).max(initial=0.0))
        np.testing.assert_allclose(f, e, rtol=0, atol=tolerance * scale, err_msg=name)
    return found


# Roundings of the state and of sums over a few hundred steps; float32 keeps a few hundred times 6e-8 of them.
DOUBLE, FLOAT = 1e-12, 1e-5


@pytest.mark.parametrize("channels_last", [False, True], ids=["time last", "channels last"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("length", [1, 256, 300])
def test_equals_the_cpu_with_its_gradients(device, length, dtype, channels_last):
    check(device, problem(2, 5, length, 3), dtype, DOUBLE if dtype == "float64" else FLOAT, channels_last=channels_last)


@settings(max_examples=8, deadline=None)
@given(
    batch=st.integers(1, 2),
    channels=st.integers(1, 5),
    groups=st.integers(1, 2),
    length=st.integers(1, 20) | st.integers(250, 300),
    states=st.integers(1, 5) | st.sampled_from([17]),
    varies=st.sampled_from(["BC", "B", "C", ""]),
    without=st.sampled_from(["", "z", "D z h0 dt_scale reset softplus", "reset", "dt_scale"]),
    channels_last=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_any_size(device, batch, channels, groups, length, states, varies, without, channels_last, seed):
    inputs = problem(batch, channels * groups, length, states, groups=groups, varies=varies, without=without, seed=seed)
    check(device, inputs, "float64", DOUBLE, channels_last=channels_last, seed=seed)


def test_a_long_series_is_cut_into_segments(device):
    """Three passes over segments equal one pass over the whole, in either direction."""
    sizes = (1, 1, 13 * 256 + 100, 2)
    assert device.plan(*sizes, 1, backward=False)[2] == 3
    assert device.plan(*sizes, 1, backward=True)[2] == 3
    check(device, problem(*sizes), "float64", DOUBLE)
    inputs = problem(*sizes)
    inputs["reset"][:] = False
    inputs["A"] *= 1e-3  # a state that lives through all segments
    check(device, inputs, "float64", DOUBLE)


def test_blocks_of_many_channels_take_turns(device):
    """Where there are many channels a block takes several rounds of them before it gives its sums away."""
    assert device.plan(2, 4096, 300, 16, 1, backward=True)[1] == 1
    assert device.plan(64, 1536, 4096, 16, 1, backward=True)[1] == 8
    assert device.plan(2, 35, 270, 3, 1, backward=True, enough_blocks=1)[1] > 1
    check(device, problem(2, 35, 270, 3), "float64", DOUBLE, enough_blocks=1)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_sixteen_bits_round_what_goes_in_and_out_and_nothing_between(device, dtype):
    """The state is float32: results are those of the rounded inputs to one rounding of the result."""
    epsilon = {"float16": 2.0**-11, "bfloat16": 2.0**-8}[dtype]
    check(device, problem(1, 3, 300, 3), dtype, 1.01 * epsilon)


def test_no_schedule_changes_a_bit(device):
    inputs = problem(1, 9, 300, 4)
    rng = np.random.default_rng(0)
    grads = rng.normal(size=(1, 9, 300)), rng.normal(size=(1, 9, 4))
    first, *others = [device.run(inputs, "float32", grads, seed=k, resident=1 + k) for k in range(3)]
    for other in others:
        for a, b in zip(first, other, strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_nan_ends_at_a_reset(device):
    inputs = problem(1, 2, 300, 2, without="h0")
    inputs["u"][0, 1, 100] = np.nan
    inputs["reset"][:] = False
    inputs["reset"][0, 270] = True
    y, hT, *_ = device.run(inputs, "float64", (np.zeros((1, 2, 300)), np.zeros((1, 2, 2))))
    np.testing.assert_array_equal(
        np.isnan(y[0]), [np.zeros(300, bool), (np.arange(300) >= 100) & (np.arange(300) < 270)]
    )
    assert np.isfinite(hT).all()


def test_nothing_in_nothing_out(device):
    for sizes in ((2, 3, 0, 4), (0, 3, 5, 4), (2, 3, 5, 0)):
        inputs = problem(*sizes, without="reset")
        check(device, inputs, "float64", DOUBLE)
