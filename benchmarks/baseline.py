"""What a row of a benchmark table is compared with."""

from __future__ import annotations

from typing import Any


def baseline(row: dict[str, Any], group: list[dict[str, Any]]) -> float:
    """For a peer marey's best time on as many threads, else, and for marey's own rows, its best on any number."""
    ours = [other for other in group if other["contender"].startswith("marey")]
    alike = [other for other in ours if row not in ours and other.get("threads") == row.get("threads")]
    return min((other["median_s"] for other in alike or ours), default=float("nan"))
