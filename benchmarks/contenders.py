"""How a contender is timed: after its answer was checked, and with what it moved written down."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["measure"]


def measure(
    benchmark: Any,
    case: str,
    contender: str,
    function: Callable[[], Any],
    *,
    check: Callable[[Any], None] | None = None,
    moved: int | None = None,
    threads: int = 1,
    rounds: int = 7,
    **facts: Any,
) -> None:
    """Times ``function`` as ``contender`` in ``case``.

    ``check`` gets the answer first and raises where it is wrong. ``moved`` is the least bytes that the operation must
    read and write; the table shows the share of the copy bandwidth that it reached. ``facts`` are kept as they are.
    """
    answer = function()
    if check is not None:
        check(answer)
    benchmark.group = case
    benchmark.extra_info.update(
        contender=contender, threads=threads, load=round(os.getloadavg()[0], 1), **({"moved": moved} if moved else {})
    )
    benchmark.extra_info.update(facts)
    benchmark.pedantic(function, rounds=rounds, iterations=1, warmup_rounds=1)


def copy_bandwidth(megabytes: int = 256, repeats: int = 9) -> float:
    """Bytes read plus bytes written a second by the fastest of several large copies on one thread."""
    import time

    source = np.ones(megabytes * 2**20 // 8)
    target = np.ones_like(source)
    best = np.inf
    for _ in range(repeats):
        begin = time.perf_counter()
        np.copyto(target, source)
        best = min(best, time.perf_counter() - begin)
    return 2 * source.nbytes / best
