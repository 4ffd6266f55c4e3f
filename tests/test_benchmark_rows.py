"""What a row of the benchmark table is compared with."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path

import pytest

spec = importlib.util.spec_from_file_location("rows", Path(__file__).parent.parent / "benchmarks" / "rows.py")
assert spec is not None
assert spec.loader is not None
rows = importlib.util.module_from_spec(spec)
spec.loader.exec_module(rows)

OURS = {"contender": "marey", "threads": 1, "median_s": 4.0}
OURS_ON_TWO = {"contender": "marey, 2 threads", "threads": 2, "median_s": 2.0}


@pytest.mark.parametrize(("threads", "expected"), [(1, 4.0), (2, 2.0), (4, 2.0)])
def test_a_peer_is_compared_on_as_many_threads(threads: int, expected: float) -> None:
    peer = {"contender": "peer", "threads": threads, "median_s": 1.0}
    assert rows.baseline(peer, [OURS, OURS_ON_TWO, peer]) == expected


def test_our_own_rows_show_how_they_scale() -> None:
    assert rows.baseline(OURS, [OURS, OURS_ON_TWO]) == 2.0


def test_without_ours_there_is_no_ratio() -> None:
    peer = {"contender": "peer", "threads": 1, "median_s": 1.0}
    assert math.isnan(rows.baseline(peer, [peer]))


@pytest.mark.parametrize(
    ("seconds", "text"), [(41.0, "41 s"), (0.0217, "21.7 ms"), (5.61e-4, "561 µs"), (3e-8, "30 ns")]
)
def test_durations_have_three_digits_and_a_unit(seconds: float, text: str) -> None:
    assert rows.duration(seconds) == text
