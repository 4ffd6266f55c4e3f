"""Recurrences over time."""

from marey.scan.causal_conv1d import causal_conv1d as causal_conv1d
from marey.scan.causal_conv1d_step import causal_conv1d_step as causal_conv1d_step
from marey.scan.decay_scan import decay_scan as decay_scan
from marey.scan.ema import EMAState as EMAState
from marey.scan.ema import ema as ema
from marey.scan.grud import GRUDParams as GRUDParams
from marey.scan.grud import grud as grud
from marey.scan.linear_recurrence import linear_recurrence as linear_recurrence
from marey.scan.lti_ssm import lti_ssm as lti_ssm
from marey.scan.mingru import mingru as mingru
from marey.scan.mingru import mingru_step as mingru_step
from marey.scan.s5_scan import s5_scan as s5_scan
from marey.scan.selective_scan import selective_scan as selective_scan
from marey.scan.selective_scan_step import selective_scan_step as selective_scan_step

__all__ = [
    "EMAState",
    "GRUDParams",
    "causal_conv1d",
    "causal_conv1d_step",
    "decay_scan",
    "ema",
    "grud",
    "linear_recurrence",
    "lti_ssm",
    "mingru",
    "mingru_step",
    "s5_scan",
    "selective_scan",
    "selective_scan_step",
]
