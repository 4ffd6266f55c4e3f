"""segment_reduce beside torch.segment_reduce, index_add, scatter_reduce and NumPy's reduceat, one thread each."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import segment_peers as peers

import marey
from contenders import measure
from marey.ragged import segment_reduce
from marey.ragged.segment_reduce import SPEC

CASES = [pytest.param(case, id=case.name) for case in SPEC.tagged("bench") if not case.name.startswith(("min", "mean"))]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(
    "contender", ["marey", "marey torch", "torch.segment_reduce", "torch index_add or scatter_reduce", "numpy reduceat"]
)
def test_segment_reduce(benchmark, case, contender):
    torch = pytest.importorskip("torch")
    given = case.inputs("float32")
    values, offsets, op = given["values"], given["offsets"], given["op"]
    expected = segment_reduce(values.astype("float64"), offsets, op)
    v, o, rows = (torch.from_numpy(a) for a in (values, offsets, peers.row_of_each(offsets)))
    n = len(offsets) - 1
    ufunc = {"sum": np.add, "max": np.maximum, "logsumexp": np.logaddexp}[op]
    functions = {
        "marey": partial(segment_reduce, values, offsets, op),
        "marey torch": partial(segment_reduce, v, o, op),
        "numpy reduceat": partial(ufunc.reduceat, values, offsets[:-1], axis=0),
    }
    if op != "logsumexp":  # torch has no such reduction in one call
        functions["torch.segment_reduce"] = partial(peers.torch_segment_reduce, v, o, op)
        functions["torch index_add or scatter_reduce"] = (
            partial(peers.torch_index_add, v, rows, n)
            if op == "sum"
            else partial(peers.torch_scatter_reduce, v, rows, n, "amax")
        )
    if contender not in functions:
        pytest.skip(f"{contender} has no {op}")

    def check(answer):
        # Peers add float32 in float32, over rows of up to 1e7 values.
        scale = np.abs(expected).max() + np.sqrt(np.diff(offsets).max())
        np.testing.assert_allclose(np.asarray(answer), expected, atol=1e-4 * scale)

    marey.set_num_threads(1)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        moved = values.nbytes + offsets.nbytes + expected.nbytes // 2
        measure(
            benchmark, f"segment_reduce {case.name}, float32", contender, functions[contender], check=check, moved=moved
        )
    finally:
        marey.set_num_threads(0)
        torch.set_num_threads(before)
