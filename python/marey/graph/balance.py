"""How alike treated and controls are before and after matching."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Balance"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class Balance:
    """Covariate by covariate, each array (d,), in the order of `names`.

    A standardised difference is that of the means over the root of the mean of both groups' variances before matching
    (Austin, Statistics in Medicine 28, 2009); below 0.1 is held to be balanced. Missing values are left out.
    """

    names: tuple[str, ...]
    """The covariates."""
    mean_treated: Floats
    """Mean over the matched treated."""
    mean_control: Floats
    """Mean over the matched controls, by their weights."""
    smd_before: Floats
    """Standardised mean difference of all treated and all controls; NaN for a constant covariate."""
    smd_after: Floats
    """The same of the matched ones."""
    variance_ratio_before: Floats
    """Variance of the treated over that of the controls."""
    variance_ratio_after: Floats
    """The same of the matched ones."""

    @classmethod
    def of(
        cls, names: tuple[str, ...], treated: Floats, control: Floats, treated_weight: Floats, control_weight: Floats
    ) -> Balance:
        """From the covariates of all, (T, d) and (C, d), and the weights of the matched."""
        ones = np.ones(len(treated)), np.ones(len(control))
        (mean_t, var_t), (mean_c, var_c) = _moments(treated, ones[0]), _moments(control, ones[1])
        spread = np.sqrt((var_t + var_c) / 2)
        spread = np.where(spread > 0, spread, np.nan)
        after_t, after_c = _moments(treated, treated_weight), _moments(control, control_weight)
        return cls(
            names=names,
            mean_treated=after_t[0],
            mean_control=after_c[0],
            smd_before=(mean_t - mean_c) / spread,
            smd_after=(after_t[0] - after_c[0]) / spread,
            variance_ratio_before=_ratio(var_t, var_c),
            variance_ratio_after=_ratio(after_t[1], after_c[1]),
        )

    def to_frame(self) -> Any:
        """A pandas data frame, one row a covariate."""
        import pandas as pd

        return pd.DataFrame(self._table(), index=list(self.names))

    def _table(self) -> dict[str, Floats]:
        return {
            "mean treated": self.mean_treated,
            "mean control": self.mean_control,
            "SMD before": self.smd_before,
            "SMD after": self.smd_after,
            "VR before": self.variance_ratio_before,
            "VR after": self.variance_ratio_after,
        }

    def love_plot(self, ax: Any = None, *, threshold: float = 0.1) -> Any:
        """Absolute standardised differences before and after, the largest on top; returns the matplotlib axes."""
        import matplotlib.pyplot as plt

        order = np.argsort(np.nan_to_num(np.abs(self.smd_before)), kind="stable")
        if ax is None:
            _, ax = plt.subplots(figsize=(6.0, 1.2 + 0.28 * len(order)), layout="constrained")
        rows = np.arange(len(order))
        before, after = np.abs(self.smd_before[order]), np.abs(self.smd_after[order])
        ax.hlines(rows, np.fmin(before, after), np.fmax(before, after), color="#c9c9c9", lw=1.5, zorder=1)
        ax.scatter(
            before, rows, s=34, facecolors="white", edgecolors="#b4451f", label="before", zorder=2, clip_on=False
        )
        ax.scatter(after, rows, s=34, color="#1f6f8b", label="after", zorder=3, clip_on=False)
        ax.axvline(threshold, color="#555555", lw=1, ls="--", zorder=0)
        ax.set_yticks(rows, [self.names[i] for i in order])
        ax.set_ylim(-0.6, len(order) - 0.4)
        ax.set_xlim(left=0)
        ax.set_xlabel("absolute standardised mean difference")
        ax.legend(loc="lower right", frameon=False)
        ax.spines[["top", "right"]].set_visible(False)
        return ax

    def __repr__(self) -> str:
        table = self._table()
        width = max([len(name) for name in self.names] + [9])
        head = " ".join([" " * width, *(f"{title:>12}" for title in table)])
        rows = [
            " ".join([f"{name:<{width}}", *(f"{column[j]:12.4g}" for column in table.values())])
            for j, name in enumerate(self.names)
        ]
        return "\n".join([head, *rows])

    def _repr_html_(self) -> str:
        from html import escape

        table = self._table()
        head = "".join(f"<th>{title}</th>" for title in ("", *table))
        body = "".join(
            f"<tr><th>{escape(name)}</th>" + "".join(f"<td>{c[j]:.4g}</td>" for c in table.values()) + "</tr>"
            for j, name in enumerate(self.names)
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _moments(values: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Weighted mean and variance of each column, the latter unbiased for equal weights; NaN where nothing is."""
    seen = ~np.isnan(values)
    w = np.where(seen, weight[:, None], 0.0)
    total, squares = w.sum(axis=0), (w**2).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (w * np.where(seen, values, 0.0)).sum(axis=0) / total
        apart = (w * np.where(seen, values - mean, 0.0) ** 2).sum(axis=0)
        variance = apart * total / (total**2 - squares)
    return mean, variance


def _ratio(a: Floats, b: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(b > 0, a / b, np.nan)
