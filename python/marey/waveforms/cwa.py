"""read_cwa: recordings of Axivity AX3 and AX6."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
from numpy.typing import NDArray

from marey._runtime import native

__all__ = ["CwaRecording", "read_cwa"]

_EPOCH = datetime(1970, 1, 1)
_LONGEST_JOIN_S = 1.0  # blocks further apart than they should be by more than this have a gap between them


@dataclass(frozen=True, eq=False, repr=False)
class CwaRecording:
    """A recording as the device made it; its clock has no time zone.

    Attributes
    ----------
    acc : (3, N)
        Acceleration in g, sample after sample; gaps have no samples.
    gyro : (3, N) or None
        Angular rate in degrees a second, of an AX6.
    fs : float
        Nominal frequency in Hz; the device's own clock strays by some parts in a thousand.
    time : (N,) float64
        Seconds from ``start``, by the block's time stamps.
    start : datetime
        Time of the first sample.
    block : (n,) int64
        First sample of each block, which is what the next four are by.
    temperature, light, battery : (n,) float64
        In degrees Celsius, in raw units, in V.
    gaps : (k, 2) float64
        Seconds from ``start`` at which samples end and begin again.
    device, session : int
    range_g : int
        The largest acceleration told.
    metadata : dict
        What was written when the device was set up.
    bad_blocks : int
        Left out, with ``check=False``.
    """

    acc: NDArray[Any]
    gyro: NDArray[Any] | None
    fs: float
    time: NDArray[np.float64]
    start: datetime
    block: NDArray[np.int64]
    temperature: NDArray[np.float64]
    light: NDArray[np.float64]
    battery: NDArray[np.float64]
    gaps: NDArray[np.float64]
    device: int
    session: int
    range_g: int
    metadata: dict[str, str]
    bad_blocks: int

    @property
    def duration_s(self) -> float:
        """From the first sample to behind the last."""
        return float(self.time[-1] + 1 / self.fs) if len(self.time) else 0.0

    def uniform(self, fs: float | None = None) -> NDArray[Any]:
        """(3, T): ``acc`` on an even grid from ``start`` on, linearly between samples; NaN within gaps.

        Parameters
        ----------
        fs : float, optional
            Of the grid, in Hz; the nominal frequency by default.
        """
        fs = self.fs if fs is None else float(fs)
        if not (0 < fs < 1e6):
            raise ValueError(f"`fs` is {fs}; expected a frequency in Hz")
        grid = np.arange(round(self.duration_s * fs)) / fs
        out = np.empty((3, len(grid)), self.acc.dtype)
        for axis in range(3):
            out[axis] = np.interp(grid, self.time, self.acc[axis]) if len(self.time) else np.nan
        for begin, end in self.gaps:
            out[:, np.searchsorted(grid, begin, "right") : np.searchsorted(grid, end, "left")] = np.nan
        return out

    def __repr__(self) -> str:
        gaps = f", {len(self.gaps)} gaps" if len(self.gaps) else ""
        return (
            f"CwaRecording(device {self.device}, {self.acc.shape[1]:,} samples at {self.fs:g} Hz, "
            f"{self.start:%Y-%m-%d %H:%M:%S} + {timedelta(seconds=round(self.duration_s))}{gaps})"
        )


def read_cwa(path: str | os.PathLike[str], *, dtype: Any = np.float32, check: bool = True) -> CwaRecording:
    """Reads a recording of an Axivity AX3 or AX6.

    Parameters
    ----------
    path
        A ``.cwa`` file.
    dtype
        float32 (every raw value is exact in it) or float64.
    check : bool
        False leaves out blocks that are broken, which then are gaps, and a last one that is not whole.

    Returns
    -------
    CwaRecording

    Raises
    ------
    ValueError
        If a header or block is broken, truncated or says what cannot be; the text has the byte. With ``check=False``
        for the header alone.

    Notes
    -----
    The format is that of Open Movement's ``cwa.h``: samples of ten bits with an exponent, or of 16 bits; three axes,
    or six with a gyroscope. Between the time stamps of successive blocks the samples are spread evenly.
    """
    dtype = np.dtype(dtype)
    if dtype not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise TypeError(f"`dtype` is {dtype}; expected float32 or float64")
    raw = native.core().read_cwa(Path(path).read_bytes(), check, dtype == np.float32)
    if raw["problem"] is not None and (check or "acc" not in raw):
        text, offset = raw["problem"]
        way_out = "; check=False leaves out what is broken" if "acc" in raw else ""
        raise ValueError(f"{path}: {text} (byte {offset:,}){way_out}")
    time, gaps, order = _times(raw)
    if not order:
        raise ValueError(f"{path}: the clock goes back by more than a second between blocks")
    start = float(time[0]) if len(time) else max(0.0, float(raw["starts"]))
    return CwaRecording(
        acc=raw["acc"],
        gyro=raw["gyro"],
        fs=raw["fs"],
        time=time - start,
        start=_EPOCH + timedelta(seconds=start),
        block=raw["first"],
        temperature=raw["temperature"],
        light=raw["light"],
        battery=raw["battery"],
        gaps=gaps - start,
        device=raw["device"],
        session=raw["session"],
        range_g=raw["range"],
        metadata=dict(parse_qsl(raw["annotation"])),
        bad_blocks=raw["bad"],
    )


def _times(raw: dict[str, Any]) -> tuple[NDArray[np.float64], NDArray[np.float64], bool]:
    """Of each sample, of each gap, and whether the clock never went back."""
    fs, begins, samples = raw["fs"], raw["time"], raw["samples"]
    n = len(begins)
    expected = begins + samples / fs
    if n == 0:
        return np.empty(0), np.empty((0, 2)), True
    late = begins[1:] - expected[:-1]
    joined = np.abs(late) < _LONGEST_JOIN_S
    joined &= (raw["sequence"][1:] - raw["sequence"][:-1] == 1) & (raw["sessions"][1:] == raw["sessions"][:-1])
    # Behind a block that is not followed by the next, samples keep the nominal spacing.
    ends = np.append(np.where(joined, begins[1:], expected[:-1]), expected[-1])
    if not joined.all():
        overlap = np.append(late, 0.0)
        ends = np.where((overlap < 0) & (overlap > -_LONGEST_JOIN_S), np.append(begins[1:], np.inf), ends)
    step = (ends - begins) / np.maximum(samples, 1)
    within = np.arange(int(samples.sum())) - np.repeat(raw["first"], samples)
    time = np.repeat(begins, samples) + within * np.repeat(step, samples)
    apart = np.flatnonzero(~joined & (late > 1.5 / fs))
    gaps = np.stack([ends[apart] - step[apart], begins[apart + 1]], 1)
    return time, gaps, bool((late > -_LONGEST_JOIN_S).all()) and bool((np.diff(time) > 0).all())
