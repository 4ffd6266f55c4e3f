"""Recurrences over time."""

from marey.scan.decay_scan import decay_scan as decay_scan
from marey.scan.grud import GRUDParams as GRUDParams
from marey.scan.grud import grud as grud
from marey.scan.linear_recurrence import linear_recurrence as linear_recurrence

__all__ = ["GRUDParams", "decay_scan", "grud", "linear_recurrence"]
