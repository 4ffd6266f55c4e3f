"""concordance: do higher risks die earlier?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from marey._runtime import native
from marey.survival._censoring import Uncensored
from marey.survival._rows import as_rows, require_in

__all__ = ["Concordance", "concordance"]


@dataclass(frozen=True)
class Concordance:
    """A concordance index, or (k,) of them for (n, k) risks.

    Attributes
    ----------
    estimate
        ``(concordant + tied_risk / 2) / (concordant + discordant + tied_risk)``; 0.5 is chance.
    se
        Standard error by the infinitesimal jackknife.
    concordant, discordant, tied_risk
        Weights of the comparable pairs; numbers of them without weights.
    tied_time
        Weight of pairs of events at one time, which are not comparable.
    method
        ``"harrell"`` or ``"uno"``.
    """

    estimate: Any
    se: Any
    concordant: Any
    discordant: Any
    tied_risk: Any
    tied_time: float
    method: str


def concordance(
    time: Any,
    event: Any,
    risk: Any,
    *,
    weights: Any = None,
    tau: float | None = None,
    method: Literal["harrell", "uno"] = "harrell",
) -> Concordance:
    r"""How often, of two rows, the one with the higher risk has the earlier event.

    Parameters
    ----------
    time : (n,)
        Time of the event or of censoring.
    event : (n,) bool, or 0 and 1
        Whether the event was seen.
    risk : (n,) or (n, k)
        Predicted risk: a higher value means an earlier event. Columns are judged each by itself. For predicted survival
        times pass their negative.
    weights : (n,), optional
        Case weights, >= 0; a pair has the product of its two.
    tau : float, optional
        Only pairs whose earlier time is below ``tau`` count.
    method : str
        ``"harrell"`` counts every comparable pair alike. ``"uno"`` weighs a pair by :math:`1 / G(t-)^2`, with the
        Kaplan-Meier curve :math:`G` of the time to censoring, so that the answer does not depend on how much was
        censored.

    Returns
    -------
    Concordance
        Estimate, standard error and counts.

    Raises
    ------
    ValueError, TypeError
        If an argument does not fit, or no pair is comparable. NaN is refused.

    Notes
    -----
    A pair is comparable if one row has an event and the other lives longer: a later time, or a censoring at the same
    time. Equal risks count one half. Cost: O(n log n) a column. The standard error treats the weights of ``"uno"`` as
    fixed. Sources: Harrell, Lee & Mark, Stat Med 15:361, 1996; Uno et al., Stat Med 30:1105, 2011.

    Examples
    --------
    >>> from marey.survival import concordance
    >>> c = concordance([2.0, 4.0, 5.0, 7.0], [1, 1, 0, 1], [0.9, 0.3, 0.8, 0.1])
    >>> c.estimate, c.concordant, c.discordant
    (0.8, 4.0, 1.0)
    """
    require_in("method", method, ("harrell", "uno"))
    rows = as_rows(time, event, None, weights)
    risks = np.asarray(risk)
    if risks.dtype.kind not in "fiub":
        raise TypeError(f"`risk` has dtype {risks.dtype}; expected numbers")
    if risks.ndim not in (1, 2) or len(risks) != len(rows):
        raise ValueError(f"`risk` has shape {risks.shape}; expected (n,) or (n, k) with n = {len(rows)}")
    columns = np.ascontiguousarray(risks.reshape(len(rows), -1).T, dtype=np.float64)
    if np.isnan(columns).any():
        raise ValueError(f"`risk` of row {int(np.argmax(np.isnan(columns).any(axis=0)))} is NaN; expected a number")
    later = np.ones(len(rows)) if rows.weights is None else rows.weights
    earlier = later
    if method == "uno":
        before = Uncensored(rows.time, rows.event, rows.weights).before(rows.time)
        earlier = earlier / np.where(rows.event, before, 1.0) ** 2  # of a row without an event no pair asks
    if tau is not None:
        if not tau > 0:
            raise ValueError(f"`tau` is {tau}; expected a number > 0")
        earlier = np.where(rows.time < tau, earlier, 0.0)
    concordant, discordant, tied, se, tied_time = native.core().survival_concordance(
        rows.time, rows.event, earlier, later, columns
    )
    total = concordant + discordant + tied
    if not (total > 0).all():
        raise ValueError("no pair is comparable: `event` marks no event that another row outlives")
    estimate = (concordant + tied / 2) / total
    columns_told = (estimate, se, concordant, discordant, tied)
    told = columns_told if risks.ndim == 2 else tuple(float(a[0]) for a in columns_told)
    return Concordance(told[0], told[1], told[2], told[3], told[4], tied_time, method)
