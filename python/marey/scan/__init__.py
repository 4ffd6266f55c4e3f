"""Recurrences over time."""

from marey.scan.decay_scan import decay_scan as decay_scan
from marey.scan.linear_recurrence import linear_recurrence as linear_recurrence

__all__ = ["decay_scan", "linear_recurrence"]
