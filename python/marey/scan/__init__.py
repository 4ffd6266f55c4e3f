"""Recurrences over time."""

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

__all__ = [
    "EMAState",
    "GRUDParams",
    "decay_scan",
    "ema",
    "grud",
    "linear_recurrence",
    "lti_ssm",
    "mingru",
    "mingru_step",
    "s5_scan",
]
