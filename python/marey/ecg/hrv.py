"""hrv: heart-rate variability of series of intervals, over windows, in one call."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marey._runtime import native
from marey._runtime.checks import check_dtype

__all__ = ["HRV", "hrv"]

_DOMAINS = {"time": 1, "frequency": 2, "nonlinear": 4}


@dataclass(frozen=True, eq=False)
class HRV:
    """Measures by window.

    Attributes
    ----------
    names : tuple of str
        As NeuroKit2 writes them: ``HRV_RMSSD``, ...
    values : (W, len(names)) float64
        NaN where a window is too short, or its intervals too even, for a measure.
    series : (W,) int64
        Which series a window is of.
    start_s, stop_s : (W,) float64
        Bounds of the window in seconds.
    n_intervals : (W,) int64
        Known intervals in it.
    """

    names: tuple[str, ...]
    values: NDArray[np.float64]
    series: NDArray[np.int64]
    start_s: NDArray[np.float64]
    stop_s: NDArray[np.float64]
    n_intervals: NDArray[np.int64]

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        """One measure of every window."""
        if name not in self.names:
            raise KeyError(f"there is no measure {name!r}; the names are those of NeuroKit2, such as 'HRV_RMSSD'")
        return self.values[:, self.names.index(name)]

    def __len__(self) -> int:
        return len(self.values)

    def to_frame(self) -> Any:
        """A pandas data frame, a row a window."""
        import pandas as pd

        frame = pd.DataFrame(self.values, columns=list(self.names))
        for k, column in enumerate(("series", "start_s", "stop_s", "n_intervals")):
            frame.insert(k, column, getattr(self, column))
        return frame

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Writes the columns of `to_frame`, a line a window; nothing where a measure is NaN."""
        with open(path, "w", encoding="utf-8", newline="") as file:
            lines = csv.writer(file)
            lines.writerow(["series", "start_s", "stop_s", "n_intervals", *self.names])
            about = zip(
                self.series.tolist(),
                self.start_s.tolist(),
                self.stop_s.tolist(),
                self.n_intervals.tolist(),
                strict=True,
            )
            for window, values in zip(about, self.values.tolist(), strict=True):
                lines.writerow([*window, *("" if v != v else v for v in values)])

    def __repr__(self) -> str:
        return f"HRV({len(self):,} windows x {len(self.names)} measures)"


def hrv(
    rr: Any,
    *,
    t: Any = None,
    offsets: Any = None,
    windows: float | Any | None = None,
    step_s: float | None = None,
    domains: Sequence[str] = ("time", "frequency", "nonlinear"),
    oversampling: float = 5.0,
) -> HRV:
    r"""Heart-rate variability of one series of intervals between beats, or of many.

    Parameters
    ----------
    rr : (N,), or (total,) with ``offsets``
        Intervals in milliseconds; NaN where one is missing or was not normal (see `rr_clean`).
    t : like ``rr``, optional
        Time in seconds at which each interval ends, rising within a series. Left out, the intervals are added up from
        0, a missing one as the median of its series: give the times where the gaps are long.
    offsets : (S + 1,) int64, optional
        Ragged series: series ``s`` is ``rr[offsets[s]:offsets[s + 1]]``.
    windows : float, or (W, 2), optional
        The length of consecutive windows in seconds; or the bounds ``[start, stop)`` of each, in seconds, the same
        for all series. By default a series is one window. An interval belongs to the window that it ends in.
    step_s : float, optional
        From the start of one window to the next; by default their length. Windows that a series does not fill to its
        end are left out.
    domains : sequence of str
        Of ``"time"``, ``"frequency"`` and ``"nonlinear"``.
    oversampling : float
        Frequencies of the periodogram in the spacing of independent ones.

    Returns
    -------
    HRV
        Windows of the first series first.

    Raises
    ------
    ValueError, TypeError
        If an argument does not fit; if the intervals look like seconds.

    Notes
    -----
    The spectrum is the Lomb-Scargle periodogram of the intervals at their own times, from one wave a window up to
    0.5 Hz, in ms² of band power; no interpolation. A difference of intervals is taken only where none is missing
    between them. The definitions, and where they differ from NeuroKit2's, are in the documentation. Threads take whole
    windows, and change no bit.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.ecg import hrv
    >>> beats = np.arange(400)
    >>> rr = 800 + 40 * np.sin(2 * np.pi * 0.2 * beats)  # breathing, every five beats
    >>> h = hrv(rr, windows=120.0, domains=["time", "frequency"])
    >>> h
    HRV(2 windows x 35 measures)
    >>> h["HRV_SDNN"].round(), (h["HRV_HF"] / 100).round()  # of a wave of 40: 40² / 2
    (array([28., 28.]), array([8., 8.]))
    """
    rr = np.asarray(rr)
    if rr.dtype.kind in "iu":
        rr = rr.astype(np.float64)
    check_dtype("rr", rr, ("float32", "float64"))
    rr = np.ascontiguousarray(rr, np.float64)
    if rr.ndim != 1:
        raise ValueError(f"`rr` has shape {rr.shape}; expected (N,), or (total,) with `offsets`")
    offsets = _offsets(offsets, len(rr))
    known = np.isfinite(rr)
    if (rr[known] <= 0).any():
        raise ValueError(f"`rr` has an interval of {rr[known].min():g}; intervals are > 0 ms, NaN where one is missing")
    if known.any() and np.median(rr[known]) < 20:
        raise ValueError(f"`rr` has the median {np.median(rr[known]):g}: expected milliseconds")
    unknown = [d for d in domains if d not in _DOMAINS]
    if isinstance(domains, str) or unknown or not domains:
        raise ValueError(f"`domains` is {domains!r}; expected some of {', '.join(map(repr, _DOMAINS))}")
    if not 1 <= oversampling <= 100:
        raise ValueError(f"`oversampling` is {oversampling}; expected 1 to 100")
    t = _times(rr, known, offsets) if t is None else _checked_times(t, rr, offsets)

    before = np.concatenate([[0], np.cumsum(known)])  # known intervals before each
    rows: list[tuple[int, float, float, int, int]] = []
    for s, (first, last) in enumerate(zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)):
        times = t[first:last]
        bounds = _bounds(times, rr[first:last], windows, step_s)
        begin, end = (first + np.searchsorted(times, edge) for edge in bounds.T)
        if windows is None:
            begin, end = np.array([first]), np.array([last])
        rows += zip([s] * len(bounds), *bounds.T.tolist(), before[begin].tolist(), before[end].tolist(), strict=True)
    table = np.array(rows, np.float64).reshape(-1, 5)
    begins, ends = (np.array([row[k] for row in rows], np.int64) for k in (3, 4))
    chosen = sum(_DOMAINS[d] for d in set(domains))
    core = native.core()
    values = core.hrv(rr[known], t[known], begins, ends, chosen, float(oversampling))
    return HRV(
        tuple(core.hrv_names(chosen)), values, table[:, 0].astype(np.int64), table[:, 1], table[:, 2], ends - begins
    )


