"""Pictures of hearts: beats, their waves, their variability, their spectra, and the pulse."""

from pathlib import Path

import numpy as np
from look import BLUE, GREY, INK, RED, figure

from marey.ecg import beat_agreement, qrs_detect
from marey.waveforms import read_wfdb


def beats_in_noise(data: Path):
    """Eight seconds under more and more noise, with what is found in the half hour."""
    record = read_wfdb(data / "mitdb/100")
    rng = np.random.default_rng(0)
    levels = (0.0, 0.1, 0.2, 0.4)  # mV
    leads = record["MLII"] + np.outer(levels, rng.standard_normal(record.n_frames))
    indices, offsets = qrs_detect(leads, record.fs)
    drawn = figure(6.2)
    axes = drawn.subplots(len(levels), 1, sharex=True)
    first, last = round(746 * record.fs), round(754 * record.fs)
    marks = record.annotations.between(first, last)
    for k, (ax, level, x) in enumerate(zip(axes, levels, leads, strict=True)):
        beats = indices[offsets[k] : offsets[k + 1]]
        agreement = beat_agreement(beats, record.annotations.beats, round(0.15 * record.fs))
        ax.plot(np.arange(first, last) / record.fs, x[first:last], color=INK, linewidth=0.6)
        shown = beats[(beats >= first) & (beats < last)]
        ax.plot(shown / record.fs, x[shown], "v", color=BLUE, markersize=6)
        ax.set_title(
            f"noise of {level:.1f} mV: sensitivity {agreement.sensitivity:.4f}, predictive value {agreement.ppv:.4f}"
        )
        ax.set_ylabel("mV")
        for sample, symbol in zip(marks.sample, marks.symbol, strict=True):
            ax.axvline(sample / record.fs, color=GREY if symbol == "N" else RED, linewidth=6, alpha=0.2, zorder=0)
    axes[-1].set(xlabel="s", xlim=(first / record.fs, last / record.fs))
    return drawn


PICTURES = {"beats-in-noise": beats_in_noise}
