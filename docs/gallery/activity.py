"""Pictures of movement."""

from pathlib import Path

import numpy as np
from look import BLUE, GREEN, INK, ORANGE, PURPLE, figure

from marey import actigraphy
from marey.waveforms import read_cwa


def movement(data: Path):
    """Two and a half minutes of an AX3: raw axes, and what one pass tells of each second."""
    recording = read_cwa(data / "axivity/ax3_testfile.cwa")
    fs = 50
    acc = recording.uniform(fs)
    told = actigraphy.epochs(acc, fs, epoch=1, counts_epoch=1)
    drawn = figure(6.2)
    raw, size, angle, counts = drawn.subplots(4, 1, sharex=True, height_ratios=(1.3, 1, 1, 1))
    t = np.arange(acc.shape[1]) / fs
    for axis, name, colour in zip(acc, "xyz", (BLUE, ORANGE, GREEN), strict=True):
        raw.plot(t, axis, color=colour, linewidth=0.6, label=name)
    raw.legend(ncols=3, loc="lower right", bbox_to_anchor=(1, 0.98), borderaxespad=0)
    raw.set(ylabel="g", title=f"acceleration as device {recording.device} recorded it")
    second = np.arange(told.n_epochs) + 0.5
    size.bar(second, told.enmo * 1000, width=1, color=BLUE)
    size.set(ylabel="ENMO / mg", title="how hard it is moved")
    angle.plot(second, told.angle_z, color=PURPLE, drawstyle="steps-mid")
    angle.set(ylabel="degrees", ylim=(-95, 95), yticks=(-90, 0, 90), title="which way it lies: the angle of z")
    seconds = np.arange(told.counts.shape[1]) + 0.5
    counts.bar(seconds, np.linalg.norm(told.counts, axis=0), width=1, color=INK)
    counts.set(ylabel="counts", xlabel="s", title="counts of the three axes, as one vector", xlim=(0, t[-1]))
    return drawn


PICTURES = {"movement": movement}
