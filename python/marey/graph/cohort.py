"""Matched cohorts: for each treated subject the controls that are most alike."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marey._runtime import native
from marey.graph._check import as_count
from marey.graph._columns import Columns
from marey.graph._full_bounded import bounded_cover
from marey.graph._propensity import propensity_logit
from marey.graph.balance import Balance

__all__ = ["CohortMatch", "match_cohort"]

_METRICS = ("mahalanobis", "propensity", "gower", "euclidean")
Floats = NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class CohortMatch:
    """Matched sets as pairs, ordered by treated, then by control.

    With ``method="full"`` a treated or a control, never both of a pair, may stand in several pairs.
    """

    treated: NDArray[np.int64]
    """(pairs,) row of the treated."""
    control: NDArray[np.int64]
    """(pairs,) row of the control."""
    distance: Floats
    """(pairs,) how far apart they are."""
    unmatched: NDArray[np.int64]
    """Rows of the treated in no set."""
    treated_set: NDArray[np.int64]
    """(T,) number of each treated's set, -1 for none."""
    control_set: NDArray[np.int64]
    """(C,) the same of the controls."""
    balance: Balance
    """The covariates before and after."""

    @functools.cached_property
    def weights(self) -> tuple[Floats, Floats]:
        """(T,) and (C,) weights for the effect on the treated: 1 for each matched treated, and the controls of a set
        share the number of its treated."""
        return _weights(self.treated_set, self.control_set)

    def difference(self, treated: Any, control: Any) -> tuple[float, float]:
        """The mean outcome of the matched treated minus that of their controls, and its standard error.

        `treated` (T,) and `control` (C,) are outcomes (0 and 1 for a risk difference). The error takes sets as
        independent (Abadie & Spiess, JASA 117(538), 2022); it knows nothing of what was not measured.
        """
        y, z = np.asarray(treated, dtype=np.float64), np.asarray(control, dtype=np.float64)
        if y.shape != self.treated_set.shape or z.shape != self.control_set.shape:
            expected = f"expected {self.treated_set.shape} and {self.control_set.shape}"
            raise ValueError(f"`treated` and `control` have shapes {y.shape} and {z.shape}; {expected}")
        w_t, w_c = self.weights
        total = w_t.sum()
        if total == 0:
            return float("nan"), float("nan")
        in_t, in_c = self.treated_set >= 0, self.control_set >= 0
        difference = ((w_t * y)[in_t].sum() - (w_c * z)[in_c].sum()) / total
        sets = int(self.treated_set.max()) + 1
        part = np.bincount(self.treated_set[in_t], (w_t * (y - difference))[in_t], sets)
        part -= np.bincount(self.control_set[in_c], (w_c * z)[in_c], sets)
        error = np.sqrt((part**2).sum() * sets / (sets - 1)) / total if sets > 1 else float("nan")
        return float(difference), float(error)

    def love_plot(self, ax: Any = None, *, threshold: float = 0.1) -> Any:
        """`Balance.love_plot` of this match."""
        return self.balance.love_plot(ax, threshold=threshold)

    def __repr__(self) -> str:
        matched = len(self.treated_set) - len(self.unmatched)
        controls = int(np.count_nonzero(self.control_set >= 0))
        before, after = (np.abs(smd) for smd in (self.balance.smd_before, self.balance.smd_after))
        worst = [f"{np.nanmax(smd):.3f}" if np.isfinite(smd).any() else "nan" for smd in (before, after)]
        return (
            f"CohortMatch({matched:,} of {len(self.treated_set):,} treated with {controls:,} controls, "
            f"largest SMD {worst[0]} -> {worst[1]})"
        )

    def _repr_html_(self) -> str:
        from html import escape

        return f"<p><code>{escape(repr(self))}</code></p>{self.balance._repr_html_()}"


