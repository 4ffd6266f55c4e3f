"""Pictures of what comes again, and of what never does."""

from pathlib import Path

from look import RED

from marey.profile import matrix_profile
from marey.waveforms import read_wfdb


def odd_beat(data: Path):
    """Four minutes of a heart, how far each stretch of it is from the nearest other, and the least and most alike."""
    record = read_wfdb(data / "mitdb/100")
    fs, start, seconds = record.fs, 1400, 240
    first, last = round(start * fs), round((start + seconds) * fs)
    x = record["MLII"][first:last]
    drawn = matrix_profile(x, round(0.7 * fs)).plot(x, fs=fs, n=1)
    top, below = drawn.axes[:2]
    top.set(ylabel="mV", title=f"MIT-BIH record 100 from second {start}, a motif in colour, a discord in red")
    marks = record.annotations.between(first, last)
    for sample, symbol, beat in zip(marks.sample, marks.symbol, marks.is_beat, strict=True):
        if beat and symbol != "N":
            at = (sample - first) / fs
            below.axvline(at, color=RED, linewidth=6, alpha=0.2, zorder=0)
            top.text(at, 0.9, symbol, color=RED, ha="right", transform=top.get_xaxis_transform())
    return drawn


PICTURES = {"odd-beat": odd_beat}
