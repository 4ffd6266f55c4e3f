"""extract, catch22: tables of features of many series at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from marey._runtime import native
from marey._runtime.doors import door
from marey.features._rows import as_rows, back

__all__ = ["CATCH22", "SETS", "STATISTICS", "catch22", "extract", "feature_names"]

CATCH22 = (
    "DN_HistogramMode_5",
    "DN_HistogramMode_10",
    "CO_f1ecac",
    "CO_FirstMin_ac",
    "CO_HistogramAMI_even_2_5",
    "CO_trev_1_num",
    "MD_hrv_classic_pnn40",
    "SB_BinaryStats_mean_longstretch1",
    "SB_TransitionMatrix_3ac_sumdiagcov",
    "PD_PeriodicityWang_th0_01",
    "CO_Embed2_Dist_tau_d_expfit_meandiff",
    "IN_AutoMutualInfoStats_40_gaussian_fmmi",
    "FC_LocalSimple_mean1_tauresrat",
    "DN_OutlierInclude_p_001_mdrmd",
    "DN_OutlierInclude_n_001_mdrmd",
    "SP_Summaries_welch_rect_area_5_1",
    "SB_BinaryStats_diff_longstretch0",
    "SB_MotifThree_quantile_hh",
    "SC_FluctAnal_2_rsrangefit_50_1_logi_prop_r1",
    "SC_FluctAnal_2_dfa_50_1_2_logi_prop_r1",
    "SP_Summaries_welch_rect_centroid",
    "FC_LocalSimple_mean3_stderr",
)
STATISTICS = (
    "sum_values",
    "median",
    "mean",
    "length",
    "standard_deviation",
    "variance",
    "root_mean_square",
    "maximum",
    "absolute_maximum",
    "minimum",
)
SETS = {"catch22": CATCH22, "statistics": STATISTICS}


def feature_names(features: str | Sequence[str] = ("statistics", "catch22")) -> tuple[str, ...]:
    """The names of the columns that `extract` makes of these sets.

    Parameters
    ----------
    features
        ``"statistics"``, ``"catch22"``, or several of them.

    Examples
    --------
    >>> from marey.features import feature_names
    >>> len(feature_names()), feature_names("statistics")[:3]
    (32, ('sum_values', 'median', 'mean'))
    """
    return tuple(name for chosen in _sets(features) for name in SETS[chosen])


def _sets(features: str | Sequence[str]) -> tuple[str, ...]:
    chosen = (features,) if isinstance(features, str) else tuple(features)
    for name in chosen:
        if name not in SETS:
            raise ValueError(f"`features` has {name!r}; expected some of {', '.join(SETS)}")
    if not chosen or len(set(chosen)) < len(chosen):
        raise ValueError(f"`features` is {features!r}; expected some of {', '.join(SETS)}, each once")
    return chosen


@door("x", "offsets")
def extract(
    x: Any,
    *,
    offsets: Any = None,
    bounds: Any = None,
    features: str | Sequence[str] = ("statistics", "catch22"),
) -> Any:
    """A row of features for each series.

    Parameters
    ----------
    x : (..., T), or (total,) with ``offsets`` or ``bounds``
        Series; float32 and integers are taken as float64.
    offsets : (S + 1,) int64, optional
        Series of different lengths: series ``s`` is ``x[offsets[s]:offsets[s + 1]]``.
    bounds : (starts, stops), optional
        Rows ``x[starts[i]:stops[i]]``, which may overlap: `windows` makes them. Nothing is copied for them.
    features
        ``"statistics"``, ``"catch22"``, or several; `feature_names` tells the columns.

    Returns
    -------
    (..., F) or (S, F) float64
        NaN where a series is too short for a feature, constant where it must vary, or not finite.

    Notes
    -----
    The statistics have the names and definitions of tsfresh's smallest set (``MinimalFCParameters``). Memory is that of
    the result and of one series a thread.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.features import extract, windows
    >>> rate = np.array([90.0, 95.0, 100.0, 70.0, 72.0])
    >>> extract(rate, bounds=windows([0.0, 1, 2, 3, 4], length=2, step=1), features="statistics")[:, 2]
    array([92.5, 97.5, 85. ])
    """
    chosen = _sets(features)
    values, (starts, stops), shape = as_rows(x, offsets, bounds)
    core = native.core()
    native_of = {"catch22": core.features_catch22, "statistics": core.features_statistics}
    tables = [native_of[name](values, starts, stops) for name in chosen]
    return back(tables[0] if len(tables) == 1 else np.concatenate(tables, axis=1), shape, x)


@door("x", "offsets")
def catch22(x: Any, *, offsets: Any = None) -> Any:
    """The 22 canonical time-series characteristics of each series; `CATCH22` has their names.

    Parameters
    ----------
    x : (..., T), or (total,) with ``offsets``
        Series; float32 and integers are taken as float64. They are standardised first.
    offsets : (S + 1,) int64, optional
        Series of different lengths: series ``s`` is ``x[offsets[s]:offsets[s + 1]]``.

    Returns
    -------
    (..., 22) or (S, 22) float64
        NaN for a series of less than 10 values, a constant one, or one with a value that is not finite.

    Notes
    -----
    Lubba et al., Data Min Knowl Disc 33:1821, 2019. The series' order, its autocorrelation and its periodogram are made
    once for all that need them.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.features import CATCH22, catch22
    >>> told = dict(zip(CATCH22, catch22(np.sin(np.arange(200) / 5)).tolist(), strict=True))
    >>> told["CO_FirstMin_ac"], told["SB_BinaryStats_diff_longstretch0"]
    (16.0, 17.0)
    """
    values, (starts, stops), shape = as_rows(x, offsets)
    return back(native.core().features_catch22(values, starts, stops), shape, x)
