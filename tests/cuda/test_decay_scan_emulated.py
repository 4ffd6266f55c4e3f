"""decay_scan's CUDA kernels, the sources themselves, on an emulated device (emulator/cuda_runtime.h).

This shows the arithmetic, the indices and the order of what waits for what. It shows nothing about speed, and the
memory model is the CPU's.
"""

from __future__ import annotations

import ctypes
import itertools
import math
import shutil

import numpy as np
import pytest
from emulated import Device, build
from hypothesis import given, settings
from hypothesis import strategies as st

from marey._runtime.specs import Tolerance
from marey.reference.decay_scan import decay_scan as reference
from marey.scan.decay_scan import SPEC

pytestmark = pytest.mark.skipif(shutil.which("c++") is None and shutil.which("g++") is None, reason="no C++ compiler")

CASES = [pytest.param(case, id=case.name) for case in SPEC.cases if not case.tags & {"bench", "threads"}]
DOUBLE, FLOAT = SPEC.tolerance["float64"], SPEC.tolerance["float32"]


@pytest.fixture(scope="session")
def device(tmp_path_factory: pytest.TempPathFactory) -> Device:
    return Device(build(tmp_path_factory.mktemp("emulated")))


def adjoint(grad_h, grad_hT, x, dt, rate, *, h0=None, mask=None, offsets=None):
    """The gradient as autodiff would take it, one step at a time: of x, dt, rate and h0."""
    grad_h, grad_hT, x, dt, rate = (np.asarray(a, np.float64) for a in (grad_h, grad_hT, x, dt, rate))
    h, _ = reference(x, dt, rate, h0=h0, mask=mask, offsets=offsets)
    *leading, channels, _ = x.shape
    if offsets is None:
        flat = [(np.s_[b], np.s_[b], b) for b in np.ndindex(*leading)]
    else:
        flat = [((slice(None), slice(a, b)), slice(a, b), s) for s, (a, b) in enumerate(itertools.pairwise(offsets))]
    grad_x, grad_dt, grad_rate, grad_h0 = (
        np.zeros(x.shape), np.zeros(dt.shape), np.zeros(channels), np.array(grad_hT, np.float64)
    )  # fmt: skip
    for signal, gaps, series in flat:
        g, before = grad_h0[series].copy(), np.zeros(channels) if h0 is None else np.asarray(h0, np.float64)[series]
        gx, gt, hs, gh = grad_x[signal], grad_dt[gaps], h[signal], grad_h[signal]
        for t in reversed(range(gt.shape[-1])):
            g = g + gh[:, t]
            gx[:, t] = g
            with np.errstate(invalid="ignore"):
                decay = np.exp(-rate * dt[gaps][t])
                slope = decay * g * (hs[:, t - 1] if t else before)
                grad_rate -= np.where(decay == 0, 0.0, slope * dt[gaps][t])
            gt[t] = -(rate * slope).sum()
            g = decay * g
        grad_h0[series] = g
    if mask is not None:
        seen = np.asarray(mask) if np.ndim(mask) == x.ndim else np.asarray(mask)[..., None, :]
        grad_x = np.where(seen, grad_x, 0.0)
    return grad_x, grad_dt, grad_rate, grad_h0


def flat(inputs):
    """The spec's inputs with exactly one batch axis, or packed."""
    if "offsets" in inputs:
        return dict(inputs)
    ndim = inputs["x"].ndim
    axes = {"x": 2, "dt": 1, "h0": 1, "mask": 2 if np.ndim(inputs.get("mask")) == ndim else 1}
    batch = math.prod(inputs["x"].shape[:-2])
    return {n: a if n == "rate" else a.reshape(batch, *a.shape[a.ndim - axes[n] :]) for n, a in inputs.items()}


