"""What tracing keeps: the values of the plain function, exact derivatives, text that means the same."""

from __future__ import annotations

import ctypes
import gc
import math
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import marey
import marey.math as mm
from conftest import ROOT
from marey._model.lanes import LANES, compile_program

pytest.importorskip("llvmlite")

UNARY = ("exp", "log", "sqrt", "sin", "cos", "tanh", "absolute", "negative", "expm1", "log1p", "arctan", "erf", "floor")
SMOOTH = ("exp", "sin", "cos", "tanh", "arctan", "erf", "negative", "expm1")
BINARY = ("add", "subtract", "multiply", "divide", "minimum", "maximum", "power")


def functions(unary: tuple[str, ...], binary: tuple[str, ...]) -> st.SearchStrategy[Any]:
    """Random trees over x[0], x[1], x[2] and numbers, as nested tuples."""
    leaves = st.one_of(st.sampled_from([0, 1, 2]), st.sampled_from([-2.5, -1.0, 0.0, 0.5, 1.0, 2.0, 3.0]).map(float))
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.tuples(st.sampled_from(unary), inner),
            st.tuples(st.sampled_from(binary), inner, inner),
            st.tuples(st.just("where"), inner, inner, inner, inner),
        ),
        max_leaves=12,
    )


def apply(tree: Any, x: Any) -> Any:
    if isinstance(tree, int):
        return x[tree]
    if isinstance(tree, float):
        return tree
    op, *parts = tree
    values = [apply(part, x) for part in parts]
    if op == "where":
        return mm.where(values[0] < values[1], values[2], values[3])
    with np.errstate(all="ignore"):
        return getattr(np if op in ("add", "subtract", "multiply", "divide", "negative") else mm, op)(*values)


def same(a: Any, b: Any, ulp: float) -> np.ndarray[Any, Any]:
    with np.errstate(all="ignore"):
        close = np.abs(a - b) <= ulp * 2.0**-52 * np.abs(b)
    return (a == b) | (np.isnan(a) & np.isnan(b)) | close


@settings(max_examples=150, deadline=None)
@given(functions(UNARY, BINARY), st.integers(0, 2**32 - 1))
@example(("power", 0, ("log1p", -1.0)), 0)
@example(("power", 0, ("log", -2.5)), 0)
def test_compiled_code_equals_numpy(tree: Any, seed: int) -> None:
    x = np.random.default_rng(seed).normal(scale=2.0, size=(3, 21))
    program = marey.model(lambda x: apply(tree, x)).program(x=3)
    plain = program.evaluate(x)
    compiled = compile_program(program)(x)
    # Each operation may differ by an ulp or two. How far that carries through the tree is seen from moving its inputs
    # by an ulp; where a jump (where, floor) or a pole is that near, the two may fall on its two sides.
    with np.errstate(all="ignore"):
        moved = [program.evaluate(np.nextafter(x, side)) for side in (-np.inf, np.inf)]
        spread = sum(np.abs(m - plain) for m in moved)
        near = np.abs(compiled - plain) <= 1000 * (spread + 2.0**-52 * np.abs(plain)) + 1e-300
    fine = (compiled == plain) | (np.isnan(compiled) & np.isnan(plain)) | near
    assert fine.mean() > 0.8 if "floor" in str(tree) or "where" in str(tree) else fine.all()


@settings(max_examples=100, deadline=None)
@given(functions(SMOOTH, ("add", "subtract", "multiply")), st.integers(0, 2**32 - 1))
def test_derivatives_equal_those_of_torch(tree: Any, seed: int) -> None:
    torch = pytest.importorskip("torch")
    x = np.random.default_rng(seed).normal(size=(3, 5))
    jacobian = marey.model(lambda x: apply(tree, x)).program(x=3).jacobian("x").evaluate(x)

    def in_torch(tree: Any, x: Any) -> Any:
        if isinstance(tree, int):
            return x[tree]
        if isinstance(tree, float):
            return torch.full_like(x[0], tree)
        op, *parts = tree
        values = [in_torch(part, x) for part in parts]
        if op == "where":
            return torch.where(values[0] < values[1], values[2], values[3])
        return getattr(torch, {"absolute": "abs", "power": "pow", "negative": "neg"}.get(op, op))(*values)

    leaf = torch.tensor(x, requires_grad=True)
    (expected,) = torch.autograd.grad(in_torch(tree, leaf).sum() + 0.0 * leaf.sum(), leaf)
    finite = np.isfinite(expected.numpy())  # torch multiplies the branch not taken by zero
    np.testing.assert_allclose(jacobian[finite], expected.numpy()[finite], rtol=1e-9, atol=1e-9)


