"""What every fitted regression on hazards can tell of its coefficients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from marey.survival._rows import Floats, normal_quantile
from marey.survival._special import chi2_sf

__all__ = ["Coefficients"]


@dataclass(frozen=True, repr=False)
class Coefficients:
    """Estimates, their covariance, and tests that all of them are 0."""

    coef: Floats
    naive_var: Floats
    robust_var: Floats | None
    loglik: Floats
    score: float
    iterations: int
    status: str
    names: tuple[str, ...]

    @property
    def converged(self) -> bool:
        return self.status == "converged"

    @property
    def var(self) -> Floats:
        """(p, p) covariance of ``coef``: robust where there are clusters."""
        return self.naive_var if self.robust_var is None else self.robust_var

    @property
    def std_error(self) -> Floats:
        """(p,) of ``coef``."""
        return np.sqrt(np.diagonal(self.var))

    @property
    def likelihood_ratio(self) -> float:
        """Statistic of the likelihood ratio test that all coefficients are 0."""
        return float(2 * (self.loglik[1] - self.loglik[0]))

    @property
    def wald(self) -> float:
        """Statistic of the Wald test that all coefficients are 0."""
        return float(self.coef @ np.linalg.solve(self.var, self.coef))

    def to_frame(self, conf_level: float = 0.95) -> Any:
        """A pandas data frame, one row a covariate."""
        import pandas

        z = normal_quantile(conf_level)
        error = self.std_error
        return pandas.DataFrame(
            {
                "coef": self.coef,
                "hazard_ratio": np.exp(self.coef),
                "std_error": error,
                "lower": np.exp(self.coef - z * error),
                "upper": np.exp(self.coef + z * error),
                "z": self.coef / error,
                "p_value": [chi2_sf(float(c), 1) for c in (self.coef / error) ** 2],
            },
            index=list(self.names),
        )

    def plot(self, ax: Any = None, *, conf_level: float = 0.95) -> Any:
        """Draws hazard ratios with their intervals and gives the axes back."""
        if ax is None:
            from matplotlib import pyplot

            ax = pyplot.gca()
        places = np.arange(len(self.names))[::-1]
        ratio, spread = np.exp(self.coef), np.exp(normal_quantile(conf_level) * self.std_error)
        ax.errorbar(ratio, places, xerr=[ratio - ratio / spread, ratio * spread - ratio], fmt="o", capsize=3)
        ax.axvline(1.0, linewidth=0.8, color="gray")
        ax.set_yticks(places, self.names)
        ax.set_xscale("log")
        for axis_format in (ax.xaxis.set_major_formatter, ax.xaxis.set_minor_formatter):
            axis_format("{x:g}")  # 0.6, not a power of ten
        ax.set_xlabel("hazard ratio")
        return ax

    @property
    def _told(self) -> str:
        return ", ".join(
            f"{name} {c:+.4g} ({e:.3g})" for name, c, e in zip(self.names, self.coef, self.std_error, strict=True)
        )
