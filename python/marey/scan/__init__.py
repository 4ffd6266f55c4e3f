"""Recurrences over time."""

from marey.scan.causal_conv1d import causal_conv1d as causal_conv1d
from marey.scan.causal_conv1d_step import causal_conv1d_step as causal_conv1d_step
from marey.scan.decay_scan import decay_scan as decay_scan
from marey.scan.grud import GRUDParams as GRUDParams
from marey.scan.grud import grud as grud
from marey.scan.linear_recurrence import linear_recurrence as linear_recurrence
from marey.scan.selective_scan import selective_scan as selective_scan
from marey.scan.selective_scan_step import selective_scan_step as selective_scan_step

__all__ = [
    "GRUDParams",
    "causal_conv1d",
    "causal_conv1d_step",
    "decay_scan",
    "grud",
    "linear_recurrence",
    "selective_scan",
    "selective_scan_step",
]
