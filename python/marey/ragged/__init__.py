"""Ragged data: rows of different lengths, one after the other, and the offsets between them."""

from marey.ragged.segment_reduce import segment_reduce as segment_reduce
from marey.ragged.segment_softmax import segment_softmax as segment_softmax

__all__ = ["segment_reduce", "segment_softmax"]
