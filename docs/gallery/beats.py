"""Pictures of hearts: beats, their waves, their variability, their spectra, and the pulse."""

from pathlib import Path

import numpy as np
from look import BLUE, GREEN, GREY, INK, MAP, ORANGE, PURPLE, RED, figure

from marey.ecg import beat_agreement, delineate, hrv, qrs_detect, rr_clean, signal_quality
from marey.ppg import ppg_peaks
from marey.spectral import lomb_scargle
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


def waves(data: Path):
    """Every beat of half an hour on its R peak, and the QT interval against the beat's length."""
    record = read_wfdb(data / "mitdb/100")
    x, fs = record["MLII"], record.fs
    beats = qrs_detect(x, fs)
    found = delineate(x, fs, beats)
    before, after = round(0.32 * fs), round(0.52 * fs)
    inside = beats[(beats >= before) & (beats + after < len(x))]
    rows = x[inside[:, None] + np.arange(-before, after)]
    ms = np.arange(-before, after) / fs * 1000
    drawn = figure(3.8)
    left, right = drawn.subplots(1, 2, width_ratios=(1.7, 1))
    left.hist2d(np.tile(ms, len(rows)), rows.ravel(), bins=(len(ms), 150), range=((ms[0], ms[-1]), (-0.8, 1.6)),
                cmap="Greys", norm="log")  # fmt: skip
    for name, colour in (("p", GREEN), ("qrs", BLUE), ("t", ORANGE)):
        begin, end = getattr(found, f"{name}_onset"), getattr(found, f"{name}_offset")
        known = (begin >= 0) & (end >= 0)
        edges = [np.median((edge - beats)[known]) / fs * 1000 for edge in (begin, end)]
        left.axvspan(*edges, color=colour, alpha=0.18, lw=0)
        left.text(np.mean(edges), 1.55, name.upper(), color=colour, ha="center", va="top", fontweight="bold")
    left.set(xlabel="ms from the R peak", ylabel="mV", title=f"{len(rows):,} beats and the medians of their waves")
    rr = np.diff(beats) / fs * 1000
    normal = np.isfinite(rr_clean(rr))
    right.plot(rr[normal], found.qt_ms[1:][normal], ".", color=INK, alpha=0.25, markersize=4, markeredgewidth=0)
    right.plot(
        rr[~normal], found.qt_ms[1:][~normal], "o", color=RED, markersize=4, label="early beat, and the one behind"
    )
    right.set(xlabel="interval before / ms", ylabel="QT / ms", title="QT of each beat")
    right.legend(loc="lower right", handletextpad=0.2)
    return drawn


def variability(data: Path):
    """Intervals of half an hour, their variability in windows, and each interval against the next."""
    record = read_wfdb(data / "mitdb/100")
    beats = qrs_detect(record["MLII"], record.fs)
    rr, t = np.diff(beats) / record.fs * 1000, beats[1:] / record.fs
    clean = rr_clean(rr)
    told = hrv(clean, t=t, windows=120.0, step_s=10.0, domains=("time", "nonlinear"))
    drawn = figure(4.6)
    grid = drawn.add_gridspec(2, 2, width_ratios=(1.9, 1))
    top = drawn.add_subplot(grid[0, 0])
    below = drawn.add_subplot(grid[1, 0], sharex=top)
    right = drawn.add_subplot(grid[:, 1])
    left_out = np.isnan(clean)
    top.plot(t / 60, clean, color=INK, linewidth=0.5)
    top.plot(t[left_out] / 60, rr[left_out], "x", color=RED, markersize=4, label=f"left out ({left_out.sum()})")
    top.set(ylabel="interval / ms", title="intervals of MIT-BIH record 100")
    top.tick_params(labelbottom=False)
    top.legend(loc="lower right", bbox_to_anchor=(1, 0.98), borderaxespad=0, handletextpad=0)
    middle = (told.start_s + told.stop_s) / 120
    for name, colour in (("SDNN", BLUE), ("RMSSD", ORANGE)):
        below.plot(middle, told[f"HRV_{name}"], color=colour, label=name)
    below.set(xlabel="minutes", ylabel="ms", title="variability of two minutes", xlim=(0, 30), ylim=(0, None))
    below.legend(loc="lower right", ncols=2)
    whole = hrv(clean, t=t, domains=("nonlinear",))
    right.plot(clean[:-1], clean[1:], ".", color=INK, alpha=0.25, markersize=4, markeredgewidth=0)
    centre = np.nanmean(clean)
    turn = np.linspace(0, 2 * np.pi, 200)
    sd1, sd2 = (whole[f"HRV_{name}"][0] for name in ("SD1", "SD2"))
    along, across = 2 * sd2 * np.cos(turn), 2 * sd1 * np.sin(turn)
    right.plot(centre + (along - across) / np.sqrt(2), centre + (along + across) / np.sqrt(2), color=BLUE)
    right.set(xlabel="interval / ms", ylabel="the next / ms", aspect="equal")
    right.set_title(f"SD1 {sd1:.0f} ms, SD2 {sd2:.0f} ms")
    return drawn


