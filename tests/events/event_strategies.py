"""Hypothesis strategies: cohorts of odd shapes."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from marey.events import Events

names = st.text(min_size=1, max_size=6)
float32 = st.floats(width=32, allow_infinity=False)


@st.composite
def cohorts(draw: st.DrawFn, dated: bool | None = None) -> Events:
    """Up to five subjects, some without an event, with repeated times, unused codes, missing values and statics."""
    ids = np.array(draw(st.lists(st.integers(-(2**63), 2**63 - 1), unique=True, max_size=5)), np.int64)
    sizes = draw(st.lists(st.integers(0, 6), min_size=len(ids), max_size=len(ids)))
    offsets = np.cumsum([0, *sizes]).astype(np.int64)
    vocab = tuple(draw(st.lists(names, unique=True, min_size=1, max_size=4)))
    total = int(offsets[-1])
    dated = draw(st.booleans()) if dated is None else dated
    minutes = draw(hnp.arrays(np.int64, total, elements=st.integers(-5, 60 * 48)))
    time: Any = minutes.astype("m8[m]") + np.datetime64("2020-02-29", "us") if dated else minutes / 60
    time = np.concatenate([np.sort(time[a:b]) for a, b in pairwise(offsets)] or [time])
    return Events(
        subject_id=ids,
        offsets=offsets,
        time=time,
        code=draw(hnp.arrays(np.int32, total, elements=st.integers(0, len(vocab) - 1))),
        value=draw(hnp.arrays(np.float32, total, elements=float32)),
        vocab=vocab,
        statics={
            "Age": draw(hnp.arrays(np.float32, len(ids), elements=float32)),
            "Ward": draw(hnp.arrays(np.int16, len(ids))),
        },
        labels={"death": draw(hnp.arrays(np.bool_, len(ids)))},
        source=draw(names),
    )
