"""multirocket, one kernel, dilation and series after the other."""

from __future__ import annotations

from typing import Any

import numpy as np

from marey.reference.minirocket import each_bias

__all__ = ["multirocket"]


def multirocket(
    X: Any, dilations: Any, counts: Any, biases: Any, *, lengths: Any = None, channel_index: Any = None,
    channel_offsets: Any = None,
) -> Any:  # fmt: skip
    table = each_bias(_pools, 4, X, dilations, counts, biases, lengths, channel_index, channel_offsets)
    return np.moveaxis(table, 2, 1).reshape(len(table), 4 * len(biases))


def _pools(c: Any, counted: Any, bias: Any) -> list[float]:
    above = (c > bias) & counted
    n, longest, run = int(above.sum()), 0, 0
    for passes in above:
        run = run + 1 if passes else 0
        longest = max(longest, run)
    share = n / int(counted.sum())
    return [share, longest, (c[above] - bias).mean() if n else 0.0, np.flatnonzero(above).mean() if n else -1.0]
