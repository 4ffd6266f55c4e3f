"""signal_quality: which stretches of a signal with beats can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marey._runtime import native
from marey._runtime.checks import check_dtype
from marey.ecg.qrs_detect import _as_signal, _check_fs

__all__ = ["Quality", "signal_quality"]


@dataclass(frozen=True, eq=False)
class Quality:
    """Window by window.

    Attributes
    ----------
    start_s, stop_s : (W,) float64
        Bounds of the window in seconds.
    acceptable : (W,) bool
        Whether a heart may beat so: 40 to 180 a minute, no gap over 3 s, the longest interval less than 2.2 times the
        shortest; and whether the beats look alike.
    n_beats : (W,) int64
    rate : (W,) float64
        Beats a minute, of the median interval.
    longest_s : (W,) float64
        Longest time without a beat.
    ratio : (W,) float64
        Longest interval over the shortest.
    correlation : (W,) float64
        Mean correlation of a beat with the mean beat.
    flat, missing : (W,) float64
        Share of samples that equal the one before; that are NaN or infinite.
    """

    start_s: NDArray[np.float64]
    stop_s: NDArray[np.float64]
    acceptable: NDArray[np.bool_]
    n_beats: NDArray[np.int64]
    rate: NDArray[np.float64]
    longest_s: NDArray[np.float64]
    ratio: NDArray[np.float64]
    correlation: NDArray[np.float64]
    flat: NDArray[np.float64]
    missing: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.start_s)

    def __repr__(self) -> str:
        return f"Quality({len(self):,} windows, {int(self.acceptable.sum()):,} acceptable)"


def signal_quality(
    x: Any, fs: float, beats: Any, *, window_s: float = 10.0, step_s: float | None = None, least: float = 0.66
) -> Quality:
    """Whether a heart may beat as it was told, and whether its beats look alike, window by window.

    Parameters
    ----------
    x : (T,)
        Electrocardiogram or photoplethysmogram, float32 or float64; integers are taken as float64.
    fs : float
        Sampling frequency in Hz.
    beats : (n,) int64
        Samples of its beats, rising, as `qrs_detect` or `marey.ppg.ppg_peaks` gives them.
    window_s, step_s : float
        Length of a window, and from the start of one to the next (by default the length), in seconds. What is left at
        the end is in no window.
    least : float
        Mean correlation from which beats look alike: 0.66 of an electrocardiogram, 0.86 of a photoplethysmogram.

    Returns
    -------
    Quality

    Raises
    ------
    ValueError, TypeError
        If an argument does not fit.

    Notes
    -----
    The index of Orphanidou et al. (IEEE J Biomed Health Inform 19:832, 2015), with their thresholds: a beat is as long
    as the window's median interval, centred on its peak. Linear time.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.ecg import qrs_detect, signal_quality
    >>> x = np.zeros(9000)
    >>> x[150::250] = 1.0
    >>> x = np.convolve(x, np.hanning(21), "same")
    >>> x[5000:] = np.random.default_rng(0).normal(size=4000)
    >>> quality = signal_quality(x, 250, qrs_detect(x, 250))
    >>> quality
    Quality(3 windows, 2 acceptable)
    >>> quality.acceptable
    array([ True,  True, False])
    """
    fs = _check_fs(fs)
    x = _as_signal(x)
    if x.ndim != 1:
        raise ValueError(f"`x` has shape {x.shape}; expected (T,)")
    beats = np.asarray(beats)
    if beats.size == 0:
        beats = beats.astype(np.int64)
    check_dtype("beats", beats, ("int64",))
    if beats.ndim != 1 or (np.diff(beats) <= 0).any() or (len(beats) and not 0 <= beats[0] <= beats[-1] < len(x)):
        raise ValueError("`beats` must be samples of `x`, (n,), rising")
    step_s = window_s if step_s is None else step_s
    width, step = round(window_s * fs), round(step_s * fs)
    if not (width >= 2 and step >= 1):
        raise ValueError(f"`window_s` is {window_s} and `step_s` {step_s}; expected lengths > 0 in seconds")
    n_windows = max(0, (len(x) - width) // step + 1)
    table = native.core().signal_quality(x, fs, np.ascontiguousarray(beats), width, step, n_windows)
    n_beats, rate, longest, ratio, correlation, flat, missing = np.ascontiguousarray(table.T)
    acceptable = (rate >= 40) & (rate <= 180) & (longest <= 3) & (ratio < 2.2) & (correlation >= least)
    start = np.arange(n_windows) * step / fs
    told = (rate, longest, ratio, correlation, flat, missing)
    return Quality(start, start + width / fs, acceptable, n_beats.astype(np.int64), *told)
