"""Large outputs get the memory of earlier ones, and never that of one still in use."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from marey.filters import sosfilt

SAME = np.array([[1.0, 0.0, 0.0, 1.0, 0.0, 0.0]])  # a filter that changes nothing


def large(value: float, channels: int = 3) -> np.ndarray:
    x = np.full((channels, 200_000), value)  # 4.8 MB: two huge pages and a half
    return sosfilt(SAME, x)


def test_the_memory_of_a_freed_output_serves_the_next() -> None:
    first = large(1.0)
    place = first.ctypes.data
    del first
    assert large(2.0).ctypes.data == place


def test_a_somewhat_smaller_output_takes_it_too_and_a_much_smaller_one_does_not() -> None:
    first = sosfilt(SAME, np.zeros((64, 100_000)))
    place = first.ctypes.data
    del first
    much = sosfilt(SAME, np.ones((32, 100_000)))
    assert much.ctypes.data != place
    somewhat = sosfilt(SAME, np.ones((60, 100_000)))
    assert somewhat.ctypes.data == place
    assert (somewhat == 1.0).all()


def test_outputs_in_use_share_nothing() -> None:
    kept = [large(float(i)) for i in range(4)]
    assert len({a.ctypes.data for a in kept}) == 4
    for i, a in enumerate(kept):
        assert (a == i).all()
        assert a.flags.writeable
        assert a.flags.c_contiguous


def test_a_view_keeps_its_memory() -> None:
    view = large(7.0)[1, ::1000]
    others = [large(8.0) for _ in range(3)]
    assert (view == 7.0).all()
    assert all((a == 8.0).all() for a in others)


def test_threads_get_memory_of_their_own() -> None:
    def work(i: int) -> bool:
        return all((large(float(i), channels=2 + i % 3) == i).all() for _ in range(10))

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(8)))


@pytest.mark.parametrize(("megabytes", "is_kept"), [("0", False), ("32", False), ("64", True), ("nonsense", True)])
def test_how_much_is_kept_is_the_users_choice(megabytes: str, is_kept: bool) -> None:
    """A fresh block of 51 MB faults at least once for each of its 25 huge pages, and one that was kept does not."""
    code = (
        "import numpy as np, resource; from marey.filters import sosfilt\n"
        "x = np.ones((64, 100_000)); sos = np.array([[1.0, 0, 0, 1, 0, 0]])\n"
        "sosfilt(sos, x)\n"
        "faults = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_minflt\n"
        "before = faults(); y = sosfilt(sos, x); print(faults() - before)"
    )
    environment = os.environ | {"MAREY_KEEP_MB": megabytes, "MAREY_NUM_THREADS": "1"}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert (int(run.stdout) < 20) == is_kept
