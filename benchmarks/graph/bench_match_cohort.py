"""match_cohort beside SciPy's assignment on the dense matrix: 2,000 treated, 20,000 controls, two controls each."""

from __future__ import annotations

import tracemalloc
from functools import partial

import numpy as np
import pytest

import marey
from contenders import measure
from marey.graph import match_cohort

CALIPERS = (1.0, 1.5, 2.0, None)


def cohort() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.normal(0.4, 1, (2000, 8)), rng.normal(size=(20_000, 8))


def by_scipy(x, y, caliper):
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    distance = cdist(x, y)
    if caliper is not None:
        distance[distance > caliper] = 1e4  # never worth it
    rows, columns = linear_sum_assignment(np.repeat(distance, 2, axis=0))
    length = distance[rows // 2, columns]
    made = length < 1e4
    return rows[made] // 2, columns[made], length[made]


@pytest.mark.parametrize("caliper", CALIPERS, ids=lambda c: f"caliper {c}")
@pytest.mark.parametrize("contender", ["marey", "SciPy, dense matrix"])
def test_match_cohort(benchmark, caliper, contender):
    pytest.importorskip("scipy")
    x, y = cohort()
    ours = partial(match_cohort, x, y, ratio=2, caliper=caliper, metric="euclidean")
    function = ours if contender == "marey" else partial(by_scipy, x, y, caliper)
    expected = by_scipy(x, y, caliper)

    def check(answer):
        pairs, length = (len(answer.control), answer.distance) if contender == "marey" else (len(answer[1]), answer[2])
        assert pairs == len(expected[1])
        # marey first gives as many treated as possible a control, which may cost some distance under a caliper.
        assert length.sum() <= expected[2].sum() * (1.01 if caliper else 1 + 1e-9)

    marey.set_num_threads(1)
    try:
        tracemalloc.start()
        function()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        measure(
            benchmark,
            f"match_cohort 2,000 with 20,000, 1:2, caliper {caliper}",
            contender,
            function,
            check=check,
            rounds=3,
            peak_python_mb=round(peak / 1e6, 1),
        )
    finally:
        marey.set_num_threads(0)
