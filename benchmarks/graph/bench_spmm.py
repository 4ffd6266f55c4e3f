"""spmm beside what torch users write, one thread each: gather and index_add, sparse CSR; and SciPy's product."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

import marey
from contenders import measure
from marey.graph import spmm
from marey.graph.spmm import SPEC

pytestmark = pytest.mark.filterwarnings("ignore:Sparse CSR tensor support:UserWarning")
CASES = [pytest.param(case, id=case.name) for case in SPEC.tagged("bench")]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(
    "contender", ["marey", "marey torch", "torch sparse CSR", "torch gather + index_add", "SciPy CSR"]
)
def test_spmm(benchmark, case, contender):
    torch, sparse = pytest.importorskip("torch"), pytest.importorskip("scipy.sparse")
    given = case.inputs("float32")
    offsets, targets, x, weights = (given[name] for name in ("offsets", "targets", "x", "weights"))
    shape = (len(offsets) - 1, len(x))
    matrix = sparse.csr_array((weights, targets, offsets), shape=shape)
    expected = matrix.astype("float64") @ x.astype("float64")
    o, t, v, w = (torch.from_numpy(a) for a in (offsets, targets, x, weights))
    rows = torch.from_numpy(np.repeat(np.arange(shape[0]), np.diff(offsets)))
    csr = torch.sparse_csr_tensor(o, t, w, size=shape, check_invariants=False)
    functions = {
        "marey": partial(spmm, offsets, targets, x, weights),
        "marey torch": partial(spmm, o, t, v, w),
        "torch sparse CSR": lambda: csr @ v,
        "torch gather + index_add": lambda: torch.zeros(shape[0], v.shape[1]).index_add_(0, rows, v[t] * w[:, None]),
        "SciPy CSR": lambda: matrix @ x,
    }

    sizes = sparse.csr_array((np.abs(weights), targets, offsets), shape=shape).astype("float64") @ np.abs(x)

    def check(answer):
        # Peers add up to 1,255 terms in float32: 3e-7 of the terms' sum measured, sixteen roundings allowed.
        assert (np.abs(np.asarray(answer) - expected) <= 1e-6 * sizes).all()

    _run(
        torch, lambda name: measure(benchmark, name, contender, functions[contender], check=check), f"spmm {case.name}"
    )


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("contender", ["marey torch", "torch gather + index_add"])
def test_spmm_with_gradients(benchmark, case, contender):
    torch = pytest.importorskip("torch")
    given = case.inputs("float32")
    offsets, targets, x, weights = (torch.from_numpy(given[n]) for n in ("offsets", "targets", "x", "weights"))
    rows = torch.repeat_interleave(torch.arange(len(offsets) - 1), offsets.diff())
    x.requires_grad_(True)
    weights.requires_grad_(True)

    def peer():
        return torch.zeros(len(offsets) - 1, x.shape[1]).index_add(0, rows, x[targets] * weights[:, None])

    def run(forward):
        return torch.autograd.grad(forward().sum(), (x, weights))

    ours = partial(spmm, offsets, targets, x, weights)
    expected = [g.double() for g in run(peer)]

    def check(answer):
        for found, wanted in zip(answer, expected, strict=True):
            torch.testing.assert_close(found.double(), wanted, rtol=0, atol=4e-5)  # 4e-6 measured, of values to 36

    function = partial(run, ours if contender == "marey torch" else peer)
    name = f"spmm and gradients, {case.name}"
    _run(torch, lambda name: measure(benchmark, name, contender, function, check=check), name)


def _run(torch, timed, name):
    marey.set_num_threads(1)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        timed(f"{name}, float32")
    finally:
        marey.set_num_threads(0)
        torch.set_num_threads(before)
