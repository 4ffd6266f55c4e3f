"""Linear filters: SciPy's, with gradients, resets and float64 state."""

from marey.filters.filtfilt import filtfilt as filtfilt
from marey.filters.lfilter import lfilter as lfilter
from marey.filters.sosfilt import sosfilt as sosfilt
from marey.filters.sosfiltfilt import sosfiltfilt as sosfiltfilt

__all__ = ["filtfilt", "lfilter", "sosfilt", "sosfiltfilt"]
