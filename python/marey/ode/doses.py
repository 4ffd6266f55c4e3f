"""What is given to a state at a fixed time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Doses"]

_KINDS = ("add", "rate", "set")


@dataclass(frozen=True)
class Doses:
    """Events at fixed times, one a row, in any order.

    Parameters
    ----------
    problem : (K,) int
        Whose event it is, 0 to N - 1.
    time : (K,) float
        When, not before the problem begins. An output at the very time of an event shows the state before it.
    state : (K,) int
        Which state it meets.
    amount : (K,) float
        How much.
    kind : str or (K,) sequence of str
        ``add`` (a bolus: ``y += amount``), ``rate`` (an infusion: ``dy/dt`` gains ``amount`` from here on; a second
        row with ``-amount`` ends it) or ``set`` (``y = amount``). Events of one time come in the order of the rows.
    by : (K, k) float, optional
        Derivatives of the amounts by the parameters, for ``sens="params"``; zero if left out.

    Examples
    --------
    100 mg into state 0 at hours 0 and 12, and 5 mg an hour for four hours from hour 24:

    >>> from marey.ode import Doses
    >>> Doses([0] * 4, [0.0, 12.0, 24.0, 28.0], [0] * 4, [100.0, 100.0, 5.0, -5.0], ["add", "add", "rate", "rate"])
    Doses(4 events of 1 problem, hours 0 to 28)
    """

    problem: Any
    time: Any
    state: Any
    amount: Any
    kind: Any = "add"
    by: Any = None

    def packed(
        self, n: int, n_states: int, t0: np.ndarray[Any, Any], columns: int = 0, by_params: bool = True
    ) -> tuple[np.ndarray[Any, Any], ...]:
        """Offsets and columns in the order of problems and times, checked; ``columns`` of sensitivities behind."""
        problem, state = (np.asarray(x, dtype=np.int64).reshape(-1) for x in (self.problem, self.state))
        time, amount = (np.asarray(x, dtype=np.float64).reshape(-1) for x in (self.time, self.amount))
        names = np.broadcast_to(np.asarray(self.kind, dtype=object), time.shape)
        for name, column in (("problem", problem), ("state", state), ("amount", amount)):
            if len(column) != len(time):
                raise ValueError(f"`doses.{name}` has {len(column)} rows, `doses.time` has {len(time)}")
        _rule("problem", problem, (problem >= 0) & (problem < n), f"expected 0 to {n - 1}")
        _rule("state", state, (state >= 0) & (state < n_states), f"expected 0 to {n_states - 1}")
        _rule("amount", amount, np.isfinite(amount), "expected a finite amount")
        _rule("kind", names, np.isin(names.astype(str), _KINDS), f"expected one of {', '.join(_KINDS)}")
        _rule("time", time, np.isfinite(time), "expected a finite time")
        _rule("time", time, time >= t0[problem], "expected a time not before the problem begins")
        kind = np.array([_KINDS.index(str(k)) for k in names], dtype=np.int32)
        row = np.arange(len(time))
        if columns:
            # A state that is set forgets what it came from; what is given depends on the parameters as `by` says.
            by = self._by(len(time), columns) if by_params else np.zeros((len(time), columns))
            rows, column = np.nonzero((by != 0) | (kind == _KINDS.index("set"))[:, None])
            row, state = np.append(row, rows), np.append(state, n_states * (1 + column) + state[rows])
            amount = np.append(amount, by[rows, column])
            problem, time, kind = problem[row], time[row], kind[row]
        order = np.lexsort((row, time, problem))
        offsets = np.concatenate([[0], np.cumsum(np.bincount(problem, minlength=n))]).astype(np.int64)
        return offsets, time[order], kind[order], state[order], amount[order]

    def _by(self, rows: int, columns: int) -> np.ndarray[Any, Any]:
        by = np.zeros((rows, columns)) if self.by is None else np.asarray(self.by, dtype=np.float64)
        if by.shape != (rows, columns):
            raise ValueError(f"`doses.by` has shape {by.shape}; expected ({rows}, {columns}), a column a parameter")
        _rule("by", by.sum(axis=1), np.isfinite(by.sum(axis=1)), "expected finite derivatives")
        return by

    def __repr__(self) -> str:
        time = np.asarray(self.time, dtype=float).reshape(-1)
        problems = len(np.unique(np.asarray(self.problem)))
        span = f", hours {time.min():g} to {time.max():g}" if len(time) else ""
        return f"Doses({len(time)} events of {problems} problem{'s' if problems != 1 else ''}{span})"


def _rule(name: str, column: np.ndarray[Any, Any], fine: np.ndarray[Any, Any], rule: str) -> None:
    if not fine.all():
        row = int(np.flatnonzero(~fine)[0])
        shown = column[row].item() if isinstance(column[row], np.generic) else column[row]
        raise ValueError(f"`doses.{name}` is {shown!r} in row {row}; {rule}")
