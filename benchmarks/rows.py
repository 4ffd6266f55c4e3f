"""What the rows of a benchmark table show, on a terminal and on a page."""

from __future__ import annotations

from typing import Any


def baseline(row: dict[str, Any], group: list[dict[str, Any]]) -> float:
    """For a peer marey's best time on as many threads, else, and for marey's own rows, its best on any number."""
    ours = [other for other in group if other["contender"].startswith("marey")]
    alike = [other for other in ours if row not in ours and other.get("threads") == row.get("threads")]
    return min((other["median_s"] for other in alike or ours), default=float("nan"))


def duration(seconds: float) -> str:
    unit, scale = next(((u, s) for u, s in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)) if seconds >= s), ("ns", 1e-9))
    return f"{seconds / scale:.3g} {unit}"
