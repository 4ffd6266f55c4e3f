"""Draws the pictures of the survival guide and prints its numbers: python docs/survival_figures.py

The data are published and come with scikit-survival: GBSG-2 (Schumacher et al. 1994) and BMT (Scrucca et al. 2007).
"""

from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use("Agg")
from matplotlib import pyplot
from sksurv.datasets import load_bmt, load_gbsg2

from marey.survival import (
    aalen_johansen,
    bootstrap_concordance,
    brier,
    concordance,
    cox_fit,
    cox_path_cv,
    cumulative_dynamic_auc,
    finegray_fit,
    integrated_brier,
    kaplan_meier,
    logrank,
    rmst,
)

OUT = Path(__file__).parent / "_static"
DAYS = 365.25


def save(figure, name):
    figure.tight_layout()
    figure.savefig(OUT / f"survival-{name}.png", dpi=90, metadata={"Software": None})
    pyplot.close(figure)


def gbsg2():
    """Covariates, years and event of 686 women with breast cancer."""
    table, y = load_gbsg2()
    X = table[["age", "tsize"]] / 10  # decades, centimetres
    X["nodes"] = np.log1p(table["pnodes"])
    X["progesterone"] = np.log1p(table["progrec"])
    X["oestrogen"] = np.log1p(table["estrec"])
    X["grade"] = table["tgrade"].map({"I": 1, "II": 2, "III": 3}).astype(float)
    X["postmenopausal"] = (table["menostat"] == "Post").astype(float)
    X["hormones"] = (table["horTh"] == "yes").astype(float)
    return X, y["time"] / DAYS, y["cens"]


def curves(X, time, event):
    group = np.where(X["hormones"] == 1, "hormones", "none")
    figure, ax = pyplot.subplots(figsize=(6, 3.6))
    curve = kaplan_meier(time, event, group=group)
    curve.plot(ax)
    ax.set(xlabel="years", ylabel="without recurrence", ylim=(0, 1))
    ax.legend()
    save(figure, "curves")
    print(curve, logrank(time, event, group), rmst(time, event, group=group, tau=5.0), sep="\n")


def regression(X, time, event):
    fit = cox_fit(X, time, event)
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.6))
    fit.plot(left)
    zph = fit.zph()
    k = X.columns.get_loc("progesterone")
    right.plot(zph.event_time, fit.coef[k] + zph.scaled[:, k], ".", markersize=3, color="gray")
    order = np.argsort(zph.event_time)
    smooth = np.convolve(fit.coef[k] + zph.scaled[order, k], np.ones(75) / 75, "valid")
    right.plot(zph.event_time[order][37:-37], smooth, color="C1")
    right.axhline(fit.coef[k], linestyle="--", linewidth=0.8, color="C0")
    right.set(xlabel="years", ylabel="coefficient of progesterone", ylim=(-1.5, 1.2))
    save(figure, "cox")
    print(fit.to_frame().round(3), zph.to_frame().round(4), sep="\n")


def judged(X, time, event):
    """Fitted on two rows of three, judged on the third."""
    test = np.arange(len(X)) % 3 == 2
    train = ~test
    cv = cox_path_cv(X[train], time[train], event[train])
    print(cv)
    fit = cox_fit(X[train], time[train], event[train])
    times = np.linspace(0.75, 5.0, 18)
    censoring = (time[train], event[train])
    survival = fit.predict_survival(X[test], times)
    null = np.broadcast_to(kaplan_meier(time[train], event[train]).at(times), survival.shape)
    area = cumulative_dynamic_auc(time[test], event[test], fit.predict(X[test]), times, censoring=censoring)
    figure, (left, middle, right) = pyplot.subplots(1, 3, figsize=(11, 3.4))
    cv.path.plot(left)
    for penalty in (cv.best, cv.best_1se):
        left.axvline(penalty, linestyle=":", linewidth=0.8, color="black")
    left.legend(fontsize=6, ncols=2, loc="upper right", bbox_to_anchor=(1.0, 0.88))
    area.plot(middle)
    middle.set(xlabel="years", ylim=(0.5, 0.85))
    for name, predicted in (("no covariates", null), ("Cox", survival)):
        score = brier(time[test], event[test], predicted, times, censoring=censoring)
        total = integrated_brier(time[test], event[test], predicted, times, censoring=censoring)
        right.plot(times, score, label=f"{name}, mean {total:.3f}")
    right.set(xlabel="years", ylabel="Brier score", ylim=(0, 0.3))
    right.legend()
    save(figure, "judged")
    index = concordance(time[test], event[test], fit.predict(X[test]))
    resampled = bootstrap_concordance(time[test], event[test], fit.predict(X[test]), n_replicates=2000)
    print(index.estimate, index.se, resampled.std_error, resampled.interval(), area.mean)


def competing():
    table, y = load_bmt()
    time, event = y["ftime"], y["status"]
    disease = np.where(table["dis"].astype(int) == 0, "ALL", "AML")
    curve = aalen_johansen(time, event, group=disease)
    figure, ax = pyplot.subplots(figsize=(6, 3.6))
    curve.plot(ax, limits=False)
    ax.set(xlabel="months", ylim=(0, 1))
    ax.legend(
        ["transplant-related death, ALL", "relapse, ALL", "transplant-related death, AML", "relapse, AML"], fontsize=8
    )
    save(figure, "competing")
    print(curve, curve.at([12.0, 24.0]).round(3), sep="\n")
    fit = finegray_fit((disease == "AML").astype(float)[:, None], time, event, cause=2)
    print(fit, fit.to_frame().round(3), sep="\n")


def main():
    rows = gbsg2()
    curves(*rows)
    regression(*rows)
    judged(*rows)
    competing()


if __name__ == "__main__":
    main()
