"""Electrocardiograms: beats, the intervals between them and their variability."""

from marey.ecg.hrv import HRV as HRV
from marey.ecg.hrv import hrv as hrv
from marey.ecg.qrs_detect import QrsDetector as QrsDetector
from marey.ecg.qrs_detect import qrs_detect as qrs_detect
from marey.ecg.rr_clean import rr_clean as rr_clean

__all__ = ["HRV", "QrsDetector", "hrv", "qrs_detect", "rr_clean"]
