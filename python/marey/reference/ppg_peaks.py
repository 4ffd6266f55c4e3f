"""ppg_peaks in plain steps: filter, energy, two means, blocks."""

from __future__ import annotations

from typing import Any

import numpy as np

from marey.reference.sosfiltfilt import sosfiltfilt

__all__ = ["ppg_peaks", "sections"]


def sections(fs: float) -> Any:
    """Butterworth of second order: a high pass of 0.5 Hz, a low pass of 8 Hz, by the bilinear transform."""
    rows = []
    for hz, sign in ((0.5, -1), (8.0, 1)):
        k = np.tan(np.pi * hz / fs)
        a0 = 1 + np.sqrt(2) * k + k * k
        gain = (k * k if sign > 0 else 1) / a0
        rows.append([gain, 2 * sign * gain, gain, 1, 2 * (k * k - 1) / a0, (1 - np.sqrt(2) * k + k * k) / a0])
    return np.array(rows)


def around(x: Any, half: int) -> Any:
    return np.array([x[max(0, i - half) : i + half + 1].mean() for i in range(len(x))])


def ppg_peaks(x: Any, fs: float) -> Any:
    x = np.asarray(x, np.float64)
    fine = np.isfinite(x)
    if len(x) < 16 or not fine.any():
        return np.empty(0, np.int64)
    last = np.maximum.accumulate(np.where(fine, np.arange(len(x)), np.argmax(fine)))
    y = sosfiltfilt(sections(fs), x[last])
    energy = np.maximum(y, 0) ** 2
    inside = around(energy, round(0.111 * fs / 2)) > around(energy, round(0.667 * fs / 2)) + 0.02 * energy.mean()
    edges = np.flatnonzero(np.diff(np.concatenate([[0], inside, [0]])))
    peaks: list[int] = []
    for begin, end in edges.reshape(-1, 2):
        if end - begin < round(0.111 * fs):
            continue
        top = begin + int(np.argmax(y[begin:end]))
        if 0 < top < len(x) - 1 and (not peaks or top - peaks[-1] > 0.3 * fs):
            peaks.append(top)
    return np.array(peaks, np.int64)
