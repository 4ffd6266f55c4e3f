"""Electrocardiograms: heart beats, and what lies around and between them."""

from marey.ecg.qrs_detect import QrsDetector as QrsDetector
from marey.ecg.qrs_detect import qrs_detect as qrs_detect

__all__ = ["QrsDetector", "qrs_detect"]
