"""Pictures of beats held against each other along bent clocks."""

import itertools
from pathlib import Path

import numpy as np
from look import BLUE, GREEN, GREY, INK, MAP, ORANGE, figure

from marey import distance
from marey.waveforms import read_wfdb


def _cycles(data: Path):
    """Half an hour cut 0.25 s before each R peak, with the symbol of the beat that ends each piece, and the rate."""
    record = read_wfdb(data / "mitdb/100")
    marks = record.annotations
    beats, symbols = marks.sample[marks.is_beat], np.array(marks.symbol)[marks.is_beat]
    x = np.convolve(record["MLII"], np.ones(3) / 3, mode="same")[::3]  # 120 Hz will do
    cuts = (beats[1:] - round(0.25 * record.fs)) // 3
    pieces = [x[a:b] for a, b in itertools.pairwise(cuts)]
    return list(zip(pieces, symbols[2:], strict=True)), record.fs / 3


def one_beat_of_many(data: Path):
    """Beats of different lengths, their mean on a stretched clock and on a bent one, and one alignment."""
    cycles, fs = _cycles(data)
    rng = np.random.default_rng(1)
    normal = [x for x, symbol in cycles if symbol == "N"]
    early = [x for x, symbol in cycles if symbol == "A"]
    some = [normal[k] for k in rng.choice(len(normal), 60, replace=False)] + early
    length = round(np.median([len(x) for x in some]))
    packed, offsets = np.concatenate(some), np.cumsum([0, *map(len, some)])
    options = {"x_offsets": offsets, "window": round(0.45 * fs), "length": length}
    stretched = distance.dba(packed, rounds=0, **options)
    bent = distance.dba(packed, **options)
    soft = distance.soft_dtw_barycenter(packed, 0.02, **options)
    s = np.arange(length) / fs
    drawn = figure(6.2)
    grid = drawn.add_gridspec(2, 3, height_ratios=(1, 1.15))
    for column, (found, colour, title) in enumerate(
        (
            (stretched, GREY, "clocks stretched"),
            (bent, BLUE, "dba"),
            (soft, ORANGE, "soft_dtw_barycenter"),
        )
    ):
        ax = drawn.add_subplot(grid[0, column])
        for x in some:
            ax.plot(np.arange(len(x)) / fs, x, color=GREY, linewidth=0.3, alpha=0.5)
        ax.plot(s, found.center, color=INK if colour == GREY else colour, linewidth=1.8)
        ax.set(title=title, ylim=(-0.8, 1.1), xlim=(0, 1.0))
        if column == 0:
            ax.set_ylabel("mV")
    below = drawn.add_subplot(grid[1, :2])
    one, other = early[0], some[0]
    _, path = distance.dtw_path(one, other, window=options["window"])
    apart = 1.6
    for i, j in path[::2]:
        below.plot((i / fs, j / fs), (one[i], other[j] - apart), color=GREY, linewidth=0.6)
    below.plot(np.arange(len(one)) / fs, one, color=GREEN, linewidth=1.6, label="ends in an early beat")
    below.plot(np.arange(len(other)) / fs, other - apart, color=INK, linewidth=1.6, label="of the usual length")
    below.set(xlabel="s", yticks=(), title="dtw_path: which moments belong together")
    below.legend(loc="upper right")
    right = drawn.add_subplot(grid[1, 2])
    n = len(some)
    image = right.imshow(distance.msm_cdist(packed, c=0.05, x_offsets=offsets), cmap=MAP, extent=(0, n, n, 0))
    right.axhline(n - len(early), color="white", linewidth=0.8)
    right.axvline(n - len(early), color="white", linewidth=0.8)
    right.set(title="msm_cdist", xticks=(30, 76), xticklabels=("usual", "cut short"), yticks=())
    drawn.colorbar(image, ax=right, label="mV", shrink=0.85)
    return drawn


PICTURES = {"one-beat-of-many": one_beat_of_many}