def breathing(data: Path):
    """Spectra of what breathing does to the heights of R, beside those of the breathing that was recorded with them."""
    record = read_wfdb(data / "waveforms/03700181")
    x, fs = record["MCL1"], record.fs
    beats = qrs_detect(x, fs)
    around = x[np.clip(beats[:, None] + np.arange(-8, 9), 0, len(x) - 1)]
    height, t = np.ptp(around, axis=1), beats / fs
    breath = record["RESP"][::25]  # 5 Hz
    at = np.arange(len(breath)) * 25 / fs
    frequency = np.linspace(0.05, 0.6, 220)
    starts = np.arange(0.0, record.duration_s - 40, 4)

    def spectra(times, values):
        """Of each 40 seconds: ragged series, in one call."""
        rows = [(times >= s) & (times < s + 40) for s in starts]
        offsets = np.cumsum([0, *(row.sum() for row in rows)])
        joined = (np.concatenate([column[row] for row in rows]) for column in (times, values))
        return lomb_scargle(*joined, frequency, offsets=offsets)

    drawn = figure(5.0)
    axes = drawn.subplots(2, 1, sharex=True)
    for ax, power, title in (
        (axes[0], spectra(t, height), f"heights of {len(beats):,} QRS complexes, at the times of their beats"),
        (axes[1], spectra(at, breath), "breathing, by impedance"),
    ):
        field = ax.pcolormesh((starts + 20) / 60, frequency, power.T, cmap=MAP, vmin=0, rasterized=True)
        ax.set(ylabel="Hz", title=title)
        drawn.colorbar(field, ax=ax, label="share of variance", pad=0.01)
    axes[1].set_xlabel("minutes")
    return drawn


def pulse(data: Path):
    """Two minutes of a finger: pulses, the rate that they tell, and where they can be believed."""
    ms, x = np.loadtxt(data / "ppg/data2.csv", delimiter=",", skiprows=1).T
    fs = 1000 / np.diff(ms).mean()
    t = np.arange(len(x)) / fs
    peaks = ppg_peaks(x, fs)
    quality = signal_quality(x, fs, peaks, least=0.86)
    rate = 60 / np.diff(peaks / fs)
    drawn = figure(4.6)
    whole, below, near = drawn.subplots(3, 1, height_ratios=(1, 0.9, 1))
    whole.plot(t, x, color=INK, linewidth=0.5)
    whole.set(title="photoplethysmogram of a finger", ylabel="raw", xlim=(0, t[-1]))
    whole.tick_params(labelbottom=False)
    below.plot(peaks[1:] / fs, rate, ".", color=BLUE, markersize=4)
    below.set(ylabel="a minute", xlim=(0, t[-1]), ylim=(30, 190), xlabel="s")
    below.set_title("rate from pulse to pulse; grey: stretches that `signal_quality` refuses")
    for ax in (whole, below):
        for begin, end in zip(*(edge[~quality.acceptable] for edge in (quality.start_s, quality.stop_s)), strict=True):
            ax.axvspan(begin, end, color=GREY, alpha=0.25, lw=0)
    first, last = np.searchsorted(t, (80, 90))
    near.plot(t[first:last], x[first:last], color=INK, linewidth=0.9)
    shown = peaks[(peaks >= first) & (peaks < last)]
    near.plot(t[shown], x[shown], "v", color=PURPLE, markersize=6)
    near.set(title="ten seconds with their peaks", xlabel="s", ylabel="raw", xlim=(80, 90))
    return drawn


PICTURES = {
    "beats-in-noise": beats_in_noise,
    "waves": waves,
    "variability": variability,
    "breathing": breathing,
    "pulse": pulse,
}
