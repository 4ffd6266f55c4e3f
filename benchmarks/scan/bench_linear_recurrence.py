"""linear_recurrence beside loops in numba and torch, torch's associative_scan, and philtorch where it is installed.

On the CPU one thread stands against one thread. Moved bytes: coefficients and input in, states out; backward the
gradient, the states and the coefficients in, two gradients out. philtorch's wheels are each built for one minor version
of torch; where it does not import, its rows are left out with the reason.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

import marey
from contenders import measure
from marey.reference.linear_recurrence import linear_recurrence as reference
from marey.scan.linear_recurrence import SPEC, linear_recurrence

CASES = [pytest.param(case, id=case.name) for case in SPEC.tagged("bench")]
DTYPES = ["float64", "float32"]


@cache
def numba_loop(fastmath: bool) -> Any:
    import numba

    @numba.njit(fastmath=fastmath, error_model="numpy")
    def scan(a: Any, x: Any, h0: Any, h: Any) -> None:
        for d in range(x.shape[0]):
            state = h0[d]
            for t in range(x.shape[1]):
                state = a[d, t] * state + x[d, t]
                h[d, t] = state

    return scan


@cache
def numba_backward() -> Any:
    """The adjoint by hand, as numba's user would have to write it."""
    import numba

    @numba.njit(error_model="numpy")
    def adjoint(grad_h: Any, h: Any, a: Any, h0: Any, grad_a: Any, grad_x: Any) -> None:
        for d in range(h.shape[0]):
            carry = a[d, 0] * 0
            for t in range(h.shape[1] - 1, -1, -1):
                g = grad_h[d, t] + carry
                grad_x[d, t] = g
                grad_a[d, t] = g * np.conj(h[d, t - 1] if t > 0 else h0[d])
                carry = np.conj(a[d, t]) * g

    return adjoint


