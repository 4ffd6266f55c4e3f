"""Recurrences over time."""

from marey.scan.decay_scan import decay_scan as decay_scan

__all__ = ["decay_scan"]
