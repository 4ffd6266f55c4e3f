"""Photoplethysmograms: the pulse waves of a finger, an ear or a wrist."""

from marey.ppg.ppg_peaks import ppg_peaks as ppg_peaks

__all__ = ["ppg_peaks"]
