"""The CUDA kernels of kalman_loglik's gradient, the sources themselves, on an emulated device.

The oracle is the operator on the CPU, which the contract holds against finite differences.
"""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from emulated_kalman import CLOSE, cases, shared_device
from hypothesis import given, settings
from hypothesis import strategies as st

from marey.state_space import _cases
from marey.state_space.kalman_loglik import SPEC

torch = pytest.importorskip("torch")
pytest.importorskip("marey._runtime.torch_ops")
pytestmark = pytest.mark.skipif(shutil.which("c++") is None and shutil.which("g++") is None, reason="no C++ compiler")


@pytest.fixture(scope="module")
def device():
    return shared_device()


CASES = [pytest.param(case, id=case.name) for case in cases(SPEC) if "dt" not in case.inputs()]
NAMES = ("y", "F", "H", "Q", "R", "x0", "P0")


def on_cpu(p, incoming):
    def tensor(a):
        return None if a is None else torch.from_numpy(np.ascontiguousarray(a))

    arguments = [tensor(a) for a in (*incoming, *p[:7], p.mask)]
    return [g.numpy() for g in torch.ops.marey.kalman_loglik_backward(*arguments, p.continued)]


def incoming_of(p, seed=0):
    rng = np.random.default_rng(seed)
    (B, _, T), n = p.y.shape, p.x0.shape[1]
    return [rng.normal(size=shape).astype(p.x0.dtype) for shape in ((B, n, T), (B, n, n, T), (B,))]


def check(device, p, incoming) -> None:
    close = CLOSE[str(p.y.dtype)]
    for name, got, want in zip(NAMES, device.adjoint(p, *incoming), on_cpu(p, incoming), strict=True):
        # Series are summed in another order, up to hundreds of them; rounding goes with the largest.
        scale = np.nanmax(np.abs(want), initial=1.0)
        np.testing.assert_allclose(got, want, rtol=close["rtol"], atol=close["atol"] * scale, err_msg=name)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("case", CASES)
def test_every_case_of_the_spec(device, case, dtype):
    p = _cases.problem(case.inputs(dtype))
    check(device, p, incoming_of(p))
    check(device, p, (None, None, incoming_of(p)[2]))


@settings(max_examples=25, deadline=None)
@given(
    B=st.integers(1, 100),
    m=st.integers(1, 10),
    n=st.integers(1, 10),
    T=st.integers(1, 45),
    mask=st.sampled_from(["", "shared", "per_output"]),
    varying=st.sampled_from(["", "Fb Qt", "Ft Hbt", "Rt Hb Fbt", "Qbt Rb Ht"]),
    shared=st.booleans(),
    seed=st.integers(0, 99),
)
def test_any_sizes(device, B, m, n, T, mask, varying, shared, seed):
    rng = np.random.default_rng(seed)
    p = _cases.problem(_cases._inputs(rng, B, m, n, T, mask=mask, varying=varying, shared=shared))
    check(device, p, incoming_of(p, seed))


def test_several_spans_and_several_series_a_thread(device):
    """Long enough for states between, and more series than threads: their memory is bounded."""
    rng = np.random.default_rng(3)
    p = _cases.problem(_cases._inputs(rng, 40, 2, 3, 301, mask="per_output", varying="Fb Rt", shared=True))
    check(device, p, incoming_of(p))


def test_one_gradient_for_the_covariances_of_all_series(device):
    p = _cases.problem(_cases._inputs(np.random.default_rng(4), 9, 1, 2, 7, shared=True))
    incoming = incoming_of(p)
    incoming[1] = incoming[1][:1]
    check(device, p, incoming)


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_a_failed_series_passes_on_zero_or_nan(device, weight):
    rng = np.random.default_rng(5)
    inputs = _cases._inputs(rng, 9, 2, 2, 21, varying="Rb Fb", mask="per_output")
    inputs["y"][4, 0, 13], inputs["mask"][4, 0, 13] = np.nan, True
    p = _cases.problem(inputs)
    loglik = np.ones(9)
    loglik[4] = weight
    check(device, p, (None, None, loglik))
    gradients = device.adjoint(p, None, None, loglik)
    own = [g[4] for g, a in zip(gradients, p[:7], strict=True) if a.shape[0] == 9]
    assert all((np.isnan(g).any() if weight else (g == 0.0).all()) for g in own)
    assert weight or all(np.isfinite(g).all() for g in gradients)


def test_every_run_has_the_same_bits(device):
    p = _cases.problem(_cases._inputs(np.random.default_rng(6), 70, 1, 2, 9, shared=True))
    first, second = (device.adjoint(p, *incoming_of(p), seed=seed) for seed in (0, 1))
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
