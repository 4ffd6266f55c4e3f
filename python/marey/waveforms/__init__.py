"""Waveform records: signals in physical units with the annotations that lie beside them."""

from marey.waveforms.record import Annotations as Annotations
from marey.waveforms.record import Record as Record
from marey.waveforms.wfdb import iter_wfdb as iter_wfdb
from marey.waveforms.wfdb import read_wfdb as read_wfdb

__all__ = ["Annotations", "Record", "iter_wfdb", "read_wfdb"]
