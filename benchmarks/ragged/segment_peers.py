"""What a user would call instead of the segment operations."""

from __future__ import annotations

from typing import Any

import numpy as np


def row_of_each(offsets: np.ndarray) -> np.ndarray:
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))


def torch_segment_reduce(values: Any, offsets: Any, op: str) -> Any:
    import torch

    return torch.segment_reduce(values, op, offsets=offsets, axis=0)


def torch_index_add(values: Any, rows: Any, n_rows: int) -> Any:
    import torch

    return torch.zeros((n_rows, *values.shape[1:]), dtype=values.dtype).index_add_(0, rows, values)


def torch_scatter_reduce(values: Any, rows: Any, n_rows: int, op: str) -> Any:
    import torch

    start = torch.full((n_rows, *values.shape[1:]), -torch.inf if op == "amax" else torch.inf, dtype=values.dtype)
    index = rows.reshape(-1, *[1] * (values.ndim - 1)).expand_as(values)
    return start.scatter_reduce_(0, index, values, op, include_self=True)


def torch_scatter_softmax(values: Any, rows: Any, n_rows: int) -> Any:
    top = torch_scatter_reduce(values, rows, n_rows, "amax").index_select(0, rows)
    weights = (values - top).exp_()
    return weights / torch_index_add(weights, rows, n_rows).index_select(0, rows)
