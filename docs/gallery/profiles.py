"""Pictures of what comes again, and of what never does."""

from pathlib import Path

import numpy as np
from look import BLUE, GREY, INK, RED, figure

from marey.profile import matrix_profile
from marey.waveforms import read_wfdb


def odd_beat(data: Path):
    """Four minutes of a heart, how far each stretch of it is from the nearest other, and the least and most alike."""
    record = read_wfdb(data / "mitdb/100")
    fs, start, seconds = record.fs, 1400, 240
    first, last = round(start * fs), round((start + seconds) * fs)
    x = record["MLII"][first:last]
    m = round(0.7 * fs)
    profile = matrix_profile(x, m)
    [(odd, apart)] = profile.discords(1)
    [(one, other, alike)] = profile.motifs(1)
    t = start + np.arange(len(x)) / fs
    drawn = figure(5.4)
    grid = drawn.add_gridspec(3, 2, height_ratios=(1, 1, 1.1))
    top = drawn.add_subplot(grid[0, :])
    below = drawn.add_subplot(grid[1, :], sharex=top)
    top.plot(t, x, color=INK, linewidth=0.4)
    top.set(ylabel="mV", title=f"four minutes of MIT-BIH record 100, {len(x):,} samples", xlim=(t[0], t[-1]))
    top.tick_params(labelbottom=False)
    below.plot(t[: len(profile)], profile.distance, color=INK, linewidth=0.5)
    below.plot(t[odd], apart, "v", color=RED, markersize=7, label="farthest from any other")
    below.plot(t[[one, other]], profile.distance[[one, other]], "o", color=BLUE, markersize=5, label="most alike")
    below.set(xlabel="s", ylabel="distance", ylim=(0, None), title=f"matrix profile, windows of {m / fs:.1f} s")
    below.legend(loc="lower right", ncols=2, bbox_to_anchor=(1, 0.96), borderaxespad=0)
    marks = record.annotations.between(first, last)
    for sample, symbol, beat in zip(marks.sample, marks.symbol, marks.is_beat, strict=True):
        if beat and symbol != "N":
            for ax in (top, below):
                ax.axvline(sample / fs, color=RED, linewidth=6, alpha=0.2, zorder=0)
            top.text(sample / fs, 0.04, f" {symbol}", color=RED, ha="left", transform=top.get_xaxis_transform())
    ms = np.arange(m) / fs * 1000
    left, right = drawn.add_subplot(grid[2, 0]), drawn.add_subplot(grid[2, 1])
    left.plot(ms, x[one : one + m], color=BLUE, label=f"second {t[one]:.0f}")
    left.plot(ms, x[other : other + m], "--", color=INK, label=f"second {t[other]:.0f}")
    left.set(xlabel="ms", ylabel="mV", title=f"the two most alike: {alike:.2f}")
    near = int(profile.index[odd])
    right.plot(ms, x[odd : odd + m], color=RED, label=f"second {t[odd]:.0f}")
    right.plot(ms, x[near : near + m], color=GREY, label=f"its nearest, second {t[near]:.0f}")
    right.set(xlabel="ms", title=f"the one like no other: {apart:.1f}", ylim=left.get_ylim())
    right.autoscale(axis="y")
    for ax in (left, right):
        ax.legend(loc="best")
    return drawn


PICTURES = {"odd-beat": odd_beat}
