"""Recurrences over time."""

from marey.scan.decay_scan import decay_scan as decay_scan
from marey.scan.grud import GRUDParams as GRUDParams
from marey.scan.grud import grud as grud

__all__ = ["GRUDParams", "decay_scan", "grud"]