def match_cohort(
    treated: Any,
    control: Any,
    *,
    ratio: int | tuple[float, ...] | None = None,
    caliper: float | Mapping[str | int, float] | None = None,
    exact: Any = None,
    near_fine: Any = None,
    metric: str = "mahalanobis",
    method: str = "optimal",
    categorical: Any = None,
) -> CohortMatch:
    """Matches controls to treated subjects, each control at most once.

    ``method="optimal"`` gives as many treated as possible a control, then makes as many pairs as possible, and then has
    the least sum of distances of all choices. ``"full"`` puts everyone in a set of one treated and some controls or of
    one control and some treated, with the least sum of distances. ``"greedy"`` lets one treated after the other take
    its nearest control that is left.

    Parameters
    ----------
    treated, control : (T, d) and (C, d) array_like or data frames
        Covariates of the treated and of the possible controls, in the same columns. Columns of text count as
        categories; they may serve in `exact` and `near_fine`, and as covariates under ``"gower"``.
    ratio : int or tuple, optional
        Most controls of one treated; default 1. ``(least, most)`` or ``(least, mean, most)``: a variable number with
        this mean, by default the middle of both. For ``"full"`` the bounds ``(least, most)`` of a set's controls per
        treated, where ``1 / 3`` lets three treated share a control; default: none.
    caliper : float or mapping, optional
        Pairs farther apart are not made. A number is a distance of `metric`. A mapping gives limits by name:
        ``"distance"``; ``"propensity"``: of the propensity score's logit, in standard deviations (0.2 is usual); and
        column names or numbers: of the column, in its units.
    exact : column or columns, or pair of (T,) and (C,) array_like, optional
        What must be equal within a pair, such as sex or site.
    near_fine : column or columns, or pair of (T,) and (C,) array_like, optional
        A category whose counts the matched controls share with the treated as nearly as possible, whoever is paired
        with whom; this stands above the distances. For ``"optimal"`` with an int `ratio`.
    metric : str
        ``"mahalanobis"``, by the covariance within both groups; ``"propensity"``: difference of the logits of the
        propensity score, in standard deviations; ``"gower"``, for categories and missing values (NaN); or
        ``"euclidean"``.
    method : str
        ``"optimal"``, ``"full"`` or ``"greedy"``; greedy goes by falling propensity under that metric, else in order.
    categorical : (d,) array_like of bool, or columns, optional
        Numeric columns that hold category codes, for ``"gower"``.

    Returns
    -------
    CohortMatch
        Pairs, sets, weights, who is left out, and the balance before and after with its ``love_plot()``.

    Raises
    ------
    ValueError
        If a covariate is not finite (but for ``"gower"``), shapes or columns disagree, the covariance is singular under
        ``"mahalanobis"``, or the propensity score has no fit.

    Notes
    -----
    Optimal: Rosenbaum (J. American Statistical Association 84(408), 1989) by successive shortest paths over the nearest
    allowed controls of each treated, farther ones being measured only when a path gets there; the potentials prove the
    optimum. Variable ratio: Ming & Rosenbaum (Biometrics 56, 2000); near-fine balance: Yang et al. (Biometrics 68,
    2012); full: Hansen & Klopfer (J. Computational and Graphical Statistics 15(3), 2006), without bounds as an edge
    cover, with bounds as a flow that holds every allowed pair in memory. Distances are rounded to 2^-40 of the largest
    possible one for the choice (coarser for bounded full matching of many). A propensity caliper counts in the root of
    the mean of both groups' variances of the logit (Austin, Pharmaceutical Statistics 10, 2011).

    Examples
    --------
    >>> from marey.graph import match_cohort
    >>> found = match_cohort([[1.0], [2.0]], [[1.9], [1.2], [9.0]], metric="euclidean", caliper=2.0)
    >>> found.treated, found.control
    (array([0, 1]), array([1, 0]))
    """
    if metric not in _METRICS:
        raise ValueError(f"`metric` is {metric!r}; expected one of {', '.join(map(repr, _METRICS))}")
    if method not in ("optimal", "full", "greedy"):
        raise ValueError(f"`method` is {method!r}; expected 'optimal', 'full' or 'greedy'")
    if near_fine is not None and (method != "optimal" or isinstance(ratio, tuple)):
        raise ValueError("`near_fine` is for method 'optimal' with one number as `ratio`")
    columns = Columns.read(treated, control)
    t, c = len(columns.treated), len(columns.control)
    groups, named = columns.labels("exact", exact) if exact is not None else (_nothing(t, c), [])
    balanced, also = columns.labels("near_fine", near_fine) if near_fine is not None else (None, [])
    keep = _covariates(columns, metric, {*named, *also})
    names = tuple(columns.names[j] for j in keep)
    x, y = columns.treated[:, keep], columns.control[:, keep]
    limits = _limits(caliper)
    logit = _logit(columns, x, y) if t and c and (metric == "propensity" or "propensity" in limits) else None
    given = (
        *_places(x, y, metric, _flags(columns, categorical, metric, keep), logit),
        limits.pop("distance", np.inf),
        *(np.ascontiguousarray(codes) for codes in groups),
        _windows(columns, limits, logit),
    )
    if method == "optimal":
        pairs = _optimal(given, ratio, balanced, t)
    elif method == "greedy":
        count = as_count("ratio", 1 if ratio is None else ratio, least=1)
        order = np.arange(t) if metric != "propensity" or logit is None else np.argsort(-logit[0], kind="stable")
        pairs = native.rust().cohort_greedy(given, count, order)
    elif ratio is None:
        pairs = _stars(native.rust().cohort_cover(given), t, c)
    else:
        pairs = _stars(bounded_cover(given, *_bounds(ratio)), t, c)
    return _match(names, x, y, pairs)


