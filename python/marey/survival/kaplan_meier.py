"""kaplan_meier: the survival curve by the product limit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from marey._runtime import native
from marey.survival._curve import Curve, risk_table
from marey.survival._rows import Floats, normal_quantile, require_in

__all__ = ["KaplanMeier", "kaplan_meier"]

ConfType = Literal["log", "log-log", "plain", "arcsin", "logit"]
CONF_TYPES = ("log", "log-log", "plain", "arcsin", "logit")


@dataclass(frozen=True, repr=False)
class KaplanMeier(Curve):
    """Survival curves; ``estimate`` is the probability of living longer than ``time``."""

    conf_type: ConfType = "log"

    _start = 1.0

    @property
    def survival(self) -> Floats:
        """(m,) the estimate under its own name."""
        return self.estimate

    @cached_property
    def std_error(self) -> Floats:
        """(m,) of the survival, by Greenwood's formula; NaN where the curve has reached 0."""
        with np.errstate(invalid="ignore"):
            return self.estimate * np.sqrt(self.variance_sum)

    @cached_property
    def _limits(self) -> tuple[Floats, Floats]:
        S, z = self.estimate, self.z
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            error = np.sqrt(self.variance_sum)  # of log S
            if self.conf_type == "plain":
                low, high = S - z * S * error, S + z * S * error
            elif self.conf_type == "log":
                low, high = S * np.exp(-z * error), S * np.exp(z * error)
            elif self.conf_type == "log-log":
                spread = z * error / np.log(S)
                low, high = S ** np.exp(-spread), S ** np.exp(spread)
            elif self.conf_type == "logit":
                middle, spread = np.log(S) - np.log1p(-S), z * error / (1 - S)
                low, high = 1 / (1 + np.exp(spread - middle)), 1 / (1 + np.exp(-spread - middle))
            else:
                middle, spread = np.arcsin(np.sqrt(S)), z / 2 * error * np.sqrt(S / (1 - S))
                low = np.sin(np.maximum(0, middle - spread)) ** 2
                high = np.sin(np.minimum(np.pi / 2, middle + spread)) ** 2
        low, high = np.maximum(low, 0.0), np.minimum(high, 1.0)
        certain = self.variance_sum == 0
        low[certain] = high[certain] = 1.0
        ended = S == 0
        low[ended] = high[ended] = np.nan
        return low, high

    def quantile(self, p: float = 0.5) -> Floats:
        """(G,) the first time at which survival is 1 - ``p`` or less (the median by default); NaN if it never is.

        Where the curve is flat at exactly 1 - ``p``, the middle of that stretch, as R's ``quantile.survfit``.
        """
        if not 0 < p < 1:
            raise ValueError(f"`p` is {p}; expected a number between 0 and 1")
        found = np.full(len(self), np.nan)
        for g in range(len(self)):
            part = self._slice(g)
            S, time = self.estimate[part], self.time[part]
            tolerance = 1e-12  # a product of fractions misses 1 - p by a few roundings
            k = int(np.searchsorted(-S, -(1 - p) - tolerance))
            if k < len(S):
                below = int(np.searchsorted(-S, -(1 - p) + tolerance, side="right"))
                flat = abs(S[k] - (1 - p)) <= tolerance and below < len(S)
                found[g] = (time[k] + time[below]) / 2 if flat else time[k]
        return found

    def __repr__(self) -> str:
        lines = []
        for g, (label, median) in enumerate(zip(self.groups, self.quantile(), strict=True)):
            part = self._slice(g)
            n = self.n_at_risk[part][0] if part.stop > part.start else 0.0
            name = "" if label is None else f"{label}: "
            lines.append(f"{name}n = {n:g}, events = {self.n_events[part].sum():g}, median = {median:g}")
        return "KaplanMeier(" + "; ".join(lines) + ")"


def kaplan_meier(
    time: Any,
    event: Any,
    *,
    entry: Any = None,
    weights: Any = None,
    group: Any = None,
    conf_level: float = 0.95,
    conf_type: ConfType = "log",
) -> KaplanMeier:
    r"""The probability of living longer than each time, by the product limit.

    Parameters
    ----------
    time : (n,)
        Time of the event or of censoring, in any unit.
    event : (n,) bool, or 0 and 1
        Whether the event was seen.
    entry : (n,), optional
        Time from which on a row is at risk (left truncation): at risk on (entry, time].
    weights : (n,), optional
        Case weights, >= 0; a row of weight 2 counts as two rows.
    group : (n,), optional
        Labels; one curve for each.
    conf_level : float
        Of the confidence limits, point by point.
    conf_type : str
        Scale on which the limits are symmetric: ``"log"`` (R's default), ``"log-log"``, ``"plain"``, ``"arcsin"``,
        ``"logit"``.

    Returns
    -------
    KaplanMeier
        The curves, their limits, ``std_error``, ``quantile()``, ``at(times)``, ``to_frame()`` and ``plot()``.

    Raises
    ------
    ValueError, TypeError
        If an argument does not fit; the message names it and the first row at fault. NaN is refused.

    Notes
    -----
    :math:`S(t) = \prod_{t_k \le t} (1 - d_k / r_k)` with :math:`d_k` events among :math:`r_k` at risk; censorings at
    an event's time come after it. Greenwood: :math:`\mathrm{var} \log S = \sum d_k / (r_k (r_k - d_k))`. Times count as
    tied when they are the same double. Where the curve has reached 0 the limits are undefined: NaN. Source: Kaplan &
    Meier, J Am Stat Assoc 53:457, 1958.

    Examples
    --------
    Remission in weeks under 6-mercaptopurine (Freireich et al. 1963), the first ten of 21 patients:

    >>> from marey.survival import kaplan_meier
    >>> weeks = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13]
    >>> curve = kaplan_meier(weeks, [1, 1, 1, 0, 1, 0, 1, 0, 0, 1])
    >>> curve
    KaplanMeier(n = 10, events = 6, median = 10)
    >>> curve.survival.round(3)
    array([0.7  , 0.583, 0.583, 0.438, 0.438, 0.   ])
    """
    require_in("conf_type", conf_type, CONF_TYPES)
    normal_quantile(conf_level)
    labels, offsets, times, at_risk, events, censored = risk_table(time, event, entry, weights, group)
    survival, greenwood = native.core().survival_kaplan_meier(offsets, at_risk, events)
    return KaplanMeier(
        labels, offsets, times, at_risk, events, censored, survival, greenwood, float(conf_level), conf_type
    )
