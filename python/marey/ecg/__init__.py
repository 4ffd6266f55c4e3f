"""Electrocardiograms: beats and their waves, the intervals between them and their variability."""

from marey.ecg.beat_agreement import BeatAgreement as BeatAgreement
from marey.ecg.beat_agreement import beat_agreement as beat_agreement
from marey.ecg.delineate import Waves as Waves
from marey.ecg.delineate import delineate as delineate
from marey.ecg.hrv import HRV as HRV
from marey.ecg.hrv import hrv as hrv
from marey.ecg.qrs_detect import QrsDetector as QrsDetector
from marey.ecg.qrs_detect import qrs_detect as qrs_detect
from marey.ecg.report import EcgReport as EcgReport
from marey.ecg.report import report as report
from marey.ecg.rr_clean import rr_clean as rr_clean
from marey.ecg.signal_quality import Quality as Quality
from marey.ecg.signal_quality import signal_quality as signal_quality

__all__ = [
    "HRV",
    "BeatAgreement",
    "EcgReport",
    "QrsDetector",
    "Quality",
    "Waves",
    "beat_agreement",
    "delineate",
    "hrv",
    "qrs_detect",
    "report",
    "rr_clean",
    "signal_quality",
]
