"""edge_softmax: attention weights over each node's arcs."""

from __future__ import annotations

from typing import Any, TypeVar

from marey.ragged import segment_softmax

__all__ = ["edge_softmax"]

ArrayT = TypeVar("ArrayT")


def edge_softmax(offsets: Any, scores: ArrayT) -> ArrayT:
    """Softmax of the arcs' scores within each node, as graph attention weighs a node's neighbours.

    Parameters
    ----------
    offsets : (R + 1,) int64
        Where each node's arcs begin and end, as ``Graph.offsets`` has it.
    scores : (arcs,) or (arcs, heads)
        Score of each arc, float32 or float64, NumPy or torch; -inf masks an arc.

    Returns
    -------
    like ``scores``
        Weights from 0 to 1, each node's sum 1, with a gradient in torch; for `spmm` take them head by head.

    Notes
    -----
    This is :func:`marey.ragged.segment_softmax` over the arcs. Velickovic et al., Graph attention networks, ICLR 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.graph import edge_softmax
    >>> edge_softmax(np.array([0, 2, 3]), np.array([1.0, 1.0, 7.0]))
    array([0.5, 0.5, 1. ])
    """
    return segment_softmax(scores, offsets)
