"""Timing on a CUDA GPU: device events, a cold L2, the share of the measured copy bandwidth."""

from __future__ import annotations

import contextlib
import json
import signal
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

__all__ = ["Report", "copy_bandwidth", "median_seconds"]


def median_seconds(function: Callable[[], Any], budget_s: float = 1.0) -> float:
    """Median of device times, each after the L2 was filled with something else; at least three, some within budget."""
    import torch

    other = torch.empty(2**28, dtype=torch.int8, device="cuda")
    for _ in range(2):
        function()
    torch.cuda.synchronize()
    times: list[float] = []
    deadline = time.monotonic() + budget_s
    while len(times) < 3 or (len(times) < 200 and time.monotonic() < deadline):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        other.zero_()
        begin.record()
        function()
        end.record()
        torch.cuda.synchronize()
        times.append(begin.elapsed_time(end) * 1e-3)
    return statistics.median(times)


def copy_bandwidth(gigabytes: int = 2) -> float:
    """Bytes read plus bytes written a second by a large copy within the device."""
    import torch

    source = torch.randint(0, 127, (gigabytes * 2**30,), dtype=torch.int8, device="cuda")
    target = torch.empty_like(source)
    return 2 * source.numel() / median_seconds(lambda: target.copy_(source))


class Report:
    """Rows of one run, on disk after each, so that a run cut short keeps what it measured."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.bandwidth = copy_bandwidth()
        self.rows: list[dict[str, Any]] = []
        self._write()

    def measure(
        self,
        case: str,
        contender: str,
        function: Callable[[], Any],
        *,
        check: Callable[[Any], None],
        moved: int,
        limit_s: float = 60.0,
    ) -> None:
        """Checks the answer, then times it. A contender that fails or takes too long is a row that says so.

        ``moved`` is the least bytes that the operation must read and write. What fails for marey fails the benchmark.
        """
        row: dict[str, Any] = {"case": case, "contender": contender, "moved": moved}
        try:
            with _time_limit(limit_s):
                check(function())
                row["median_s"] = median_seconds(function)
                row["of_copy"] = moved / row["median_s"] / self.bandwidth
        except Exception as error:
            row["failed"] = f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}"[:300]
            if contender.startswith("marey"):
                raise
        finally:
            self.rows.append(row)
            self._write()

    def _write(self) -> None:
        if self.path is not None:
            self.path.write_text(json.dumps({"copy_bytes_per_s": self.bandwidth, "rows": self.rows}, indent=1))


@contextlib.contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    def expire(*_: Any) -> None:
        raise TimeoutError(f"took longer than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