def test_power_and_exponential_are_right_at_the_edges() -> None:
    edges = [0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 3.0, 0.5, -0.5, np.inf, -np.inf, np.nan, 1e-310, 5e-324, 1e300, -1e300]
    edges += [709.78, 709.8, -745.1, -745.2, -708.5]
    x, y = (a.ravel() for a in np.meshgrid(edges, edges))
    program = marey.model(lambda x, y: (mm.exp(x), mm.log(y), mm.power(x, y))).program()
    compiled, plain = compile_program(program)(x, y), program.evaluate(x, y)
    for k, name in enumerate(("exp", "log", "power")):
        wrong = ~same(compiled[k], plain[k], 2.0)
        assert not wrong.any(), [(name, x[i], y[i], compiled[k][i], plain[k][i]) for i in np.flatnonzero(wrong)[:5]]


@pytest.mark.parametrize(("name", "low", "high", "ulp"), [("exp", -700, 700, 1.5), ("log", 1e-300, 1e300, 1.0)])
def test_errors_of_vector_functions_are_as_stated(name: str, low: float, high: float, ulp: float) -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(low, high, 20_000) if name == "exp" else np.exp(rng.uniform(np.log(low), np.log(high), 20_000))
    if name == "log":
        x[:10_000] = rng.uniform(0.5, 2.0, 10_000)  # where the result is small
    plain = getattr(np, name)(x.astype(np.longdouble))
    assert np.finfo(np.longdouble).eps < 1e-18, "this platform has no longer double to compare with"
    error = np.abs(compile_program(marey.model(lambda x: getattr(mm, name)(x)).program())(x)[0] - plain)
    assert (error <= ulp * np.spacing(np.abs(plain).astype(float))).all()


def test_power_stays_within_two_ulp() -> None:
    rng = np.random.default_rng(1)
    x, y = np.exp(rng.uniform(-30, 30, 20_000)), rng.uniform(-20, 20, 20_000)
    plain = np.power(x.astype(np.longdouble), y.astype(np.longdouble))
    compiled = compile_program(marey.model(lambda x, y: mm.power(x, y)).program())(x, y)[0]
    normal = (plain > 1e-300) & (plain < 1e300)
    assert normal.sum() > 10_000
    assert (np.abs(compiled - plain) <= 2.0 * np.spacing(plain.astype(float)))[normal].all()


def test_lanes_do_not_mix() -> None:
    program = marey.model(lambda x: mm.exp(x[0]) * mm.power(x[1], x[0])).program(x=2)
    x = np.abs(np.random.default_rng(0).normal(size=(2, 5 * LANES + 3)))
    compiled = compile_program(program)
    one_by_one = np.concatenate([compiled(x[:, i : i + 1]) for i in range(x.shape[1])], axis=1)
    np.testing.assert_array_equal(compiled(x), one_by_one)


def test_code_that_is_no_longer_needed_takes_nothing_with_it() -> None:
    """A compiled program that is freed, as the oldest of many is, leaves the compiler and the others whole."""
    kept = compile_program(marey.model(lambda x: mm.exp(x)).program())

    def line(k: int) -> Any:
        return marey.model(lambda x: x * k + mm.exp(x))

    for k in range(20):
        code = compile_program.__wrapped__(line(k).program())
        assert code(np.array([1.0]))[0, 0] == pytest.approx(k + np.e)
        del code
        gc.collect()
    assert kept(np.array([0.0]))[0, 0] == 1.0


@marey.model(y="s i r", p="beta gamma")
def epidemic(t: Any, y: Any, p: Any) -> Any:
    new = p.beta * y.s * y.i
    return -new, new - p.gamma * y.i, p.gamma * y.i


def test_a_model_reads_like_its_equations() -> None:
    assert repr(epidemic).splitlines() == [
        "epidemic(t, y[3], p[2])",
        "  _1 = beta * s * i",
        "  _2 = gamma * i",
        "  ds/dt = -_1",
        "  di/dt = _1 - _2",
        "  dr/dt = _2",
    ]
    assert "not traced yet" in repr(marey.model(lambda t, y, p: y))


def test_shared_expressions_are_computed_once() -> None:
    program = epidemic.program()
    assert len({id(node) for node in (*program.outputs[0].args, program.outputs[1].args[0])}) == 1


def test_only_what_commutes_is_shared_in_either_order() -> None:
    program = marey.model(lambda x: (x[0] - x[1], x[1] - x[0], x[0] / x[1], x[1] / x[0], x[0] < x[1], x[1] < x[0],
                                     x[0] ** x[1], x[1] ** x[0], x[0] * x[1], x[1] * x[0])).program(x=2)  # fmt: skip
    x = np.array([2.0, 3.0])
    expected = [-1.0, 1.0, 2 / 3, 1.5, 1.0, 0.0, 8.0, 9.0, 6.0, 6.0]
    np.testing.assert_allclose(program.evaluate(x), expected, rtol=1e-15)
    np.testing.assert_allclose(compile_program(program)(x), expected, rtol=1e-15)
    assert program.outputs[8] is program.outputs[9]


