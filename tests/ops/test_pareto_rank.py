"""Non-dominated ranks: against the reference, a peer, and the Triton twin under the interpreter."""

import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from marey.moo import pareto_rank
from marey.reference.pareto_rank import pareto_rank as reference

_rust = pytest.importorskip("marey._rust")

numbers = st.floats(allow_nan=False, width=32) | st.integers(-2, 2).map(float) | st.just(-0.0)
tables = hnp.arrays(np.float64, st.tuples(st.integers(0, 40), st.integers(1, 7)), elements=numbers)


@settings(max_examples=200, deadline=None)
@given(tables, st.none() | st.integers(1, 50))
def test_equals_the_reference(F, k):
    np.testing.assert_array_equal(pareto_rank(F, k=k), reference(F, k=k))


@pytest.mark.parametrize("d", [1, 2, 3, 4, 5, 8])
def test_equals_moocore(d):
    moocore = pytest.importorskip("moocore")
    rng = np.random.default_rng(d)
    for F in (rng.random((2000, d)), rng.integers(0, 5, (2000, d)).astype(float)):
        np.testing.assert_array_equal(pareto_rank(F), moocore.pareto_rank(F))


def test_layout_and_dtype_do_not_matter():
    F = np.random.default_rng(1).integers(0, 9, (50, 4)).astype(np.float64)
    expected = pareto_rank(F)
    before = F.copy()
    wide = np.zeros((100, 8))
    wide[::2, ::2] = F
    backwards = np.ascontiguousarray(F[::-1])[::-1]
    for same in (np.asfortranarray(F), wide[::2, ::2], backwards, F.tolist(), F.astype(np.float32), F.astype(np.int8)):
        np.testing.assert_array_equal(pareto_rank(same), expected)
    np.testing.assert_array_equal(F, before)


def test_k_spares_the_rest():
    F = np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [2.0, 2.0], [3.0, 3.0]])
    np.testing.assert_array_equal(pareto_rank(F, k=2), [0, 0, 1, 1, 1])
    np.testing.assert_array_equal(pareto_rank(F, k=3), [0, 0, 1, 2, 2])
    np.testing.assert_array_equal(pareto_rank(F, k=99), [0, 0, 1, 2, 3])


def test_errors_name_argument_value_and_rule():
    with pytest.raises(ValueError, match=r"`F` has a NaN in row 1, column 0"):
        pareto_rank([[0.0, 1.0], [np.nan, 1.0]])
    with pytest.raises(ValueError, match=r"`F` has shape \(3,\); expected \(N, d\)"):
        pareto_rank([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match=r"`F` has shape \(3, 0\)"):
        pareto_rank(np.zeros((3, 0)))
    with pytest.raises(TypeError, match="`F` has dtype complex128"):
        pareto_rank(np.zeros((3, 2), complex))
    with pytest.raises(ValueError, match="`k` is 0; expected at least 1"):
        pareto_rank([[1.0]], k=0)
    with pytest.raises(TypeError, match=r"`k` is 2\.0; expected an integer"):
        pareto_rank([[1.0]], k=2.0)


def test_native_code_has_its_own_guard():
    with pytest.raises(ValueError, match="expected at least one objective"):
        _rust.pareto_rank(np.zeros((3, 0)))
    with pytest.raises(TypeError):
        _rust.pareto_rank(np.zeros((3, 2), np.float32))


def test_a_tensor_gives_a_tensor():
    torch = pytest.importorskip("torch")
    F = np.random.default_rng(2).random((60, 3))
    ranks = pareto_rank(torch.from_numpy(F).requires_grad_())
    assert ranks.dtype == torch.int64
    np.testing.assert_array_equal(ranks.numpy(), pareto_rank(F))


TWIN = """
import numpy as np, torch
from marey.moo import pareto_rank
from marey.moo._triton.pareto_rank import pareto_rank as twin
rng = np.random.default_rng(0)
tables = [rng.random((n, d)) for n, d in ((0, 2), (1, 1), (1, 3), (127, 2), (300, 3), (260, 5))]
tables += [rng.integers(0, 4, (n, d)).astype(float) for n, d in ((129, 1), (300, 2), (140, 4))]
tables += [np.repeat(np.arange(200.0)[:, None], 2, 1), np.array([[0.0, -np.inf], [-0.0, 1.0], [np.inf, -np.inf]])]
for F in tables:
    for k in (None, 1, 37):
        np.testing.assert_array_equal(twin(torch.from_numpy(F), k=k).numpy(), pareto_rank(F, k=k))
for bad in (torch.tensor([[0.0], [float("nan")]]), torch.zeros(3)):
    try:
        twin(bad)
    except ValueError as error:
        assert "`F` has" in str(error)
    else:
        raise AssertionError("no error")
"""


def test_the_triton_twin_gives_the_same_ranks():
    pytest.importorskip("triton")
    environment = {**os.environ, "TRITON_INTERPRET": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(TWIN)], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_the_triton_twin_compiles():
    triton = pytest.importorskip("triton")
    from marey.moo._triton import pareto_rank as twin

    sizes = {"n": "i32", "d": "i32", "start": "i32"}
    for kernel, constants in (
        (twin.rank_from_earlier, {"BLOCK": twin.BLOCK, "EARLIER": twin.EARLIER_PER_PROGRAM}),
        (twin.rank_within, {"BLOCK": twin.BLOCK}),
    ):
        signature = {"points": "*fp64", "ranks": "*i64", **sizes, **dict.fromkeys(constants, "constexpr")}
        source = triton.compiler.ASTSource(fn=kernel, signature=signature, constexprs=constants)
        target = triton.backends.compiler.GPUTarget("cuda", 90, 32)
        compiled = triton.compile(source, target=target, options={"enable_fp_fusion": False})
        assert "ptx" in compiled.asm


@pytest.mark.gpu
@pytest.mark.parametrize(("n", "d"), [(1, 1), (1000, 2), (20_000, 3), (5000, 6)])
def test_cuda_equals_cpu(n, d):
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    F = np.random.default_rng(n).random((n, d))
    for k in (None, n // 2 + 1):
        ranks = pareto_rank(torch.from_numpy(F).cuda(), k=k)
        assert ranks.is_cuda
        np.testing.assert_array_equal(ranks.cpu().numpy(), pareto_rank(F, k=k))
