"""EventTable: doses, resets and observations of many subjects, with NONMEM's columns."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

__all__ = ["EventTable"]

Column = np.ndarray[Any, Any]

_DEFAULTS = {"evid": 1, "cmt": 1, "amt": 0.0, "rate": 0.0, "ii": 0.0, "addl": 0, "ss": 0, "lag": 0.0, "F": 1.0}
_WHOLE = ("evid", "cmt", "addl", "ss")


class EventTable:
    """Doses, resets and observations of many subjects, one a row.

    Parameters
    ----------
    data : pandas or polars data frame, or mapping of name to (K,) array
        Columns, in capitals or not:

        ======== =======================================================================================
        ``id``   whose row it is; the rows of a subject lie together
        ``time`` when, rising within a subject; rows of one time act in their order
        ``evid`` 0 an observation, 1 a dose, 2 nothing, 3 a reset, 4 a reset and a dose (default: 1 where
                 ``amt`` > 0, else 0)
        ``cmt``  the compartment, from 1 (default 1). Oral closed forms: 1 the depot, 2 the central one
        ``amt``  how much, >= 0
        ``rate`` of an infusion, amount per time, >= 0; 0 is a bolus
        ``ii``   the interval of further doses and of a steady state
        ``addl`` how many further doses follow, ``ii`` apart
        ``ss``   1: the steady state of this dose every ``ii``, instead of what was; 2: added to it
        ``lag``  of the dose, >= 0 (default 0)
        ``F``    the bioavailable fraction, >= 0 (default 1); an infusion of that amount at the same rate
        ======== =======================================================================================

        Only ``id`` and ``time`` must be there.
    ignore : sequence of str
        Columns to leave out (covariates); any other unknown column is an error.

    Raises
    ------
    ValueError, TypeError
        If a column or a value does not fit: it names the column, the row and the rule.

    Notes
    -----
    A reset, and a steady state with ``ss=1``, empties every compartment, ends running infusions and calls off what was
    still to come of the subject's earlier rows: further and delayed doses. Beal, Sheiner and Boeckmann, NONMEM Users
    Guide, part IV, gives the columns. A negative ``rate`` (a modelled rate or duration) is not taken, nor is a steady
    state of a constant infusion (``ss`` without ``ii``).

    Examples
    --------
    Two people, 100 mg every 12 hours, seven doses each:

    >>> from marey import pk
    >>> pk.EventTable({"id": [1, 2], "time": [0, 0], "amt": [100, 100], "ii": [12, 12], "addl": [6, 6]})
    EventTable(2 subjects, 2 rows: 14 doses, time 0 to 72)
    """

    def __init__(self, data: Any, *, ignore: Any = ()) -> None:
        columns = _columns(data, {str(name).lower() for name in ignore})
        given = columns["id"]
        n = self.n_rows = len(given)
        for name, column in columns.items():
            if len(column) != n:
                raise ValueError(f"`{name}` has {len(column)} rows, `id` has {n}")
        self.time = _real("time", columns["time"])
        for name in ("amt", "rate", "ii", "lag", "F"):
            column = _real(name, columns[name]) if name in columns else np.full(n, float(_DEFAULTS[name]))
            _rule(name, column, column >= 0, "expected >= 0")
            setattr(self, name, column)
        for name in _WHOLE:
            setattr(self, name, _whole(name, columns[name]) if name in columns else np.full(n, int(_DEFAULTS[name])))
        if "evid" not in columns:
            self.evid = (self.amt > 0).astype(np.int64)
        self._subjects(given)
        self._check()

    amt: Column
    rate: Column
    ii: Column
    lag: Column
    F: Column
    evid: Column
    cmt: Column
    addl: Column
    ss: Column

    def _subjects(self, given: Column) -> None:
        starts = np.ones(self.n_rows, dtype=bool)
        starts[1:] = given[1:] != given[:-1]
        first = np.flatnonzero(starts)
        if len(set(given[first].tolist())) < len(first):
            seen: set[Any] = set()
            for row, subject in zip(first, given[first].tolist(), strict=True):
                if subject in seen:
                    raise ValueError(f"`id` is {subject!r} again in row {row}; the rows of a subject must lie together")
                seen.add(subject)
        self.ids: Column = given[first]
        self.offsets: Column = np.append(first, self.n_rows).astype(np.int64)
        falls = np.zeros(self.n_rows, dtype=bool)
        falls[1:] = (np.diff(self.time) < 0) & ~starts[1:]
        _rule("time", self.time, ~falls, "expected not to fall within an `id`")

    def _check(self) -> None:
        _rule("evid", self.evid, (self.evid >= 0) & (self.evid <= 4), "expected 0, 1, 2, 3 or 4")
        _rule("cmt", self.cmt, self.cmt >= 1, "expected 1 or more")
        _rule("addl", self.addl, self.addl >= 0, "expected >= 0")
        _rule("ss", self.ss, (self.ss >= 0) & (self.ss <= 2), "expected 0, 1 or 2")
        doses = self.is_dose
        _rule("amt", self.amt, doses | (self.amt == 0), "expected 0 where `evid` gives no dose")
        _rule("ii", self.ii, ~doses | (self.addl == 0) | (self.ii > 0), "expected > 0 with `addl`")
        steady = doses & (self.ss > 0)
        _rule("ii", self.ii, ~steady | (self.ii > 0), "expected > 0 with `ss`")
        _rule("amt", self.amt, ~steady | (self.amt > 0), "expected > 0 with `ss`")
        _rule("lag", self.lag, ~steady | (self.lag < self.ii), "expected less than `ii` with `ss`")
        _rule("rate", self.rate, ~doses | (self.rate == 0) | (self.amt > 0), "expected 0 where `amt` is 0")

    @property
    def n_subjects(self) -> int:
        return len(self.ids)

    @property
    def is_dose(self) -> Column:
        doses: Column = (self.evid == 1) | (self.evid == 4)
        return doses

    @cached_property
    def observations(self) -> Column:
        """The rows with ``evid`` 0."""
        return np.flatnonzero(self.evid == 0)

    @cached_property
    def records(self) -> dict[str, Column]:
        """Doses and resets, further doses written out, in the order of subjects and times; ``row`` of the table."""
        acting = np.flatnonzero(self.is_dose | (self.evid == 3))
        repeats = 1 + np.where(self.is_dose[acting], self.addl[acting], 0)
        row = np.repeat(acting, repeats)
        nth = np.arange(len(row)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
        time = self.time[row] + nth * self.ii[row]
        subject = np.searchsorted(self.offsets, row, side="right") - 1
        order = np.lexsort((row, time, subject))
        row, nth, time, subject = row[order], nth[order], time[order], subject[order]
        first = nth == 0
        evid = self.evid[row]
        kind = np.where((evid >= 3) & first, 1, 0) + np.where(evid != 3, 2, 0)
        counts = np.bincount(subject, minlength=self.n_subjects)
        return {
            "offsets": np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            "time": time,
            "amount": self.amt[row],
            "rate": self.rate[row],
            "interval": self.ii[row],
            "fraction": self.F[row],
            "lag": self.lag[row],
            "kind": kind.astype(np.int32),
            "steady": np.where(first & (evid != 3), self.ss[row], 0).astype(np.int32),
            "cmt": self.cmt[row],
            "implied": ~first,
            "row": row.astype(np.int64),
        }

    def __len__(self) -> int:
        return self.n_rows

    def __repr__(self) -> str:
        def many(n: int, name: str) -> str:
            return f"{n:,} {name}{'' if n == 1 else 's'}"

        records, resets = self.records, int((self.evid >= 3).sum())
        told = [many(int((records["kind"] >= 2).sum()), "dose")]
        told += [many(len(self.observations), "observation")] if len(self.observations) else []
        told += [many(resets, "reset")] if resets else []
        steady = int((self.ss[self.is_dose] > 0).sum())
        told += [f"{steady:,} of a steady state"] if steady else []
        times = np.concatenate([self.time, records["time"]])
        span = f", time {times.min():g} to {times.max():g}" if len(times) else ""
        return f"EventTable({many(self.n_subjects, 'subject')}, {many(self.n_rows, 'row')}: {', '.join(told)}{span})"


def _columns(data: Any, ignore: set[str]) -> dict[str, Column]:
    known = {name.lower(): name for name in ("id", "time", *_DEFAULTS)}
    names = list(data.keys()) if hasattr(data, "keys") else list(getattr(data, "columns", ()))
    if not names and not hasattr(data, "keys"):
        raise TypeError(f"`data` is a {type(data).__name__}; expected a data frame or a mapping of columns")
    columns: dict[str, Column] = {}
    for name in names:
        lower = str(name).lower()
        if lower in ignore:
            continue
        if lower not in known:
            raise ValueError(
                f"`data` has an unknown column {name!r}; expected {', '.join(known.values())}, or name it in `ignore`"
            )
        if known[lower] in columns:
            raise ValueError(f"`data` has the column {known[lower]!r} twice")
        columns[known[lower]] = np.asarray(data[name]).reshape(-1)
    for name in ("id", "time"):
        if name not in columns:
            raise ValueError(f"`data` has no column {name!r}")
    return columns


def _real(name: str, column: Column) -> Column:
    try:
        made = np.array(column, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise TypeError(f"`{name}` has dtype {column.dtype}; expected numbers ({error})") from None
    _rule(name, made, np.isfinite(made), "expected a finite number")
    return made


def _whole(name: str, column: Column) -> Column:
    made = _real(name, column)
    _rule(name, made, made == np.floor(made), "expected a whole number")
    return made.astype(np.int64)


def _rule(name: str, column: Column, fine: Column, rule: str) -> None:
    if not fine.all():
        row = int(np.flatnonzero(~fine)[0])
        raise ValueError(f"`{name}` is {column[row].item():g} in row {row}; {rule}")
