"""segment_softmax beside what torch users write by scatter and index_add, one thread each."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import segment_peers as peers

import marey
from contenders import measure
from marey.ragged import segment_softmax
from marey.ragged.segment_softmax import SPEC

CASES = [pytest.param(case, id=case.name) for case in SPEC.tagged("bench")]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("contender", ["marey", "marey torch", "torch scatter_reduce + index_add"])
def test_segment_softmax(benchmark, case, contender):
    torch = pytest.importorskip("torch")
    given = case.inputs("float32")
    values, offsets = given["values"], given["offsets"]
    expected = segment_softmax(values.astype("float64"), offsets)
    v, o, rows = (torch.from_numpy(a) for a in (values, offsets, peers.row_of_each(offsets)))
    functions = {
        "marey": partial(segment_softmax, values, offsets),
        "marey torch": partial(segment_softmax, v, o),
        "torch scatter_reduce + index_add": partial(peers.torch_scatter_softmax, v, rows, len(offsets) - 1),
    }

    def check(answer):
        np.testing.assert_allclose(np.asarray(answer), expected, rtol=2e-3, atol=1e-7)  # peers sum in float32

    marey.set_num_threads(1)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        case_name = f"segment_softmax {case.name}, float32"
        measure(benchmark, case_name, contender, functions[contender], check=check, moved=2 * values.nbytes)
    finally:
        marey.set_num_threads(0)
        torch.set_num_threads(before)
