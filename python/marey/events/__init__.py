"""Irregular events of many subjects: readers, and the table they fill."""

from __future__ import annotations

from marey.events.events import Events as Events
from marey.events.physionet2012 import read_physionet2012 as read_physionet2012
from marey.events.report import ReadReport as ReadReport
from marey.events.report import Skipped as Skipped