def check(device, inputs, dtype, channels_last=False, seed=0, resident=3, tolerance=None):
    tolerance = tolerance or (DOUBLE if dtype == "float64" else FLOAT)
    inputs = flat(inputs)
    close = {"rtol": tolerance.rtol, "atol": tolerance.atol}
    h, hT = device.forward(**inputs, channels_last=channels_last, seed=seed, resident=resident)
    expected, expected_hT = reference(**inputs)
    np.testing.assert_allclose(h, expected, **close)
    np.testing.assert_allclose(hT, expected_hT, **close)

    rng = np.random.default_rng(7)
    grad_h = rng.normal(size=h.shape).astype(h.dtype)
    grad_hT = rng.normal(size=hT.shape).astype(hT.dtype)
    rest = {name: inputs[name] for name in ("h0", "mask", "offsets") if name in inputs}
    actual = device.backward(grad_h, grad_hT, h, inputs["dt"], inputs["rate"], **rest, channels_last=channels_last,
                             seed=seed, resident=resident)  # fmt: skip
    wanted = adjoint(grad_h, grad_hT, inputs["x"], inputs["dt"], inputs["rate"], **rest)
    for name, a, w in zip(("x", "dt", "rate", "h0"), actual, wanted, strict=True):
        # Sums over channels and steps round with the size of their terms.
        scale = 1.0 + (np.abs(w).max(initial=0.0) if name in ("dt", "rate") else 0.0)
        np.testing.assert_allclose(a, w, rtol=10 * tolerance.rtol, atol=10 * tolerance.atol * scale, err_msg=name)
    return h, hT, *actual