def test_the_jacobian_knows_its_zeros() -> None:
    assert epidemic.program().nonzero("y") == [(0, 0), (0, 1), (1, 0), (1, 1), (2, 1)]


def test_a_stoichiometric_matrix_may_be_numpys() -> None:
    matrix = np.array([[-1.0, 0.0, 1.0], [1.0, -1.0, -1.0], [0.0, 1.0, 0.0]])

    @marey.model
    def robertson(t: Any, y: Any, k: Any) -> Any:
        a, b, c = y
        return matrix @ np.array([k[0] * a, k[1] * b * b, k[2] * b * c])

    assert robertson.program(y=3, k=3).nonzero("y") == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (2, 1)]


def test_a_model_is_still_the_plain_function() -> None:
    assert epidemic.function is epidemic.__wrapped__
    assert marey.model(lambda t, y, p: y[0] * p[0])(0.0, [3.0], [2.0]) == 6.0


def _branch(t: Any, y: Any, p: Any) -> Any:
    if y[0] > 1:
        return y
    return -y[0], y[1]


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (_branch, r"test_model\.py, line \d+, `if y\[0\] > 1:`.*marey\.math\.where.*numba\.cfunc"),
        (lambda t, y, p: math.exp(y[0]), r"plain number.*marey\.math"),
        (lambda t, y, p: np.sinc(y[0]), "passes a traced value to what needs an array"),
        (lambda t, y, p: max(y), r"marey\.math\.minimum or maximum"),
        (lambda t, y, p: y[2], "entry 2 of a vector of 2"),
        (lambda t, y, p: y.drug, "no entry 'drug'"),
        (lambda t, y, p: {"a": y[0]}, "returned a dict"),
        (lambda t, y, p: ["a", y[0]], "returned a str as its output 0"),
        (lambda t, y, p: y[0] + "a", "add of a traced value and a str"),
        (lambda t, y, p: p[y[0]], "an index that is a traced value"),
    ],
)
def test_what_cannot_be_traced_names_the_line_and_the_way_out(function: Any, says: str) -> None:
    with pytest.raises(marey.TraceError, match=says):
        marey.model(function).program(y=2, p=1)


def test_wrong_sizes_and_names_are_told() -> None:
    with pytest.raises(ValueError, match="`y` of epidemic has 2 entries; expected s, i, r"):
        epidemic.program(y=2)
    with pytest.raises(ValueError, match="no argument `z`"):
        epidemic.program(z=2)
    with pytest.raises(ValueError, match="`q`, which is no argument"):
        marey.model(q="a b")(lambda t, y: y)


def test_the_c_source_means_the_same(tmp_path: Path) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")

    @marey.model
    def f(t: Any, y: Any, p: Any) -> Any:
        c = (y[0] < y[1]) & ~(p[0] <= t) | (y[1] == 2.0)
        return mm.where(c, mm.exp(y[0]), mm.hill(abs(y[1]), p[0], 1.5)), mm.minimum(y[0], t), y[0] ** 3 - y[1] / p[0]

    program = f.program(y=2, p=1)
    source = tmp_path / "f.c"
    source.write_text("#include <math.h>\n#include <stdbool.h>\n" + program.c_source("", stride="n"))
    subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", tmp_path / "f.so", source, "-lm"], check=True)
    function = ctypes.CDLL(str(tmp_path / "f.so")).f
    rng = np.random.default_rng(0)
    for _ in range(50):
        t, y, p = rng.normal(size=1), rng.normal(size=2), np.abs(rng.normal(size=1)) + 0.1
        out = np.empty(3)
        function(*(ctypes.c_void_p(a.ctypes.data) for a in (t, y, p, out)), ctypes.c_longlong(1))
        np.testing.assert_allclose(out, program.evaluate(t[0], y, p), rtol=1e-14)


def test_the_source_compiles_as_cuda(tmp_path: Path) -> None:
    nvcc = shutil.which("nvcc") or shutil.which("nvcc", path=ROOT / ".venv/cuda/nvidia/cu13/bin")
    if nvcc is None:
        pytest.skip("no nvcc")
    source = tmp_path / "f.cu"
    program = epidemic.program()
    source.write_text(
        program.c_source("static __device__ inline", stride="n")
        + "__global__ void k(const double* t, const double* y, const double* p, double* o, long long n) "
        "{ epidemic(t, y, p, o, n); }\n"
    )
    subprocess.run([nvcc, "-ptx", "-arch=sm_90", "-o", tmp_path / "f.ptx", source], check=True)
    assert re.search(r"\.entry _Z1k", (tmp_path / "f.ptx").read_text())
