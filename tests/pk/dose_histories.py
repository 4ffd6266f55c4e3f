"""Dose histories of any kind, as Hypothesis draws them."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from marey import pk
from marey.pk._cases import people

MODELS = ["1cmt_iv", "1cmt_oral", "2cmt_iv", "2cmt_oral", "3cmt_iv", "3cmt_oral"]


@st.composite
def histories(draw: Any, scaled: bool = True) -> tuple[str, np.ndarray[Any, Any], pk.EventTable]:
    """Any rows of one to three subjects; times on a coarse grid, so that many coincide."""
    model = draw(st.sampled_from(MODELS))
    oral = model.endswith("oral")
    quarter = st.integers(0, 40).map(lambda k: k / 4)
    rows: list[dict[str, float]] = []
    n = draw(st.integers(1, 3))
    for i in range(n):
        for time in sorted(draw(st.lists(quarter, min_size=1, max_size=6))):
            evid = draw(st.sampled_from([0, 0, 1, 1, 1, 2, 3, 4]))
            row: dict[str, float] = {"id": i, "time": time, "evid": evid, "cmt": 1}
            if evid in (1, 4):
                row |= {"amt": draw(st.sampled_from([10.0, 25.0])), "rate": draw(st.sampled_from([0, 0, 3.0, 8.0]))}
                row |= {"cmt": draw(st.sampled_from([1, 2])) if oral else 1, "F": draw(st.sampled_from([1.0, 0.5]))}
                row |= {"lag": draw(st.sampled_from([0, 0, 0.25, 0.6]))}
                if draw(st.booleans()):
                    row |= {"ii": draw(st.sampled_from([1.0, 2.5, 6.0])), "addl": draw(st.integers(0, 3))}
                    row |= {"ss": draw(st.sampled_from([0, 0, 1, 2]))}
            rows.append(row)
    names = ("id", "time", "evid", "cmt", "amt", "rate", "ii", "addl", "ss", "lag", "F")
    events = pk.EventTable({name: [row.get(name, int(name == "F")) for row in rows] for name in names})
    scaled = scaled and draw(st.booleans())
    params = people(np.random.default_rng(draw(st.integers(0, 99))), model, n, scaled=scaled)
    if scaled:
        params[:, -1] = draw(st.sampled_from([0.0, 0.1]))
    return model, params, events
