"""What a Cox regression gives back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from marey.survival._coefficients import Coefficients
from marey.survival._cox_rows import CoxRows, as_matrix
from marey.survival._rows import Floats, require_in
from marey.survival.cox_zph import ProportionalHazards, proportional_hazards

__all__ = ["Baseline", "CoxFit"]


@dataclass(frozen=True)
class Baseline:
    """Cumulative baseline hazard: stratum ``s`` lies at ``offsets[s]:offsets[s + 1]`` of ``time`` and ``hazard``."""

    strata: NDArray[Any]
    offsets: NDArray[np.int64]
    time: Floats
    hazard: Floats


@dataclass(frozen=True, repr=False)
class CoxFit(Coefficients):
    """A fitted Cox regression.

    Attributes
    ----------
    coef : (p,)
        Log hazard ratios.
    naive_var, robust_var : (p, p)
        From the likelihood's curvature; the sandwich over clusters, or None without ``cluster``.
    loglik : (2,)
        Log partial likelihood at 0 and at ``coef``.
    score : float
        Statistic of the score test that all coefficients are 0.
    iterations : int
        Newton steps taken.
    status : str
        ``"converged"``, ``"separation"`` or ``"max_iter"``.
    """

    ties: str
    rows: CoxRows
    exposure: Floats
    hazard_steps: Floats

    @cached_property
    def _beta(self) -> Floats:
        return self.coef * self.rows.scale

    def residuals(
        self, kind: Literal["martingale", "deviance", "score", "schoenfeld", "dfbeta"] = "martingale"
    ) -> Floats:
        """Residuals, by weight 1.

        (n,) ``"martingale"`` and ``"deviance"``, (n, p) ``"score"`` and ``"dfbeta"`` in the order of the caller's rows;
        (events, p) ``"schoenfeld"`` by stratum and rising time, see ``event_time``.
        """
        require_in("kind", kind, ("martingale", "deviance", "score", "schoenfeld", "dfbeta"))
        rows = self.rows
        if kind in ("martingale", "deviance"):
            event = rows.event.astype(np.float64)
            m = event - np.exp(rows.eta(self._beta)) * self.exposure
            if kind == "deviance":
                log = np.log(np.where(rows.event, event - m, 1.0))
                m = np.sign(m) * np.sqrt(np.maximum(-2 * (m + log), 0.0))
            return rows.unsorted(m)
        score, schoenfeld = rows.residuals(self._beta)
        if kind == "schoenfeld":
            return schoenfeld * rows.scale
        score = rows.unsorted(score * rows.scale)
        return score @ self.naive_var if kind == "dfbeta" else score

    @property
    def event_time(self) -> Floats:
        """(events,) times of the rows of ``residuals("schoenfeld")``."""
        return self.rows.time[self.rows.event]

    def zph(self, transform: Literal["km", "identity", "rank", "log"] = "km") -> ProportionalHazards:
        """Tests whether the coefficients change in time (Grambsch & Therneau 1994)."""
        rows = self.rows
        weighted = self.residuals("schoenfeld") * rows.weights[rows.event][:, None]
        return proportional_hazards(weighted, self.event_time, self.naive_var, self.names, transform, rows)

    def baseline(self, *, centered: bool = False) -> Baseline:
        """Cumulative hazard of a row with all covariates 0, or at their means if ``centered``."""
        rows = self.rows
        first = np.ones(rows.n, bool)
        first[1:] = rows.time[1:] != rows.time[:-1]
        starts = rows.offsets[:-1]
        first[starts[starts < rows.n]] = True
        offsets = np.concatenate([[0], np.cumsum(first)])[rows.offsets]
        hazard = self.hazard_steps[first]
        for s in range(len(rows.strata)):
            part = slice(offsets[s], offsets[s + 1])
            hazard[part] = np.cumsum(hazard[part])
        if not centered:
            hazard = hazard * np.exp(-(rows.mean @ self.coef))
        return Baseline(rows.strata, offsets, rows.time[first], hazard)

    def predict(self, X: Any, kind: Literal["lp", "risk"] = "lp") -> Floats:
        """(m,) log hazard relative to a row at the mean of the covariates, or its exponential."""
        require_in("kind", kind, ("lp", "risk"))
        matrix, _ = as_matrix(X, self.names)
        lp: Floats = (matrix - self.rows.mean) @ self.coef
        return np.exp(lp) if kind == "risk" else lp

    def predict_survival(self, X: Any, times: Any, *, stratum: Any = None) -> Floats:
        """(m, T) probability of living longer than each of ``times``."""
        strata = list(self.rows.strata)
        if stratum is None and len(strata) > 1:
            raise ValueError(f"`stratum` is missing; expected one of {strata}")
        if stratum not in strata:
            raise ValueError(f"`stratum` is {stratum!r}; expected one of {strata}")
        base = self.baseline(centered=True)
        part = slice(*base.offsets[strata.index(stratum) : strata.index(stratum) + 2])
        steps = np.concatenate([[0.0], base.hazard[part]])
        hazard = steps[np.searchsorted(base.time[part], np.asarray(times, dtype=float), side="right")]
        survival: Floats = np.exp(-self.predict(X, "risk")[:, None] * hazard)
        return survival

    def __repr__(self) -> str:
        return (
            f"CoxFit(n = {self.rows.n}, events = {int(self.rows.event.sum())}, {self.ties}, {self.status}; "
            f"loglik = {self.loglik[1]:.6g}; coef (se): {self._told})"
        )
