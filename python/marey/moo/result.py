"""What a run found, and how to choose from it."""

from __future__ import annotations

import html
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from marey.moo._points import as_floats, as_reference
from marey.moo.hypervolume import hypervolume
from marey.moo.pareto_rank import pareto_rank

if TYPE_CHECKING:
    from marey.moo.optimizer import Optimizer
    from marey.moo.space import Space

__all__ = ["History", "Point", "Result"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Point:
    """One solution of a result.

    Attributes
    ----------
    index : int
        Its row in the result.
    F, X, G : ndarray
        Its objectives, its row of the space, its constraints.
    params : dict
        Its decoded variables.
    """

    index: int
    F: Floats
    X: Floats
    G: Floats
    params: dict[str, Any]


class History:
    """Hypervolume after each generation."""

    def __init__(self, state: dict[str, Any] | None = None) -> None:
        state = state or {}
        self.ref: Floats | bool | None = state.get("ref")
        if isinstance(self.ref, list):
            self.ref = np.array(self.ref, float)
        self.rows: list[tuple[int, float, float]] = [tuple(row) for row in state.get("rows", [])]

    @property
    def state(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"ref": self._plan(), "rows": self.rows}

    def begin(self, history: Any, n_obj: int) -> Any:
        """Takes the argument `history`; a reference point that is fixed already stays where none is given."""
        if history is None or history is False:
            self.ref = None
        elif history is not True:
            self.ref = as_reference(history, n_obj)
        elif self.ref is None:
            self.ref = True
        return self._plan()

    def record(self, optimizer: Optimizer) -> None:
        """Adds the present hypervolume."""
        from marey.moo.stop import reference_of

        if self.ref is None:
            return
        F = optimizer.result().F
        if self.ref is True and len(F):
            self.ref = reference_of(F)
        volume = float(hypervolume(F, self.ref)) if len(F) and self.ref is not True else 0.0
        self.rows.append((optimizer.evals, optimizer.elapsed_s, volume))

    def columns(self) -> dict[str, NDArray[Any]]:
        """Arrays `evals`, `time_s` and `hypervolume`."""
        table = np.array(self.rows, float).reshape(-1, 3)
        return {"evals": table[:, 0].astype(np.int64), "time_s": table[:, 1], "hypervolume": table[:, 2]}

    def _plan(self) -> Any:
        return self.ref.tolist() if isinstance(self.ref, np.ndarray) else self.ref


@dataclass(frozen=True, eq=False)
class Result:
    """The solutions that no other dominates, of a run or of any set of points.

    Attributes
    ----------
    F : (n, n_obj) ndarray
        Objectives, minimised, in lexicographic order.
    X : (n, width) ndarray
        Rows of the space.
    G : (n, n_con) ndarray
        Constraints.
    space : Space
        The search space; `params` are the decoded rows.
    history : dict of ndarray
        `evals`, `time_s` and `hypervolume` after each generation, where `minimize` was asked to record them.
    evals, failed, generations : int
        Points evaluated, those without finite objectives, generations.
    stopped : str
        Why the run ended: "evals", "wall", "target", "stalled hypervolume", "callback", "interrupted".
    population : dict of ndarray
        `X`, `F`, `G` and the violation `cv` of all points of the last population, feasible or not.

    Examples
    --------
    >>> import numpy as np
    >>> from marey import moo
    >>> def objective(X):
    ...     return np.stack([X[:, 0], (1 - X[:, 0]) ** 2 + X[:, 1]], axis=1)
    >>> res = moo.NSGA2([(0, 1)] * 2, pop=20, seed=1).minimize(objective, evals=400)
    >>> bool(0.3 < res.knee().F[0] < 0.7)
    True
    >>> bool(res.select([1.0, 0.0]).F[0] == res.F[:, 0].min())
    True
    """

    F: Floats
    X: Floats
    G: Floats
    space: Space
    algorithm: str = ""
    evals: int = 0
    failed: int = 0
    generations: int = 0
    elapsed_s: float = 0.0
    stopped: str = ""
    history: dict[str, NDArray[Any]] = field(default_factory=dict)
    population: dict[str, Floats] = field(default_factory=dict)

    @classmethod
    def _of(cls, optimizer: Optimizer, X: Floats, F: Floats, G: Floats, cv: Floats, reason: str) -> Result:
        best = np.flatnonzero(cv <= 0)
        if len(best):
            best = best[pareto_rank(F[best], k=1) == 0]
            best = best[np.lexsort([*X[best].T[::-1], *F[best].T[::-1]])]
            same = np.zeros(len(best), bool)
            # The same point twice is one solution.
            same[1:] = (X[best[1:]] == X[best[:-1]]).all(axis=1) & (F[best[1:]] == F[best[:-1]]).all(axis=1)
            best = best[~same]
        if reason and len(best) == 0 and len(cv):
            warnings.warn(
                f"no feasible point was found; the least violation is {cv.min():g}: see `population`",
                RuntimeWarning,
                stacklevel=3,
            )
        return cls(
            F[best],
            X[best],
            G[best],
            optimizer.space,
            optimizer._name,
            optimizer.evals,
            optimizer.failed,
            optimizer.generation,
            optimizer.elapsed_s,
            reason,
            optimizer._history.columns(),
            {"X": X, "F": F, "G": G, "cv": cv},
        )

    @property
    def params(self) -> list[dict[str, Any]]:
        """The decoded points."""
        return list(self.space.decode(self.X)) if len(self) else []

    def knee(self) -> Point:
        """The solution farthest below the plane through the best points of each objective, all scaled to [0, 1].

        Notes
        -----
        Das, "On characterizing the knee of the Pareto curve based on normal-boundary intersection", Struct. Optim. 18,
        1999.
        """
        return self._point(int(np.argmin(self._scaled().sum(axis=1))))

    def select(self, how: Any = "topsis", *, weights: Any = None) -> Point:
        """One solution by preference.

        Parameters
        ----------
        how : (n_obj,) array_like or {"topsis", "knee"}
            Weights: the least weighted sum of the objectives scaled to [0, 1]. "topsis": nearest to the best and
            farthest from the worst of each objective (Hwang, Yoon 1981).
        weights : (n_obj,) array_like, optional
            For "topsis": how much each objective counts.

        Returns
        -------
        Point
        """
        if isinstance(how, str):
            if how == "knee":
                return self.knee()
            if how != "topsis":
                raise ValueError(f"`how` is {how!r}; expected weights, 'topsis' or 'knee'")
            w = self._weights("weights", np.ones(self.F.shape[1]) if weights is None else weights)
            norm = np.linalg.norm(self.F, axis=0)
            scaled = self._nonempty() / np.where(norm > 0, norm, 1.0) * w
            near = np.linalg.norm(scaled - scaled.min(axis=0), axis=1)
            far = np.linalg.norm(scaled - scaled.max(axis=0), axis=1)
            both = near + far
            return self._point(int(np.argmax(far / np.where(both > 0, both, 1.0))))
        return self._point(int(np.argmin(self._scaled() @ self._weights("how", how))))

    def hypervolume(self, ref: Any) -> float:
        """The hypervolume of `F` below `ref`."""
        return float(hypervolume(self.F, ref))

    def to_frame(self) -> Any:
        """A pandas DataFrame: one row a solution; the variables, the objectives f0, f1, ..., the constraints g0, ..."""
        import pandas as pd

        columns = dict(self.space.to_columns(self.X))
        columns |= {f"f{i}": f for i, f in enumerate(self.F.T)}
        columns |= {f"g{i}": g for i, g in enumerate(self.G.T)}
        return pd.DataFrame(columns)

    def plot(self, kind: str | None = None, **options: Any) -> Any:
        """Draws the front in 2 or 3 dimensions, parallel coordinates, or attainment surfaces; see
        :func:`marey.moo.plot.plot`."""
        from marey.moo.plot import plot

        return plot(self, kind, **options)

    def _nonempty(self) -> Floats:
        if len(self) == 0:
            raise ValueError("the result has no solution: no feasible point was found")
        return self.F

    def _scaled(self) -> Floats:
        F = self._nonempty()
        low, high = F.min(axis=0), F.max(axis=0)
        scaled: Floats = (F - low) / np.where(high > low, high - low, 1.0)
        return scaled

    def _weights(self, name: str, value: Any) -> Floats:
        weights = as_floats(name, value)
        if weights.shape != (self.F.shape[1],) or not (weights >= 0).all() or not weights.sum() > 0:
            raise ValueError(
                f"`{name}` is {weights.tolist()}; expected {self.F.shape[1]} weights, none negative, not all 0"
            )
        shares: Floats = weights / weights.sum()
        return shares

    def _point(self, index: int) -> Point:
        x = self.X[index]
        return Point(index, self.F[index], x, self.G[index], self.space.decode(x))

    def __len__(self) -> int:
        return len(self.F)

    def __repr__(self) -> str:
        n, failed = len(self), f", {self.failed} failed" if self.failed else ""
        parts = [
            f"Result of {self.algorithm or 'a selection'}: {n} solution{'s' if n != 1 else ''}",
            f", {self.F.shape[1]} objectives; {self.evals} evaluations{failed}, {self.elapsed_s:.2f} s",
            f", stopped by {self.stopped}" if self.stopped else "",
        ]
        return "".join(parts)

    def _repr_html_(self) -> str:
        """The head line and the first ten solutions."""
        columns = self.space.to_columns(self.X[:10])
        columns |= {f"f{i}": f for i, f in enumerate(self.F[:10].T)}
        head = "".join(f"<th>{html.escape(name)}</th>" for name in columns)

        def cell(value: Any) -> str:
            return html.escape(f"{value:.6g}" if isinstance(value, (float, np.floating)) else str(value))

        rows = "".join(
            "<tr>" + "".join(f"<td>{cell(values[i])}</td>" for values in columns.values()) + "</tr>"
            for i in range(min(10, len(self)))
        )
        more = f"<p>and {len(self) - 10} more</p>" if len(self) > 10 else ""
        return f"<div><p>{html.escape(repr(self))}</p><table><tr>{head}</tr>{rows}</table>{more}</div>"
