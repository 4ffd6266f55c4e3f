"""rmst: how long groups live, on average, up to a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marey.survival._rows import Floats, normal_quantile
from marey.survival.kaplan_meier import kaplan_meier

__all__ = ["RestrictedMean", "rmst"]


@dataclass(frozen=True)
class RestrictedMean:
    """Mean times lived up to ``tau``: ``estimate``, ``std_error``, ``lower`` and ``upper``, (G,) each."""

    tau: float
    groups: NDArray[Any]
    estimate: Floats
    std_error: Floats
    lower: Floats
    upper: Floats

    def to_frame(self) -> Any:
        """A pandas data frame, one row a group."""
        import pandas

        names = ("estimate", "std_error", "lower", "upper")
        return pandas.DataFrame({name: getattr(self, name) for name in names}, index=self.groups)


def rmst(
    time: Any,
    event: Any,
    *,
    tau: float | None = None,
    entry: Any = None,
    weights: Any = None,
    group: Any = None,
    conf_level: float = 0.95,
) -> RestrictedMean:
    r"""The mean time lived up to ``tau``: the area under the survival curve.

    Parameters
    ----------
    time, event, entry, weights, group, conf_level
        As in :func:`marey.survival.kaplan_meier`.
    tau : float, optional
        Up to which time; by default the largest time that every group was followed to.

    Returns
    -------
    RestrictedMean
        Estimate, standard error and limits of each group.

    Raises
    ------
    ValueError, TypeError
        If an argument does not fit, or ``tau`` lies beyond a group's last time while its curve is above 0.

    Notes
    -----
    :math:`\mu = \int_0^\tau S(t)\,dt` with variance :math:`\sum_{t_k \le \tau} (\int_{t_k}^\tau S)^2
    d_k / (r_k (r_k - d_k))`. Source: Royston & Parmar, BMC Med Res Methodol 13:152, 2013.

    Examples
    --------
    >>> from marey.survival import rmst
    >>> rmst([2.0, 4.0, 6.0, 8.0], [1, 1, 0, 1], tau=8.0).estimate
    array([5.5])
    """
    z = normal_quantile(conf_level)
    curve = kaplan_meier(time, event, entry=entry, weights=weights, group=group)
    lasts = [
        curve.time[curve._slice(g)][-1] if curve.offsets[g + 1] > curve.offsets[g] else 0.0 for g in range(len(curve))
    ]
    tau = float(min(lasts)) if tau is None else float(tau)
    if not (np.isfinite(tau) and tau > 0):
        raise ValueError(f"`tau` is {tau}; expected a number > 0")
    estimate, variance = np.zeros(len(curve)), np.zeros(len(curve))
    for g in range(len(curve)):
        part = curve._slice(g)
        times, S = curve.time[part], curve.estimate[part]
        if tau > lasts[g] and (len(S) == 0 or S[-1] > 0):
            raise ValueError(f"`tau` is {tau}, beyond the last time {lasts[g]} of group {curve.groups[g]}")
        inside = (times > 0) & (times <= tau)
        areas = np.diff(np.concatenate([[0.0], times[inside], [tau]])) * np.concatenate([[1.0], S[inside]])
        estimate[g] = areas.sum()
        after = areas[::-1].cumsum()[::-1][1:]  # area from each time to tau
        r, d = curve.n_at_risk[part][inside], curve.n_events[part][inside]
        left = r > d  # once all have died no area is left to vary
        variance[g] = np.sum(after[left] ** 2 * d[left] / (r[left] * (r[left] - d[left])))
    error = np.sqrt(variance)
    return RestrictedMean(tau, curve.groups, estimate, error, estimate - z * error, estimate + z * error)
