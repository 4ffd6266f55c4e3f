"""Draws _static/pk-*.png: python docs/pharmacokinetic_figures.py."""

from __future__ import annotations

import time as clock
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import least_squares

from marey import pk

HERE = Path(__file__).parent
WINDOW = (10.0, 20.0)  # mg/L
PEOPLE = 4000


def fit(dose: float, time: np.ndarray, conc: np.ndarray) -> np.ndarray:
    """log CL, V, KA of one subject."""
    events = pk.EventTable({"id": [1], "time": [0.0], "amt": [dose]})
    return least_squares(
        lambda x: pk.simulate("1cmt_oral", np.exp(x), events, time)[0] - conc,
        np.log([0.04, 0.5, 1.5]),
        lambda x: pk.simulate("1cmt_oral", np.exp(x), events, time, sens=True)[1][0] * np.exp(x),
        method="lm",
    ).x


def individuals(doses: np.ndarray, times: list[np.ndarray], concs: list[np.ndarray], logs: np.ndarray) -> None:
    figure, axes = plt.subplots(3, 4, figsize=(8.4, 5.6), sharex=True, sharey=True, layout="constrained")
    hours = np.linspace(0.0, 25.0, 200)
    events = pk.EventTable({"id": np.arange(12), "time": np.zeros(12), "amt": doses})
    curves = pk.simulate("1cmt_oral", np.exp(logs), events, hours)
    for i, ax in enumerate(axes.flat):
        ax.plot(hours, curves[i], color="C0")
        ax.plot(times[i], concs[i], "o", ms=3.5, color="0.25")
        ax.set_title(f"{i + 1}: {doses[i]:.2f} mg/kg", fontsize=9)
    figure.supxlabel("hours after the dose")
    figure.supylabel("theophylline, mg/L")
    figure.savefig(HERE / "_static/pk-theophylline.png", dpi=100)


def population(logs: np.ndarray, doses: np.ndarray, times: list[np.ndarray], concs: list[np.ndarray]) -> None:
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.4, 3.6), layout="constrained")
    drawn = np.random.default_rng(1).multivariate_normal(logs.mean(axis=0), np.cov(logs.T), PEOPLE)
    people = np.exp(drawn)
    hours = np.linspace(0.0, 25.0, 101)
    one = pk.EventTable({"id": np.arange(PEOPLE), "time": np.zeros(PEOPLE), "amt": np.full(PEOPLE, 4.5)})
    bands = np.quantile(pk.simulate("1cmt_oral", people, one, hours), [0.05, 0.5, 0.95], axis=0)
    left.fill_between(hours, bands[0], bands[2], color="C0", alpha=0.25, lw=0, label="5 to 95 % of 4,000")
    left.plot(hours, bands[1], color="C0", label="median")
    every = np.concatenate([c * 4.5 / d for c, d in zip(concs, doses, strict=True)])
    left.plot(np.concatenate(times), every, "o", ms=3, color="0.25", label="measured")
    left.set(xlabel="hours after the dose", ylabel="mg/L after 4.5 mg/kg")
    left.legend(frameon=False, fontsize=8)

    daily = np.arange(6.0, 31.0)
    begun, solved = clock.perf_counter(), 0
    for interval, style in ((6.0, "-"), (8.0, "--"), (12.0, ":")):
        grid = np.linspace(0.05, interval, 60)
        inside = []
        for amount in daily * interval / 24:
            columns = {"amt": amount, "ii": interval, "ss": 1, "time": 0.0}
            events = pk.EventTable(
                {"id": np.arange(PEOPLE)} | {name: np.full(PEOPLE, v) for name, v in columns.items()}
            )
            y = pk.simulate("1cmt_oral", people, events, grid)
            inside.append(100 * ((y.min(axis=1) >= WINDOW[0]) & (y.max(axis=1) <= WINDOW[1])).mean())
            solved += y.size
        right.plot(daily, inside, style, color="C0", label=f"every {interval:g} hours")
        print(f"every {interval:g} h: best {max(inside):.1f} % at {daily[int(np.argmax(inside))]:g} mg/kg a day")
    print(f"{solved:,} concentrations in {clock.perf_counter() - begun:.2f} s, tables and figure included")
    right.set(xlabel="mg/kg a day", ylabel="% within 10 to 20 mg/L all day", ylim=(0, None))
    right.legend(frameon=False, fontsize=8)
    figure.savefig(HERE / "_static/pk-population.png", dpi=100)


def neutrophils() -> None:
    figure, ax = plt.subplots(figsize=(6.4, 3.4), layout="constrained")
    days = np.linspace(0.0, 63.0, 500)
    cycles = 21 * 24.0 * np.arange(3)
    for k, per_m2 in enumerate((60, 75, 100)):
        micromol = per_m2 * 1.8 / 0.8079
        events = pk.EventTable({"id": [1] * 3, "time": cycles, "amt": [micromol] * 3, "rate": [micromol] * 3})
        circ = pk.simulate(pk.friberg, {}, events, days * 24).y[0, -1]
        ax.plot(days, circ, color=f"C{k}", label=f"{per_m2} mg/m²")
        print(per_m2, f"nadir {circ.min():.2f} on day {days[circ.argmin()]:.1f}")
    ax.axhline(0.5, color="0.5", lw=0.8, ls="--")
    ax.text(63, 0.53, "grade 4", ha="right", fontsize=8, color="0.4")
    ax.set(xlabel="days", ylabel="neutrophils, 10⁹/L", xlim=(0, 63), ylim=(0, None), xticks=np.arange(0, 64, 7))
    ax.legend(frameon=False, fontsize=8)
    figure.savefig(HERE / "_static/pk-neutrophils.png", dpi=100)


def main() -> None:
    mpl.use("Agg")
    table = np.loadtxt(HERE.parent / "tests/pk/theophylline.csv", delimiter=",", skiprows=1)
    rows = [table[table[:, 0] == i] for i in range(1, 13)]
    doses, times, concs = np.array([r[0, 2] for r in rows]), [r[:, 3] for r in rows], [r[:, 4] for r in rows]
    logs = np.array([fit(d, t, c) for d, t, c in zip(doses, times, concs, strict=True)])
    print("CL, V, KA:", np.exp(logs.mean(axis=0)).round(4), "log sd:", logs.std(axis=0, ddof=1).round(2))
    individuals(doses, times, concs, logs)
    population(logs, doses, times, concs)
    neutrophils()


if __name__ == "__main__":
    main()