def _nothing(t: int, c: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return np.zeros(t, dtype=np.int64), np.zeros(c, dtype=np.int64)


def _covariates(columns: Columns, metric: str, named: set[int]) -> list[int]:
    """The columns that the metric measures."""
    keep = [j for j in range(len(columns.names)) if metric == "gower" or not (columns.is_text[j] and j in named)]
    for j in keep:
        if columns.is_text[j] and metric != "gower":
            raise ValueError(f"column {columns.names[j]!r} holds text; use metric 'gower', or name it in `exact`")
    if metric != "gower":
        for name, values in (("treated", columns.treated), ("control", columns.control)):
            bad = np.argwhere(~np.isfinite(values[:, keep]))
            if len(bad):
                row, column = bad[0][0], keep[bad[0][1]]
                told = f"`{name}` is {values[row, column]} in row {row}, column {column}"
                raise ValueError(f"{told}; expected finite numbers, or metric 'gower'")
    if not keep:
        raise ValueError("no column is left to measure distances by; expected at least one")
    return keep


def _limits(caliper: Any) -> dict[Any, float]:
    limits = dict(caliper) if isinstance(caliper, Mapping) else {} if caliper is None else {"distance": caliper}
    for name, width in limits.items():
        if not width >= 0:
            which = "`caliper`" if name == "distance" else f"`caliper` of {name!r}"
            raise ValueError(f"{which} is {width}; expected a number >= 0")
    return {name: float(width) for name, width in limits.items()}


def _logit(columns: Columns, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Logits of the propensity score in their standard deviations."""
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("the propensity score needs covariates without missing values")
    treated, control = propensity_logit(x, y)
    spread = float(np.sqrt((np.var(treated, ddof=min(1, len(treated) - 1)) + np.var(control, ddof=1)) / 2))
    return (treated / spread, control / spread) if spread > 0 else (treated, control)


def _flags(columns: Columns, categorical: Any, metric: str, keep: list[int]) -> list[bool] | None:
    if metric != "gower":
        if categorical is not None:
            raise ValueError(f"`categorical` is for metric 'gower'; `metric` is {metric!r}")
        return None
    flags = np.array(columns.is_text)
    if categorical is not None:
        given = np.asarray(categorical)
        if given.dtype == bool:
            if given.shape != flags.shape:
                raise ValueError(f"`categorical` has shape {given.shape}; expected {flags.shape}")
            flags |= given
        else:
            flags[[columns.position("categorical", column) for column in np.atleast_1d(given).tolist()]] = True
    return [bool(flags[j]) for j in keep]


def _places(
    x: Floats, y: Floats, metric: str, flags: list[bool] | None, logit: tuple[Floats, Floats] | None
) -> tuple[Floats, Floats, int, list[bool] | None]:
    """Both groups where the native metric measures, flattened, and the number of columns."""
    if metric == "mahalanobis":
        x, y = _whitened(x, y)
    elif metric == "propensity":
        x, y = (np.zeros((len(v), 1)) if logit is None else logit[i][:, None] for i, v in enumerate((x, y)))
    elif flags is not None:
        if np.isinf(x).any() or np.isinf(y).any():
            raise ValueError("a covariate is infinite; expected numbers, NaN for what is missing")
        x, y = _in_ranges(x, y, flags)
    return np.ascontiguousarray(x).reshape(-1), np.ascontiguousarray(y).reshape(-1), x.shape[1], flags


def _in_ranges(x: Floats, y: Floats, flags: list[bool]) -> tuple[Floats, Floats]:
    both = np.concatenate([x, y])
    seen = ~np.isnan(both)
    low = np.where(seen, both, np.inf).min(axis=0, initial=np.inf)
    span = np.where(seen, both, -np.inf).max(axis=0, initial=-np.inf) - low
    scale = np.where((span > 0) & np.isfinite(span), span, np.inf)
    low = np.where(np.isfinite(low), low, 0.0)
    return np.where(flags, x, (x - low) / scale), np.where(flags, y, (y - low) / scale)


def _whitened(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    if not len(x) or not len(y):
        return x, y
    within = np.concatenate([x - x.mean(axis=0), y - y.mean(axis=0)])
    scale = within.std(axis=0)
    if not scale.all():
        raise ValueError(f"`treated` and `control` are constant in column {int(np.argmin(scale))}; leave it out")
    # In units of each column's own spread, a singular matrix shows at one threshold. Each group has a mean of its own.
    within = within / scale
    values, vectors = np.linalg.eigh(within.T @ within / max(len(within) - 2, 1))
    if values[0] < 1e-10 * values[-1]:
        raise ValueError("the covariance is singular: a column is a sum of others; leave one out or use 'euclidean'")
    white = vectors / np.sqrt(values)
    return (x / scale) @ white, (y / scale) @ white


def _windows(
    columns: Columns, limits: dict[Any, float], logit: tuple[Floats, Floats] | None
) -> list[tuple[Floats, Floats, float]]:
    windows = []
    if "propensity" in limits:
        width = limits.pop("propensity")
        if logit is not None:
            windows.append((*logit, width))
    for column, width in limits.items():
        j = columns.position("caliper", column)
        x, y = np.ascontiguousarray(columns.treated[:, j]), np.ascontiguousarray(columns.control[:, j])
        if np.isnan(x).any() or np.isnan(y).any():
            raise ValueError(f"`caliper` of {column!r} needs a column without missing values")
        windows.append((x, y, width))
    return windows


def _optimal(given: Any, ratio: Any, balanced: tuple[NDArray[np.int64], NDArray[np.int64]] | None, t: int) -> Any:
    category = wanted = None
    if isinstance(ratio, tuple):
        if len(ratio) not in (2, 3):
            raise ValueError(f"`ratio` is {ratio}; expected (least, most) or (least, mean, most)")
        least, most = as_count("ratio", ratio[0], least=1), as_count("ratio", ratio[-1], least=1)
        mean = float(ratio[1]) if len(ratio) == 3 else (least + most) / 2
        if not least <= mean <= most:
            raise ValueError(f"`ratio` is {ratio}; expected 1 <= least <= mean <= most")
        return native.rust().cohort_optimal(given, least, most, round(mean * t), None, None)
    most = as_count("ratio", 1 if ratio is None else ratio, least=1)
    if balanced is not None:
        codes = int(max(balanced[0].max(initial=-1), balanced[1].max(initial=-1))) + 1
        category, wanted = balanced[1], most * np.bincount(balanced[0], minlength=codes)
    return native.rust().cohort_optimal(given, most, most, None, category, wanted)


def _bounds(ratio: Any) -> tuple[int | None, int | None]:
    """Most controls of a treated and most treated of a control, None for no bound."""
    if not isinstance(ratio, tuple) or len(ratio) != 2 or not 0 < ratio[0] <= ratio[1]:
        raise ValueError(f"`ratio` is {ratio!r}; expected (least, most) with 0 < least <= most, or None")
    least, most = ratio
    if most < 1 or least > 1:
        raise ValueError(f"`ratio` is {ratio!r}; expected least <= 1 <= most")
    return (None if np.isinf(most) else int(most)), int(1 / least + 1e-9)


def _stars(pairs: Any, t: int, c: int) -> Any:
    """Without the pairs of two that both have others: nobody needs them."""
    rows, partners, distance = pairs
    of_t, of_c = np.bincount(rows, minlength=t), np.bincount(partners, minlength=c)
    keep = np.ones(len(rows), dtype=bool)
    # The longest first.
    for e in sorted(np.flatnonzero((of_t[rows] > 1) & (of_c[partners] > 1)), key=lambda e: -distance[e]):
        if of_t[rows[e]] > 1 and of_c[partners[e]] > 1:
            keep[e] = False
            of_t[rows[e]] -= 1
            of_c[partners[e]] -= 1
    return rows[keep], partners[keep], distance[keep]


def _match(names: tuple[str, ...], x: Floats, y: Floats, pairs: Any) -> CohortMatch:
    rows, partners, distance = pairs
    treated_set, control_set = np.full(len(x), -1, dtype=np.int64), np.full(len(y), -1, dtype=np.int64)
    # A set goes by its only treated, or by the one control that several treated share.
    shared = np.bincount(partners, minlength=len(y))[partners] > 1
    centre = np.where(shared, len(x) + partners, rows)
    _, numbers = np.unique(centre, return_inverse=True)
    treated_set[rows] = control_set[partners] = 0
    treated_set[rows], control_set[partners] = numbers, numbers
    balance = Balance.of(names, x, y, *_weights(treated_set, control_set))
    unmatched = np.flatnonzero(treated_set < 0)
    return CohortMatch(rows, partners, distance, unmatched, treated_set, control_set, balance)


def _weights(treated_set: NDArray[np.int64], control_set: NDArray[np.int64]) -> tuple[Floats, Floats]:
    sets = int(max(treated_set.max(initial=-1), control_set.max(initial=-1))) + 1
    in_t, in_c = treated_set >= 0, control_set >= 0
    treated = np.bincount(treated_set[in_t], minlength=sets)
    controls = np.bincount(control_set[in_c], minlength=sets)
    weight = np.zeros(len(control_set))
    weight[in_c] = (treated / np.maximum(controls, 1))[control_set[in_c]]
    return in_t.astype(np.float64), weight
