"""lti_ssm beside the same layer with a loop in torch, and in numba between NumPy's products.

One thread stands against one thread. Moved bytes: the input in, the states in and out, the output out.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

import marey
from contenders import measure
from marey.reference.lti_ssm import lti_ssm as reference
from marey.scan.lti_ssm import SPEC, lti_ssm

CASES = [pytest.param(case, id=case.name) for case in SPEC.tagged("bench")]


@cache
def numba_scan() -> Any:
    import numba

    @numba.njit(error_model="numpy")
    def scan(x: Any, Lambda: Any, dt: Any, h0: Any, h: Any) -> None:
        for b in range(x.shape[0]):
            for p in range(x.shape[1]):
                state = h0[b, p]
                for t in range(x.shape[2]):
                    decay = np.exp(Lambda[p] * dt[b, t])
                    state = decay * state + (decay - 1) / Lambda[p] * x[b, p, t]
                    h[b, p, t] = state

    return scan


def by_numba(x: Any, Lambda: Any, dt: Any, B: Any, C: Any, D: Any, h0: Any) -> Any:
    driven = B @ x.astype(B.dtype)
    h = np.empty_like(driven)
    numba_scan()(driven, Lambda, dt, h0, h)
    return (C @ h).real + D[:, None] * x


def by_torch(x: Any, Lambda: Any, dt: Any, B: Any, C: Any, D: Any, h0: Any) -> Any:
    import torch

    decay = torch.exp(Lambda[:, None] * dt[..., None, :])
    driven = (decay - 1) / Lambda[:, None] * (B @ x.to(B.dtype))
    h, steps = h0, []
    for a, b in zip(decay.unbind(-1), driven.unbind(-1), strict=True):
        h = a * h + b
        steps.append(h)
    return (C @ torch.stack(steps, -1)).real + D[:, None] * x


@pytest.mark.parametrize("contender", ["marey", "numba", "torch loop"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("case", CASES)
def test_forward(benchmark, case, dtype, contender):
    given = case.inputs(dtype)
    expected = reference(**given)[0]
    if contender == "marey":
        marey.set_num_threads(1)

        def run():
            return lti_ssm(**given)[0]
    elif contender == "numba":
        pytest.importorskip("numba")

        def run():
            return by_numba(**given)
    else:
        torch = pytest.importorskip("torch")
        torch.set_num_threads(1)
        tensors = {name: torch.from_numpy(a) for name, a in given.items()}

        def run():
            return by_torch(**tensors).numpy()

    def check(y):
        # The peers compute exp(z) - 1 with a cancellation, in the precision of the data.
        tolerance = 1e-9 if dtype == "float64" else 2e-3
        np.testing.assert_allclose(y, expected, rtol=tolerance, atol=tolerance)

    states = given["x"].nbytes // given["x"].shape[-2] * len(given["Lambda"]) * 2
    with threadpool_limits(1):
        measure(
            benchmark, f"lti_ssm {case.name} {dtype}", contender, run, check=check,
            moved=2 * given["x"].nbytes + 2 * states, rounds=3 if contender == "torch loop" else 7,
        )  # fmt: skip
    marey.set_num_threads(0)
