"""Activity, posture, wear and sleep from raw acceleration."""

from marey.actigraphy.angle_z import angle_z as angle_z
from marey.actigraphy.calibration import Calibration as Calibration
from marey.actigraphy.calibration import calibrate as calibrate
from marey.actigraphy.counts import counts as counts
from marey.actigraphy.epochs import Epochs as Epochs
from marey.actigraphy.epochs import epochs as epochs
from marey.actigraphy.intensity import enmo as enmo
from marey.actigraphy.intensity import mad as mad
from marey.actigraphy.nonwear import nonwear as nonwear
from marey.actigraphy.report import ActivityReport as ActivityReport
from marey.actigraphy.report import report as report
from marey.actigraphy.rhythm import M10L5 as M10L5
from marey.actigraphy.rhythm import interdaily_stability as interdaily_stability
from marey.actigraphy.rhythm import intradaily_variability as intradaily_variability
from marey.actigraphy.rhythm import m10_l5 as m10_l5
from marey.actigraphy.sleep import sleep_window as sleep_window
from marey.actigraphy.sleep import sustained_inactivity as sustained_inactivity

__all__ = [
    "M10L5",
    "ActivityReport",
    "Calibration",
    "Epochs",
    "angle_z",
    "calibrate",
    "counts",
    "enmo",
    "epochs",
    "interdaily_stability",
    "intradaily_variability",
    "m10_l5",
    "mad",
    "nonwear",
    "report",
    "sleep_window",
    "sustained_inactivity",
]