@pytest.mark.parametrize("channels_last", [False, True], ids=["time last", "channels last"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("case", CASES)
def test_every_case_of_the_spec(device, case, dtype, channels_last):
    check(device, case.inputs(dtype), dtype, channels_last)


@settings(max_examples=25, deadline=None)
@given(
    sizes=st.lists(st.integers(0, 3) | st.integers(0, 700), min_size=1, max_size=8),
    channels=st.integers(1, 19),
    dtype=st.sampled_from(["float64", "float32"]),
    mask=st.sampled_from(["", "shared", "per_channel"]),
    state=st.booleans(),
    channels_last=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_series_of_any_length(device, sizes, channels, dtype, mask, state, channels_last, seed):
    rng = np.random.default_rng(seed)
    total = sum(sizes)
    inputs = {
        "x": rng.normal(size=(channels, total)).astype(dtype),
        "dt": rng.exponential(size=total).astype(dtype),
        "rate": rng.uniform(0.01, 1.0, channels).astype(dtype),
        "offsets": np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
    }
    if state:
        inputs["h0"] = rng.normal(size=(len(sizes), channels)).astype(dtype)
    if mask:
        inputs["mask"] = rng.random(total if mask == "shared" else (channels, total)) < 0.5
        inputs["x"][np.broadcast_to(~inputs["mask"], inputs["x"].shape)] = np.nan
    check(device, inputs, dtype, channels_last, seed)


@pytest.mark.parametrize("length", [1, 2, 75, 255, 257, 513, 4095, 4097])
def test_a_batch_finds_its_rows(device, length):
    """Batched series share tiles: short ones by a multiplication with a reciprocal, long ones by a comparison."""
    rng = np.random.default_rng(length)
    batch = max(2, 700 // length)
    inputs = {
        "x": rng.normal(size=(batch, 3, length)),
        "dt": rng.exponential(size=(batch, length)),
        "rate": rng.uniform(0.01, 1.0, 3),
        "h0": rng.normal(size=(batch, 3)),
        "mask": rng.random((batch, 3, length)) < 0.7,
    }
    check(device, inputs, "float64")


def long_signal(steps, dtype, rate=1e-3):
    rng = np.random.default_rng(0)
    return {
        "x": rng.normal(size=(1, 1, steps)).astype(dtype),
        "dt": rng.exponential(size=(1, steps)).astype(dtype),
        "rate": np.array([rate], dtype),
        "h0": np.full((1, 1), 100.0, dtype),
    }


def test_look_back_over_more_groups_than_a_warp_has_lanes(device):
    """35 groups of 32 tiles in one chain, a state that lives through all of them, and bits that no timing changes."""
    inputs = long_signal(35 * 32 * 256, "float64", rate=1e-5)
    first = device.forward(**inputs, seed=1, resident=2)
    # Half an ulp of a state near 500 in each of the last 100,000 steps that it remembers.
    np.testing.assert_allclose(first[0], reference(**inputs)[0], rtol=0, atol=1e-9)
    for seed, resident in ((2, 6), (3, 1)):
        again = device.forward(**inputs, seed=seed, resident=resident)
        for a, b in zip(again, first, strict=True):
            np.testing.assert_array_equal(a, b)


def test_gradients_over_several_groups(device):
    tolerance = Tolerance(1e-11, 1e-10, "half an ulp of an adjoint near 50 in each of the last 1000 steps")
    check(device, long_signal(3 * 32 * 256 + 100, "float64"), "float64", tolerance=tolerance)


def test_no_schedule_changes_a_bit_of_the_gradients(device):
    rng = np.random.default_rng(3)
    shape = (2, 20, 900)
    h, dt, rate = rng.normal(size=shape), rng.exponential(size=(2, 900)), rng.uniform(0.01, 1, 20)
    runs = [
        device.backward(rng.permutation(h), rng.normal(size=(2, 20)), h, dt, rate, seed=seed, resident=resident)
        for seed, resident in ((0, 1), (1, 4), (2, 3))
        for rng in [np.random.default_rng(4)]
    ]
    for run in runs[1:]:
        for a, b in zip(run, runs[0], strict=True):
            np.testing.assert_array_equal(a, b)


def test_slow_decay_in_float32_keeps_its_pace(device):
    """300,000 steps of rate 1e-6, which an exponential rounded to float32 would take for 1.013e-6 or 0.954e-6."""
    n = 300_000
    ones = np.ones((1, 1, n), np.float32)
    h, _ = device.forward(ones, ones[0], np.array([1e-6], np.float32))
    a = np.exp(-np.float64(np.float32(1e-6)))
    np.testing.assert_allclose(h[0, 0, -1], (1 - a**n) / (1 - a), rtol=2e-7)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_growth_of_nothing_is_nothing(device, dtype):
    """A negative rate over a long silence overflows every product of decays, and must not touch a zero state."""
    x = np.zeros((1, 2, 5000), dtype)
    x[..., -1] = 3.0
    h, hT = device.forward(x, np.full((1, 5000), 100.0, dtype), np.array([-1.0, 0.5], dtype))
    np.testing.assert_array_equal(h[..., :-1], 0.0)
    np.testing.assert_array_equal(hT, 3.0)


def test_a_nan_stays_in_its_series_and_its_channel(device):
    rng = np.random.default_rng(5)
    sizes = [600, 900, 3, 700]
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    x, dt, rate = rng.normal(size=(9, sum(sizes))), rng.exponential(size=sum(sizes)), rng.uniform(0.1, 5.0, 9)
    x[4, 650], dt[800] = np.nan, np.inf
    h, hT = device.forward(x, dt, rate, offsets=offsets)
    np.testing.assert_array_equal(np.isnan(h), np.isnan(reference(x, dt, rate, offsets=offsets)[0]))
    assert np.isnan(h[4, 650:1500]).all()
    assert np.isnan(h).sum() == 850
    assert np.isnan(hT).sum() == 1


@pytest.mark.parametrize(
    "offsets", [[1, 300, 900], [0, 500, 400, 900], [0, 300, 899], [0, 2000], [-5, 900], [0, 2**62, -(2**62), 900]]
)
def test_offsets_out_of_order_give_nan_and_stay_inside(device, offsets):
    rng = np.random.default_rng(6)
    offsets = np.array(offsets, np.int64)
    x, dt, rate = rng.normal(size=(3, 900)), rng.exponential(size=900), rng.uniform(0.1, 1.0, 3)
    h0 = np.ones((len(offsets) - 1, 3))
    h, hT = device.forward(x, dt, rate, h0=h0, offsets=offsets)
    gradients = device.backward(x, hT, x, dt, rate, h0=h0, offsets=offsets)
    for a in (h, hT, *gradients):
        assert np.isnan(a).all()


@settings(max_examples=1000, deadline=None)
@given(length=st.integers(1, 9000) | st.integers(1, 2**40), step=st.integers(0, 4095), back=st.integers(1, 9000))
def test_the_division_without_a_division_is_exact(device, length, step, back):
    for steps_into_series in (0, length - 1, max(0, length - back)):
        n = steps_into_series + step
        assert device.library.emulated_series_after(ctypes.c_int64(length), ctypes.c_int64(n)) == n // length


def test_an_infinite_rate_forgets_at_once(device):
    rng = np.random.default_rng(8)
    h, dt = rng.normal(size=(1, 2, 300)), rng.exponential(size=(1, 300))
    gradients = device.backward(h, np.ones((1, 2)), h, dt, np.array([np.inf, 1.0]))
    np.testing.assert_array_equal(gradients[0][0, 0, :-1], h[0, 0, :-1])
    assert gradients[2][0] == 0.0
    assert np.isfinite(gradients[2][1])
