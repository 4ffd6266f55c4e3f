"""Pictures of irregularity: what beats keep of each other, and lose when their order is drawn by lot."""

from pathlib import Path

import numpy as np
from look import BLUE, GREY, ORANGE, figure
from matplotlib.ticker import FixedLocator, NullLocator

from marey import entropy
from marey.ecg import qrs_detect, rr_clean
from marey.waveforms import read_wfdb


def order_of_beats(data: Path):
    """Entropy by scale, and fluctuation by length of segment, beside two hundred shuffles."""
    record = read_wfdb(data / "mitdb/100")
    beats = qrs_detect(record["MLII"], record.fs)
    rr = rr_clean(np.diff(beats) / record.fs * 1000)
    rr = rr[np.isfinite(rr)]
    rng = np.random.default_rng(0)
    series = np.stack([rr, *(rng.permutation(rr) for _ in range(200))])  # one batch
    scales = 20
    by_scale = entropy.multiscale_entropy(series, r=0.15, scales=scales)
    alpha, sizes, fluctuation = entropy.dfa(series, return_fluctuation=True)
    drawn = figure(3.8)
    left, right = drawn.subplots(1, 2)
    for ax, x, y in ((left, np.arange(1, scales + 1), by_scale), (right, sizes, fluctuation)):
        low, middle, high = np.quantile(y[1:], (0.025, 0.5, 0.975), axis=0)
        ax.fill_between(x, low, high, color=GREY, alpha=0.35, lw=0, label="95 % of 200 shuffles")
        ax.plot(x, middle, color=GREY)
        ax.plot(x, y[0], "o-", color=BLUE, markersize=3.5, label="intervals in their order")
    left.set(xlabel="beats averaged", ylabel="sample entropy / nat", ylim=(0, None), xticks=(1, 5, 10, 15, 20))
    left.set_title("multiscale entropy")
    left.legend(loc="lower left")
    right.set(xscale="log", yscale="log", xlabel="beats in a segment", ylabel="fluctuation / ms")
    for axis, ticks in ((right.xaxis, (5, 10, 20, 50, 100, 200)), (right.yaxis, (20, 50, 100, 200))):
        axis.set_major_locator(FixedLocator(ticks))
        axis.set_major_formatter("{x:g}")
        axis.set_minor_locator(NullLocator())
    right.set_title(f"fluctuation: exponent {alpha[0]:.2f}, shuffled {np.median(alpha[1:]):.2f}")
    slope = np.exp(np.polyval(np.polyfit(np.log(sizes), np.log(fluctuation[0]), 1), np.log(sizes)))
    right.plot(sizes, slope, "--", color=ORANGE, linewidth=1, label="line of the exponent")
    right.legend(loc="upper left")
    return drawn


PICTURES = {"order-of-beats": order_of_beats}
