"""cumulative_dynamic_auc: can a risk tell who will have had the event by a time?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from marey._runtime import native
from marey.survival._censoring import checked_weights
from marey.survival._rows import Floats
from marey.survival.kaplan_meier import kaplan_meier

__all__ = ["DynamicAUC", "cumulative_dynamic_auc"]


@dataclass(frozen=True)
class DynamicAUC:
    """Areas under time-dependent ROC curves: ``auc`` (T,) at ``times`` (T,), and ``mean`` over the events."""

    times: Floats
    auc: Floats
    mean: float

    def plot(self, ax: Any = None) -> Any:
        """Draws the areas over time and gives the axes back."""
        if ax is None:
            from matplotlib import pyplot

            ax = pyplot.gca()
        (line,) = ax.plot(self.times, self.auc, marker="o", markersize=3)
        ax.axhline(self.mean, linestyle="--", linewidth=0.8, color=line.get_color())
        ax.set_xlabel("time")
        ax.set_ylabel("AUC")
        return ax


def cumulative_dynamic_auc(time: Any, event: Any, risk: Any, times: Any, *, censoring: Any = None) -> DynamicAUC:
    r"""How often, at each time, a row that has had the event by then has a higher risk than one that has not.

    Parameters
    ----------
    time : (n,)
        Time of the event or of censoring.
    event : (n,) bool, or 0 and 1
        Whether the event was seen.
    risk : (n,) or (n, T)
        Predicted risk, one for all times or one for each: a higher value means an earlier event.
    times : (T,)
        Rising, all before the largest of ``time``, none before the first event.
    censoring : pair of (m,), optional
        ``(time, event)`` of the rows that the curve of censoring is taken from; these rows themselves if left out.

    Returns
    -------
    DynamicAUC
        The areas, and their mean weighted by how much the survival curve of these rows falls between the times.

    Raises
    ------
    ValueError, TypeError
        If an argument does not fit, no event lies at or before one of ``times``, or nobody is uncensored then.

    Notes
    -----
    With cases :math:`T_i \le t` weighed by :math:`w_i = \mathrm{event}_i / G(T_i-)` and controls :math:`T_j > t`:
    :math:`\sum_{ij} w_i ([r_i > r_j] + [r_i = r_j] / 2) / \sum_{ij} w_i`. The risks are sorted once, or once for each
    time; then O(n) a time. Source: Uno et al., J Am Stat Assoc 102:527, 2007.

    Examples
    --------
    >>> from marey.survival import cumulative_dynamic_auc
    >>> time, event, risk = [2.0, 4.0, 5.0, 7.0, 8.0], [1, 1, 0, 1, 0], [0.6, 0.3, 0.8, 0.1, 0.2]
    >>> cumulative_dynamic_auc(time, event, risk, [3.0, 6.0]).auc
    array([0.75, 1.  ])
    """
    at, wanted, case_weight, _ = checked_weights(time, event, times, censoring)
    risks = np.asarray(risk)
    if risks.dtype.kind not in "fiub":
        raise TypeError(f"`risk` has dtype {risks.dtype}; expected numbers")
    if risks.shape not in ((len(at),), (len(at), len(wanted))):
        raise ValueError(
            f"`risk` has shape {risks.shape}; expected (n,) or (n, T) with n, T = {len(at)}, {len(wanted)}"
        )
    columns = np.ascontiguousarray(risks.reshape(len(at), -1).T, dtype=np.float64)
    if np.isnan(columns).any():
        raise ValueError(f"`risk` of row {int(np.argmax(np.isnan(columns).any(axis=0)))} is NaN; expected a number")
    auc = np.minimum(native.core().survival_dynamic_auc(at, case_weight, wanted, columns), 1.0)  # 1 but for rounding
    if np.isnan(auc[0]):
        raise ValueError(f"`times` begins with {wanted[0]}, before the first event; expected times with events by then")
    alive = kaplan_meier(time, event).at(wanted)
    falls = -np.diff(alive, prepend=1.0)
    return DynamicAUC(wanted, auc, float(auc @ falls / (1 - alive[-1])))
