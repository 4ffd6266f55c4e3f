"""Waveform records: signals in physical units with the annotations that lie beside them."""

from marey.waveforms.cwa import CwaRecording as CwaRecording
from marey.waveforms.cwa import read_cwa as read_cwa
from marey.waveforms.record import Annotations as Annotations
from marey.waveforms.record import Record as Record
from marey.waveforms.wfdb import iter_wfdb as iter_wfdb
from marey.waveforms.wfdb import read_wfdb as read_wfdb

__all__ = ["Annotations", "CwaRecording", "Record", "iter_wfdb", "read_cwa", "read_wfdb"]