def peers_arrays(given: dict[str, Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    a, x = given["a"], given["x"]
    return np.array(np.broadcast_to(a[:, None] if a.ndim == 1 else a, x.shape)), x, given["h0"]


def torch_loop(a: Any, x: Any, h0: Any) -> Any:
    import torch

    h, steps = h0, []
    for a_t, x_t in zip(a.unbind(-1), x.unbind(-1), strict=True):
        h = a_t * h + x_t
        steps.append(h)
    return torch.stack(steps, -1)


def torch_associative_scan(a: Any, x: Any, h0: Any) -> Any:
    import torch
    from torch._higher_order_ops.associative_scan import associative_scan

    def combine(first: Any, second: Any) -> Any:
        return first[0] * second[0], second[0] * first[1] + second[1]

    x = torch.cat([a[..., :1] * h0[..., None] + x[..., :1], x[..., 1:]], -1)
    return associative_scan(combine, (a, x), dim=-1, combine_mode="generic")[1]


def philtorch_recurrence(a: Any, x: Any, h0: Any) -> Any:
    """Its linear_recurrence(A, zi, x), for h_t = A_t h_{t-1} + x_t."""
    try:
        from philtorch.lpv import linear_recurrence as theirs
    except ImportError as error:
        pytest.skip(f"philtorch: {str(error).splitlines()[0] or error}")
    return theirs(a, h0, x)


def checked(expected: np.ndarray, dtype: str) -> Any:
    def check(answer: Any) -> None:
        h = answer.detach().numpy() if hasattr(answer, "detach") else np.asarray(answer)
        # The peers' states are float32 for float32 data: one rounding a step, damped.
        tolerance = 1e-12 if dtype == "float64" else 2e-5
        np.testing.assert_allclose(h, expected, rtol=tolerance, atol=tolerance)

    return check


def moved(given: dict[str, Any]) -> int:
    return given["a"].nbytes + 2 * given["x"].nbytes


@pytest.fixture(scope="module")
def inputs_of() -> Any:
    """Inputs and the reference's answer, made once a case and dtype."""
    made: dict[tuple[str, str], Any] = {}

    def inputs(case: Any, dtype: str) -> Any:
        if (case.name, dtype) not in made:
            made.clear()
            given = case.inputs(dtype)
            made[case.name, dtype] = given, reference(**given)[0]
        return made[case.name, dtype]

    return inputs


@pytest.mark.parametrize(
    "contender", ["marey", "marey, 2 threads", "numba", "numba fastmath", "philtorch", "torch associative_scan"]
)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CASES)
def test_forward(benchmark, inputs_of, case, dtype, contender):
    given, expected = inputs_of(case, dtype)
    threads = 2 if "2 threads" in contender else 1
    if contender.startswith("marey"):
        marey.set_num_threads(threads)

        def run():
            return linear_recurrence(**given)[0]
    elif contender.startswith("numba"):
        pytest.importorskip("numba")
        function, arrays = numba_loop("fastmath" in contender), peers_arrays(given)

        def run():
            h = np.empty_like(arrays[1])
            function(*arrays, h)
            return h
    else:
        torch = pytest.importorskip("torch")
        tensors = [torch.from_numpy(a) for a in peers_arrays(given)]
        if contender == "philtorch":
            function = philtorch_recurrence
        elif case.name == "64 x 4,096":
            function = torch_associative_scan
        else:
            pytest.skip("generic associative_scan takes half a second at 64 x 4,096 already")
        torch.set_num_threads(1)

        def run():
            return function(*tensors)

    measure(
        benchmark, f"linear_recurrence {case.name} {dtype}", contender, run, check=checked(expected, dtype),
        moved=moved(given), threads=threads,
    )  # fmt: skip
    marey.set_num_threads(0)


@pytest.mark.parametrize("contender", ["marey", "numba by hand", "torch loop"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CASES)
def test_backward(benchmark, inputs_of, case, dtype, contender):
    torch = pytest.importorskip("torch")
    given, h = inputs_of(case, dtype)
    rng = np.random.default_rng(1)
    weights = rng.normal(size=h.shape).astype(dtype).astype(given["x"].dtype)

    def gradients(function: Any, inputs: Any) -> Any:
        leaves = {n: torch.tensor(v, requires_grad=True) for n, v in inputs.items()}
        result = function(**leaves)
        return lambda: torch.autograd.grad(
            result, [leaves["a"], leaves["x"]], torch.from_numpy(weights), retain_graph=True
        )

    torch.set_num_threads(1)
    ours = gradients(lambda **k: linear_recurrence(**k)[0], given)
    expected = [g.numpy() for g in ours()]
    a, x, h0 = peers_arrays(given)
    if contender == "marey":
        run = ours
    elif contender == "torch loop":
        if case.name != "64 x 4,096":
            pytest.skip("autograd keeps a node a step: minutes and gigabytes beyond 64 x 4,096")
        run = gradients(torch_loop, given)
    else:
        pytest.importorskip("numba")
        function, states = numba_backward(), h.astype(x.dtype)

        def run():
            out = np.empty_like(a), np.empty_like(x)
            function(weights, states, a, h0, *out)
            return out

    def check(answer):
        for got, want in zip(answer, expected, strict=True):
            got = np.asarray(got)
            got = got.sum(-1) if got.ndim > want.ndim else got
            atol = (1e-11 if dtype == "float64" else 2e-5) * np.abs(want).max()
            np.testing.assert_allclose(got, want, rtol=0, atol=atol)

    words = 2 * given["a"].nbytes + 3 * given["x"].nbytes
    measure(benchmark, f"linear_recurrence backward {case.name} {dtype}", contender, run, check=check, moved=words)


@pytest.mark.gpu
@pytest.mark.parametrize("contender", ["marey", "marey, bfloat16", "torch associative_scan compiled"])
@pytest.mark.parametrize("case", [c for c in CASES if "complex" not in c.id and "channel" not in c.id])
def test_gpu_forward(gpu, inputs_of, case, contender):
    import torch

    given, expected = inputs_of(case, "float32")
    a, x, h0 = (torch.from_numpy(v).cuda() for v in peers_arrays(given))
    words, tolerance = moved(given), 2e-5
    if contender.startswith("marey"):
        if "bfloat16" in contender:
            a, x, words, tolerance = a.bfloat16(), x.bfloat16(), words // 2, 0.3

        def run():
            return linear_recurrence(a, x, h0=h0)[0]
    else:
        from torch._higher_order_ops.associative_scan import associative_scan

        def combine(first, second):
            return first[0] * second[0], second[0] * first[1] + second[1]

        def scan(a, x, h0):
            x = torch.cat([a[..., :1] * h0[..., None] + x[..., :1], x[..., 1:]], -1)
            return associative_scan(combine, (a, x), dim=-1, combine_mode="pointwise")[1]

        torch.compiler.reset()
        compiled = torch.compile(scan)

        def run():
            return compiled(a, x, h0)

    def check(answer):
        np.testing.assert_allclose(answer.float().cpu().numpy(), expected, rtol=tolerance, atol=tolerance)

    gpu.measure(f"linear_recurrence {case.name} float32", contender, run, check=check, moved=words)
