"""s5_scan beside loops in numba and torch and torch's associative_scan: the discretisation and the scan together.

No library has this scan for a CPU with a time step of its own a sample. One thread stands against one thread. Moved
bytes: the input and the time steps in, the states out; backward the gradient, the states, the input and the steps in,
the gradients out.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

import marey
from contenders import measure
from marey.reference.s5_scan import s5_scan as reference
from marey.scan.s5_scan import SPEC, s5_scan

CASES = [pytest.param(case, id=case.name) for case in SPEC.tagged("bench")]
DTYPES = ["float64", "float32"]


@cache
def numba_loop(fastmath: bool) -> Any:
    import numba

    @numba.njit(fastmath=fastmath, error_model="numpy")
    def scan(x: Any, Lambda: Any, dt: Any, h0: Any, h: Any) -> None:
        for b in range(x.shape[0]):
            for p in range(x.shape[1]):
                state = h0[b, p]
                for t in range(x.shape[2]):
                    decay = np.exp(Lambda[p] * dt[b, t])
                    state = decay * state + (decay - 1) / Lambda[p] * x[b, p, t]
                    h[b, p, t] = state

    return scan


def torch_loop(x: Any, Lambda: Any, dt: Any, h0: Any) -> Any:
    import torch

    decay = torch.exp(Lambda[:, None] * dt[..., None, :])
    driven = (decay - 1) / Lambda[:, None] * x
    h, steps = h0, []
    for a, b in zip(decay.unbind(-1), driven.unbind(-1), strict=True):
        h = a * h + b
        steps.append(h)
    return torch.stack(steps, -1)


@pytest.fixture(scope="module")
def inputs_of() -> Any:
    made: dict[tuple[str, str], Any] = {}

    def inputs(case: Any, dtype: str) -> Any:
        if (case.name, dtype) not in made:
            made.clear()
            given = case.inputs(dtype)
            made[case.name, dtype] = given, reference(**given)[0]
        return made[case.name, dtype]

    return inputs


def checked(expected: np.ndarray, dtype: str) -> Any:
    def check(answer: Any) -> None:
        h = answer.detach().numpy() if hasattr(answer, "detach") else np.asarray(answer)
        # The peers compute exp(z) - 1 with a cancellation, in the precision of the data.
        tolerance = 1e-10 if dtype == "float64" else 1e-4
        np.testing.assert_allclose(h, expected, rtol=tolerance, atol=tolerance)

    return check


@pytest.mark.parametrize("contender", ["marey", "marey, 2 threads", "numba", "numba fastmath", "torch loop"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CASES)
def test_forward(benchmark, inputs_of, case, dtype, contender):
    given, expected = inputs_of(case, dtype)
    threads = 2 if "2 threads" in contender else 1
    if contender.startswith("marey"):
        marey.set_num_threads(threads)

        def run():
            return s5_scan(**given)[0]
    elif contender.startswith("numba"):
        pytest.importorskip("numba")
        function = numba_loop("fastmath" in contender)

        def run():
            h = np.empty_like(given["x"])
            function(given["x"], given["Lambda"], given["dt"], given["h0"], h)
            return h
    else:
        torch = pytest.importorskip("torch")
        torch.set_num_threads(1)
        tensors = {n: torch.from_numpy(a) for n, a in given.items()}

        def run():
            return torch_loop(**tensors)

    words = 2 * given["x"].nbytes + given["dt"].nbytes
    measure(
        benchmark, f"s5_scan {case.name} {dtype}", contender, run, check=checked(expected, dtype), moved=words,
        threads=threads, rounds=3 if contender == "torch loop" else 7,
    )  # fmt: skip
    marey.set_num_threads(0)


@pytest.mark.parametrize("contender", ["marey", "torch loop"])
@pytest.mark.parametrize("dtype", ["float32"])
@pytest.mark.parametrize("case", CASES[:1])
def test_backward(benchmark, inputs_of, case, dtype, contender):
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    given, _ = inputs_of(case, dtype)
    leaves = {n: torch.tensor(a, requires_grad=True) for n, a in given.items()}
    weights = torch.ones(given["x"].shape, dtype=leaves["x"].dtype)

    def gradients(h: Any) -> Any:
        return lambda: torch.autograd.grad(h, [leaves[n] for n in ("x", "Lambda", "dt")], weights, retain_graph=True)

    ours = gradients(s5_scan(**leaves)[0])
    expected = [g.numpy() for g in ours()]
    run = ours if contender == "marey" else gradients(torch_loop(**leaves))

    def check(answer):
        for got, want in zip(answer, expected, strict=True):
            # Lambda gathers over every series and step, in float32 and in another order.
            np.testing.assert_allclose(got.numpy(), want, rtol=0, atol=1e-3 * np.abs(want).max())

    words = 4 * given["x"].nbytes + 2 * given["dt"].nbytes
    measure(
        benchmark, f"s5_scan backward {case.name} {dtype}", contender, run, check=check, moved=words, rounds=3
    )  # fmt: skip
