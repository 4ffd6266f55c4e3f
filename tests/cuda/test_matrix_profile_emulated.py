"""The CUDA kernels of matrix_profile, the source itself, on an emulated device (emulator/cuda_runtime.h).

This shows the arithmetic, the indices and the barriers. It shows nothing about speed. The oracle is the reference.
"""

from __future__ import annotations

import ctypes
import shutil

import numpy as np
import pytest
from emulated import ROOT, Guarded, compile_library
from hypothesis import given, settings
from hypothesis import strategies as st

from marey.profile import matrix_profile
from marey.reference.matrix_profile import distances

pytestmark = pytest.mark.skipif(shutil.which("c++") is None and shutil.which("g++") is None, reason="no C++ compiler")

NAMES = ("distance", "left_distance", "right_distance", "index", "left_index", "right_index")


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return compile_library(ROOT / "tests/cuda/emulated_matrix_profile.cpp", tmp_path_factory.mktemp("emulated"))


def run(library, t, m, *, other=None, exclusion=None, length=None, seed=0):
    """The six outputs by name, as the torch binding asks for them."""
    windows = len(t) - m + 1
    outputs = {
        name: Guarded((windows,), np.dtype(np.int64 if "index" in name else float))
        for name in NAMES
        if other is None or "_" not in name
    }
    held = [None if a is None else np.ascontiguousarray(a, float) for a in (t, other)]
    told = None if length is None else np.array([length])
    excluded = -(-m // 4) if exclusion is None else exclusion
    sizes = np.array([len(t), 0 if other is None else len(other), m, excluded])
    pointers = [ctypes.c_void_p(a.ctypes.data) if a is not None else None for a in (*held, told)]
    to = (ctypes.c_void_p * 6)(*[outputs[name].array.ctypes.data if name in outputs else None for name in NAMES])
    status = library.emulated_matrix_profile(ctypes.c_void_p(sizes.ctypes.data), *pointers, to, ctypes.c_uint(seed))
    assert status == 0, "written past the workspace" if status < 0 else f"cudaError {status}"
    return {name: output.taken() for name, output in outputs.items()}


def check(library, t, m, *, other=None, exclusion=None, length=None):
    found = run(library, t, m, other=other, exclusion=exclusion, length=length)
    t = np.where(np.arange(len(t)) < (len(t) if length is None else length), t, np.nan)
    d = distances(t, t if other is None else other, m)
    i = np.arange(len(d))
    sides = {"": np.ones(d.shape, bool)}
    if other is None:
        apart = i - i[:, None]
        excluded = -(-m // 4) if exclusion is None else exclusion
        sides = {"": abs(apart) > excluded, "left_": apart < -excluded, "right_": apart > excluded}
    for side, counts in sides.items():
        allowed = np.where(counts, d, np.inf)
        distance, index = found[f"{side}distance"], found[f"{side}index"]
        np.testing.assert_allclose(distance, allowed.min(axis=1, initial=np.inf), rtol=0, atol=1e-6)
        told = index >= 0
        np.testing.assert_array_equal(told, np.isfinite(distance))
        np.testing.assert_allclose(allowed[i[told], index[told]], distance[told], rtol=0, atol=1e-6)


def spikes(rng, n):
    t = rng.normal(size=n)
    t[[n // 5, n // 2, n - 60]] = [1e8, -1e8, 1e8]  # whose roundings would outlive them
    return t


def flat_parts(rng, n):
    t = rng.normal(size=n).cumsum()
    t[n // 6 : n // 3] = t[n // 6]
    t[n // 2 : n // 2 + 60] = -3.25
    return t


def missing(rng, n):
    t = rng.normal(size=n).cumsum()
    t[[0, n // 3, n // 3 + 30, n - 3]] = [np.nan, np.inf, np.nan, -np.inf]
    return t


def at_a_level(rng, n):
    return 1e6 + np.repeat([0.0, 1e4], [n // 2, n - n // 2]) + rng.normal(size=n)


def fading(rng, n):
    return rng.normal(size=n) * np.exp(-20.0 * np.arange(n) / n)


SERIES = [pytest.param(make, id=make.__name__) for make in (spikes, flat_parts, missing, at_a_level, fading)]


@pytest.mark.parametrize("make", SERIES)
def test_hard_series_and_joins(library, make):
    rng = np.random.default_rng(0)
    t = make(rng, 301)
    check(library, t, 17)
    check(library, t, 17, other=make(rng, 237))


def test_several_strips_and_pieces(library):
    """Warps, blocks and pieces hand over to each other; spikes lie on both sides of where they meet."""
    rng = np.random.default_rng(1)
    t = rng.normal(size=1180)
    t[[127, 1023, 1110]] = [1e8, -1e8, 1e8]
    check(library, t, 24)
    other = rng.normal(size=2200)
    other[[20, 1000, 1100, 1111]] = 1e8
    check(library, t[900:1100], 24, other=other)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    n=st.integers(3, 90),
    n_other=st.integers(0, 90),
    m=st.integers(3, 30),
    exclusion=st.sampled_from([None, 0, 40]),
    share=st.floats(0, 1),
)
def test_series_of_any_length(library, seed, n, n_other, m, exclusion, share):
    rng = np.random.default_rng(seed)
    t = rng.normal(size=max(n, m))
    other = rng.normal(size=max(n_other, m)) if n_other else None
    check(library, t, m, other=other, exclusion=exclusion, length=round(share * len(t)))


def test_the_order_of_threads_changes_no_bit(library):
    t = np.random.default_rng(2).normal(size=400)
    first = run(library, t, 12)
    for seed in (1, 2):
        for name, array in run(library, t, 12, seed=seed).items():
            np.testing.assert_array_equal(array, first[name])
    np.testing.assert_array_equal(first["index"], matrix_profile(t, 12).index)


def test_tensors_on_a_gpu_reach_the_kernel():
    """Fake tensors: they have a device and shapes, but no memory."""
    torch = pytest.importorskip("torch")
    from marey._runtime import torch_ops

    if not torch_ops.cuda_loaded:
        pytest.skip(torch_ops.why_no_cuda)
    from torch._subclasses.fake_tensor import FakeTensorMode

    with FakeTensorMode():
        t = torch.empty((2, 300), device="cuda")
        p = matrix_profile(t, 20)
        assert p.distance.is_cuda
        assert p.left_index.shape == (2, 281)
        with pytest.raises(ValueError, match="`k` is 2; expected 1 for tensors on a GPU"):
            matrix_profile(t, 20, k=2)
    assert torch._C._dispatch_has_kernel_for_dispatch_key("marey::matrix_profile", "CUDA")


@pytest.mark.gpu
@pytest.mark.parametrize("make", SERIES)
def test_on_a_gpu_as_on_the_cpu(make):
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("no CUDA GPU")
    rng = np.random.default_rng(3)
    t, other = make(rng, 5000), make(rng, 3000)
    for more in ({}, {"other": other}):
        on_gpu = {name: torch.tensor(array, device="cuda") for name, array in more.items()}
        told = matrix_profile(torch.tensor(t, device="cuda"), 50, **on_gpu).distance.cpu().numpy()
        np.testing.assert_allclose(told, matrix_profile(t, 50, **more).distance, rtol=0, atol=1e-6)
