"""nelson_aalen: the cumulative hazard."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from marey._runtime import native
from marey.survival._curve import Curve, risk_table
from marey.survival._rows import Floats, normal_quantile, require_in

__all__ = ["NelsonAalen", "nelson_aalen"]


@dataclass(frozen=True, repr=False)
class NelsonAalen(Curve):
    """Cumulative hazards; ``estimate`` is the hazard gathered up to and at ``time``."""

    conf_type: Literal["log", "plain"] = "log"

    @property
    def hazard(self) -> Floats:
        """(m,) the estimate under its own name."""
        return self.estimate

    @cached_property
    def std_error(self) -> Floats:
        """(m,) of the cumulative hazard."""
        return np.sqrt(self.variance_sum)

    @cached_property
    def _limits(self) -> tuple[Floats, Floats]:
        H, spread = self.estimate, self.z * self.std_error
        if self.conf_type == "plain":
            return np.maximum(H - spread, 0.0), H + spread
        ratio = np.divide(spread, H, out=np.zeros_like(H), where=H > 0)
        return H * np.exp(-ratio), H * np.exp(ratio)

    def __repr__(self) -> str:
        last = [
            f"{self.estimate[self._slice(g)][-1]:.4g}"
            for g in range(len(self))
            if self.offsets[g + 1] > self.offsets[g]
        ]
        return f"NelsonAalen({len(self)} group(s), hazard at the last time: {', '.join(last) or 'none'})"


def nelson_aalen(
    time: Any,
    event: Any,
    *,
    entry: Any = None,
    weights: Any = None,
    group: Any = None,
    conf_level: float = 0.95,
    conf_type: Literal["log", "plain"] = "log",
) -> NelsonAalen:
    r"""The cumulative hazard at each time.

    Parameters
    ----------
    time, event, entry, weights, group, conf_level
        As in :func:`marey.survival.kaplan_meier`.
    conf_type : str
        Scale on which the limits are symmetric: ``"log"`` or ``"plain"``.

    Returns
    -------
    NelsonAalen
        The curves, their limits, ``std_error``, ``at(times)``, ``to_frame()`` and ``plot()``.

    Raises
    ------
    ValueError, TypeError
        If an argument does not fit; the message names it and the first row at fault. NaN is refused.

    Notes
    -----
    :math:`H(t) = \sum_{t_k \le t} d_k / r_k` with variance :math:`\sum d_k / r_k^2`. Source: Aalen, Ann Stat 6:701,
    1978.

    Examples
    --------
    >>> from marey.survival import nelson_aalen
    >>> nelson_aalen([3.0, 5.0, 8.0, 9.0], [1, 1, 0, 1]).hazard.round(3)
    array([0.25 , 0.583, 0.583, 1.583])
    """
    require_in("conf_type", conf_type, ("log", "plain"))
    normal_quantile(conf_level)
    labels, offsets, times, at_risk, events, censored = risk_table(time, event, entry, weights, group)
    hazard, variance = native.core().survival_nelson_aalen(offsets, at_risk, events)
    return NelsonAalen(
        labels, offsets, times, at_risk, events, censored, hazard, variance, float(conf_level), conf_type
    )
