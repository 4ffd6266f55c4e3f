"""aalen_johansen: the probability of each of several competing events."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from marey.survival._curve import risk_table
from marey.survival._rows import Floats, as_codes, as_outcome, normal_quantile, require_in

__all__ = ["AalenJohansen", "aalen_johansen"]


@dataclass(frozen=True, repr=False)
class AalenJohansen:
    """Cumulative incidences at the distinct times of every group, group after group.

    Attributes
    ----------
    groups : (G,)
        Labels of the groups; ``(None,)`` without groups.
    causes : (K,)
        Numbers of the causes, rising.
    offsets : (G + 1,) int64
        Group ``g`` lies at ``offsets[g]:offsets[g + 1]`` of the arrays below.
    time, n_at_risk, n_censored, survival : (m,)
        Distinct times; weights at risk just before and censored at them; probability of no event up to and at them.
    n_events, incidence, std_error : (m, K)
        Weights of events, and the probability that a cause's event has come, of each cause.
    conf_level : float
        Of ``lower`` and ``upper`` (m, K).
    """

    groups: NDArray[Any]
    causes: NDArray[np.int64]
    offsets: NDArray[np.int64]
    time: Floats
    n_at_risk: Floats
    n_censored: Floats
    survival: Floats
    n_events: Floats
    incidence: Floats
    std_error: Floats
    conf_level: float
    conf_type: Literal["log-log", "plain"]

    @cached_property
    def _limits(self) -> tuple[Floats, Floats]:
        F, z = self.incidence, normal_quantile(self.conf_level)
        if self.conf_type == "plain":
            return np.maximum(F - z * self.std_error, 0.0), np.minimum(F + z * self.std_error, 1.0)
        some = (F > 0) & (F < 1)
        inside = np.where(some, F, 0.5)
        spread = z * self.std_error / (inside * np.log(inside))
        return np.where(some, inside ** np.exp(-spread), F), np.where(some, inside ** np.exp(spread), F)

    @property
    def lower(self) -> Floats:
        """(m, K) lower confidence limits."""
        return self._limits[0]

    @property
    def upper(self) -> Floats:
        """(m, K) upper confidence limits."""
        return self._limits[1]

    def _slice(self, g: int) -> slice:
        return slice(int(self.offsets[g]), int(self.offsets[g + 1]))

    def at(self, times: Any) -> Floats:
        """The incidences at ``times``: (K, T), or (G, K, T) of several groups."""
        wanted, K = np.asarray(times, dtype=np.float64), len(self.causes)
        values = []
        for g in range(len(self.groups)):
            part = self._slice(g)
            steps = np.concatenate([np.zeros((1, K)), self.incidence[part]])
            values.append(np.moveaxis(steps[np.searchsorted(self.time[part], wanted, side="right")], -1, 0))
        return values[0] if len(values) == 1 else np.stack(values)

    def to_frame(self) -> Any:
        """A pandas data frame, one row a time and cause."""
        import pandas

        m, K = self.incidence.shape
        columns: dict[str, Any] = {}
        if self.groups[0] is not None:
            columns["group"] = np.repeat(np.repeat(self.groups, np.diff(self.offsets)), K)
        columns |= {"cause": np.tile(self.causes, m), "time": np.repeat(self.time, K)}
        columns |= {"n_at_risk": np.repeat(self.n_at_risk, K)}
        names = ("n_events", "incidence", "std_error", "lower", "upper")
        return pandas.DataFrame(columns | {name: getattr(self, name).ravel() for name in names})

    def plot(self, ax: Any = None, *, limits: bool = True) -> Any:
        """Draws the incidences as steps, causes by colour and groups by dashes, and gives the axes back."""
        if ax is None:
            from matplotlib import pyplot

            ax = pyplot.gca()
        dashes = ("-", "--", ":", "-.")
        for g, label in enumerate(self.groups):
            part = self._slice(g)
            for k, cause in enumerate(self.causes):
                style = {"color": f"C{k}", "linestyle": dashes[g % len(dashes)]}
                name = f"cause {cause}" + ("" if label is None else f", {label}")
                time = np.concatenate([[min(0.0, *self.time[part][:1])], self.time[part]])
                ax.step(time, np.concatenate([[0.0], self.incidence[part, k]]), where="post", label=name, **style)
                if limits:
                    low, high = self.lower[part, k], self.upper[part, k]
                    ax.fill_between(self.time[part], low, high, step="post", alpha=0.2, color=f"C{k}", linewidth=0)
        ax.set_xlabel("time")
        ax.set_ylabel("cumulative incidence")
        return ax

    def __repr__(self) -> str:
        lines = []
        for g, label in enumerate(self.groups):
            part = self._slice(g)
            ends = self.incidence[part][-1] if part.stop > part.start else np.zeros(len(self.causes))
            told = ", ".join(f"cause {c}: {F:.4g}" for c, F in zip(self.causes, ends, strict=True))
            lines.append(("" if label is None else f"{label}: ") + told)
        return "AalenJohansen(by the last time " + "; ".join(lines) + ")"


def aalen_johansen(
    time: Any,
    event: Any,
    *,
    entry: Any = None,
    weights: Any = None,
    group: Any = None,
    conf_level: float = 0.95,
    conf_type: Literal["log-log", "plain"] = "log-log",
) -> AalenJohansen:
    r"""The probability that the event of each cause has come by each time, other causes competing.

    Parameters
    ----------
    time : (n,)
        Time of the first event or of censoring.
    event : (n,) whole numbers
        0 where it was censored, else the number of the cause.
    entry, weights, group, conf_level
        As in :func:`marey.survival.kaplan_meier`.
    conf_type : str
        Scale on which the limits are symmetric: ``"log-log"`` or ``"plain"``.

    Returns
    -------
    AalenJohansen
        ``incidence``, ``std_error``, limits, ``survival``, ``at(times)``, ``to_frame()`` and ``plot()``.

    Raises
    ------
    ValueError, TypeError
        If an argument does not fit, or there is no event; the message names it and the first row at fault.

    Notes
    -----
    :math:`F_k(t) = \sum_{t_j \le t} S(t_j-)\, d_{kj} / r_j` with the Kaplan-Meier curve :math:`S` of any event;
    :math:`S + \sum_k F_k = 1`. The variance is that of the delta method,
    :math:`\sum_j (F_k(t) - F_k(t_j))^2 \frac{d_j}{r_j (r_j - d_j)} + S(t_j-)^2 \frac{d_{kj} (r_j - d_{kj})}{r_j^3}
    - 2 (F_k(t) - F_k(t_j)) S(t_j-) \frac{d_{kj}}{r_j^2}`, Greenwood's where there is one cause. Sources: Aalen &
    Johansen, Scand J Stat 5:141, 1978; Marubini & Valsecchi, Analysing Survival Data, 1995, chapter 10.

    Examples
    --------
    >>> from marey.survival import aalen_johansen
    >>> curve = aalen_johansen([1.0, 2.0, 3.0, 4.0, 5.0], [1, 2, 0, 1, 0])
    >>> curve
    AalenJohansen(by the last time cause 1: 0.5, cause 2: 0.2)
    >>> curve.at([2.5])
    array([[0.2],
           [0.2]])
    """
    require_in("conf_type", conf_type, ("log-log", "plain"))
    normal_quantile(conf_level)
    n = len(np.asarray(time))
    outcome = as_outcome(event, n, 1)
    codes = np.asarray(event).astype(np.int64)
    causes = np.unique(codes[codes != 0])
    if len(causes) == 0:
        raise ValueError("`event` marks no event; there is nothing to estimate")
    labels, offsets, times, at_risk, events, censored = risk_table(time, outcome != 0, entry, weights, group)
    groups = np.zeros(n, np.int64) if group is None else as_codes("group", group, n)[0]
    tick = _ticks(np.asarray(time, dtype=np.float64), groups, offsets, times)
    w = np.ones(n) if weights is None else np.asarray(weights, dtype=np.float64)
    n_events = np.zeros((len(times), len(causes)))
    for k, cause in enumerate(causes):
        own = codes == cause
        n_events[:, k] = np.bincount(tick[own], w[own], minlength=len(times))
    survival = np.empty(len(times))
    incidence, variance = np.empty(n_events.shape), np.empty(n_events.shape)
    for g in range(len(labels)):
        part = slice(int(offsets[g]), int(offsets[g + 1]))
        survival[part], incidence[part], variance[part] = _estimate(at_risk[part], events[part], n_events[part])
    return AalenJohansen(
        labels,
        causes,
        offsets,
        times,
        at_risk,
        censored,
        survival,
        n_events,
        incidence,
        np.sqrt(np.maximum(variance, 0.0)),
        float(conf_level),
        conf_type,
    )


def _ticks(time: Floats, groups: NDArray[np.int64], offsets: NDArray[np.int64], times: Floats) -> NDArray[np.int64]:
    """Where in ``times`` each row's time stands."""
    tick = np.empty(len(time), np.int64)
    for g in range(len(offsets) - 1):
        own = groups == g
        tick[own] = offsets[g] + np.searchsorted(times[offsets[g] : offsets[g + 1]], time[own])
    return tick


def _estimate(at_risk: Floats, events: Floats, of_cause: Floats) -> tuple[Floats, Floats, Floats]:
    """Survival (m,), incidences and their variances (m, K) of one group."""
    r = np.where(at_risk > 0, at_risk, 1.0)
    survival = np.cumprod(1 - events / r, dtype=np.float64)
    before = np.concatenate([[1.0], survival[:-1]])[:, None]
    r = r[:, None]
    share = before * of_cause / r
    F = np.cumsum(share, axis=0)
    left = at_risk - events
    a = np.divide(events, at_risk * left, out=np.zeros_like(left), where=left > 0)[:, None]  # no F moves once all left
    b = share / r
    c = before**2 * of_cause * (r - of_cause) / r**3
    sums = (np.cumsum(term, axis=0) for term in (a, a * F, a * F**2, b, b * F, c))
    a0, a1, a2, b0, b1, c0 = sums
    return survival, F, F * (F * a0 - 2 * a1) + a2 + c0 - 2 * (F * b0 - b1)