def _offsets(offsets: Any, total: int) -> NDArray[np.int64]:
    if offsets is None:
        return np.array([0, total])
    offsets = np.asarray(offsets)
    check_dtype("offsets", offsets, ("int64",))
    if offsets.ndim != 1 or len(offsets) < 1:
        raise ValueError(f"`offsets` has shape {offsets.shape}; expected (S + 1,)")
    if offsets[0] != 0 or offsets[-1] != total or (np.diff(offsets) < 0).any():
        raise ValueError(f"`offsets` must run from 0 to the number of intervals, {total}, and never fall")
    return np.ascontiguousarray(offsets)


def _times(rr: NDArray[Any], known: NDArray[np.bool_], offsets: NDArray[np.int64]) -> NDArray[np.float64]:
    t = np.empty_like(rr)
    for first, last in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True):
        some = rr[first:last][known[first:last]]
        filled = rr[first:last] if len(some) == last - first else np.nan_to_num(rr[first:last], nan=np.inf)
        usual = np.median(some) if len(some) else 1000.0
        t[first:last] = np.cumsum(np.where(np.isfinite(filled), filled, usual)) / 1000
    return t


def _checked_times(t: Any, rr: NDArray[Any], offsets: NDArray[np.int64]) -> NDArray[np.float64]:
    times: NDArray[np.float64] = np.ascontiguousarray(t, np.float64)
    if times.shape != rr.shape:
        raise ValueError(f"`t` has shape {times.shape}; expected that of `rr`, {rr.shape}")
    rising = np.diff(times) > 0
    rising[offsets[(offsets > 0) & (offsets < len(times))] - 1] = True  # from one series to the next it may fall
    if not np.isfinite(times).all() or not rising.all():
        raise ValueError("`t` must be finite and rise within a series")
    return times


def _bounds(t: NDArray[Any], rr: NDArray[Any], windows: Any, step_s: float | None) -> NDArray[np.float64]:
    """(W, 2): the windows of one series."""
    begin = float(t[0] - np.nan_to_num(rr[0]) / 1000) if len(t) else 0.0
    end = float(t[-1]) if len(t) else 0.0
    if windows is None:
        if step_s is not None:
            raise ValueError("`step_s` needs the length of windows")
        return np.array([[begin, end]])
    if np.ndim(windows) == 0:
        length = float(windows)
        step = length if step_s is None else float(step_s)
        if not (0 < length < np.inf and 0 < step < np.inf):
            raise ValueError(f"`windows` is {windows} and `step_s` {step_s}; expected lengths > 0 in seconds")
        # Times are sums, whose rounding must not cost the last window.
        count = int(np.floor((end - begin - length) / step + 1e-9)) + 1
        starts = begin + step * np.arange(max(0, count))
        return np.stack([starts, starts + length], axis=1)
    bounds = np.asarray(windows, np.float64)
    if step_s is not None:
        raise ValueError("`step_s` goes with the length of windows; here are their bounds")
    if bounds.ndim != 2 or bounds.shape[1] != 2 or not (bounds[:, 0] < bounds[:, 1]).all():
        raise ValueError(f"`windows` has shape {bounds.shape}; expected (W, 2) bounds, each start before its stop")
    return bounds
