"""ppg_peaks: the systolic peaks of a photoplethysmogram."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from marey._runtime import native
from marey._runtime.checks import check_dtype
from marey._runtime.doors import door, is_torch
from marey.filters import sosfiltfilt

__all__ = ["ppg_peaks"]

_LOW_HZ, _HIGH_HZ = 0.5, 8.0
_SHORTEST = 16  # samples: the filter's padding needs one more than 15


@door("x")
def ppg_peaks(x: Any, fs: float) -> Any:
    """Systolic peaks of one photoplethysmogram, or of each of a batch.

    Parameters
    ----------
    x : (T,) or (B, T)
        Signal in any unit, the pulse upwards; float32 or float64, integers are taken as float64. NaN and infinity are
        taken as the value before them.
    fs : float
        Sampling frequency in Hz, from 20 to 100,000.

    Returns
    -------
    indices : (n,) int64
        Samples of the peaks of the filtered signal, rising. For a batch ``(indices, offsets)``: the peaks of row ``b``
        are ``indices[offsets[b]:offsets[b + 1]]``.

    Raises
    ------
    ValueError, TypeError
        If the shape, the dtype or ``fs`` does not fit.

    Notes
    -----
    The method of Elgendi et al. (PLoS ONE 8:e76585, 2013): Butterworth filters of second order from 0.5 to 8 Hz,
    forward and backward; the square of what is positive; blocks, 111 ms long at least, in which its mean over 111 ms
    lies above its mean over 667 ms and 2 % of its mean over all. A block's peak is its highest value; none is told
    within 0.3 s of the last. Near the ends the filter knows one side only. Linear time; threads take whole rows.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.ppg import ppg_peaks
    >>> t = np.arange(800) / 100
    >>> ppg_peaks(np.sin(2 * np.pi * 1.25 * t) + 5, fs=100)
    array([ 19, 100, 180, 260, 340, 420, 500, 580, 660, 740])
    """
    if not 20 <= fs <= 100_000:
        raise ValueError(f"`fs` is {fs}; expected 20 to 100,000 Hz")
    if is_torch(x):
        if x.device.type != "cpu":
            raise TypeError(f"`x` is on {x.device}; peaks are found on the CPU: pass x.cpu()")
        import torch

        found = ppg_peaks(x.detach().numpy(), fs)
        return tuple(map(torch.from_numpy, found)) if isinstance(found, tuple) else torch.from_numpy(found)
    x = np.asarray(x)
    if x.dtype.kind in "iu":
        x = x.astype(np.float64)
    check_dtype("x", x, ("float32", "float64"))
    if x.ndim not in (1, 2):
        raise ValueError(f"`x` has shape {x.shape}; expected (T,) or (B, T)")
    rows = _held(np.atleast_2d(x).astype(np.float64))
    if rows.size and rows.shape[1] >= _SHORTEST:
        rows = sosfiltfilt(_sections(float(fs)), rows)
    else:
        rows = np.zeros((len(rows), 0))
    indices, offsets = native.core().ppg_peaks(rows, float(fs))
    return (indices, offsets) if x.ndim == 2 else indices


def _sections(fs: float) -> NDArray[np.float64]:
    """A high pass and a low pass, by the bilinear transform."""
    rows = []
    for hz, sign in ((_LOW_HZ, -1), (_HIGH_HZ, 1)):
        k = np.tan(np.pi * hz / fs)
        a0 = 1 + np.sqrt(2) * k + k * k
        gain = (k * k if sign > 0 else 1.0) / a0
        rows.append([gain, 2 * sign * gain, gain, 1.0, 2 * (k * k - 1) / a0, (1 - np.sqrt(2) * k + k * k) / a0])
    return np.array(rows)


def _held(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Missing samples take the value before them, those at the beginning the first; a row of none is zero."""
    fine = np.isfinite(x)
    if fine.all():
        return x
    for row, known in zip(x, fine, strict=True):
        if not known.any():
            row[:] = 0
        elif not known.all():
            row[:] = row[np.maximum.accumulate(np.where(known, np.arange(len(row)), np.argmax(known)))]
    return x
