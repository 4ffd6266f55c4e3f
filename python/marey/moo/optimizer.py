"""What every optimizer does: ask and tell, minimize, save and resume."""

from __future__ import annotations

import contextlib
import time
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from marey._runtime import native
from marey.moo import _checkpoint
from marey.moo._evaluate import Evaluator
from marey.moo._points import as_count, as_floats
from marey.moo._progress import Progress
from marey.moo.compiled import as_compiled
from marey.moo.result import History, Result
from marey.moo.space import Space, as_sampling, as_seed, as_space
from marey.moo.stop import Stop, as_stops

__all__ = ["Optimizer"]

Self = TypeVar("Self", bound="Optimizer")


class Optimizer:
    """The base of the optimizers; see :class:`NSGA2` for their use.

    Attributes
    ----------
    space : Space
        The search space.
    n_obj, n_con : int
        Numbers of objectives, minimised, and of constraints, met where they are at most 0.
    evals, failed, generation : int
        Points told, those of them with an objective or constraint that is no finite number, whole generations.
    """

    _name: ClassVar[str]

    def __init__(
        self,
        space: Any,
        *,
        n_obj: int,
        n_con: int = 0,
        seed: int = 0,
        sampling: str = "lhs",
        initial: Any = None,
        **options: Any,
    ) -> None:
        self.space: Space = as_space(space)
        settings = {name: self._setting(name, value) for name, value in options.items() if value is not None}
        self._native = native.rust().Optimizer(
            self._name,
            self.space._native,
            as_count("n_obj", n_obj),
            as_count("n_con", n_con, least=0),
            as_seed(seed),
            as_sampling("sampling", sampling),
            settings,
        )
        self._elapsed = 0.0
        self._history = History()
        self._plan: dict[str, Any] = {}
        if initial is not None:
            self._native.begin_with(self.space._as_rows("initial", self._rows_of(initial)))

    @staticmethod
    def _setting(name: str, value: Any) -> Any:
        if isinstance(value, str):
            return value
        if isinstance(value, (bool, int, float, np.integer, np.floating)):
            return float(value)
        table = as_floats(name, value)
        return np.ascontiguousarray(np.atleast_2d(table))

    def _rows_of(self, points: Any) -> Any:
        """Rows as they are; dicts encoded."""
        if isinstance(points, dict) or (isinstance(points, (list, tuple)) and points and isinstance(points[0], dict)):
            return np.atleast_2d(self.space.encode(points))
        return points

    @property
    def n_obj(self) -> int:
        return int(self._native.n_obj)

    @property
    def n_con(self) -> int:
        return int(self._native.n_con)

    @property
    def seed(self) -> int:
        return int(self._native.seed)

    @property
    def evals(self) -> int:
        return int(self._native.evals)

    @property
    def failed(self) -> int:
        return int(self._native.failed)

    @property
    def generation(self) -> int:
        return int(self._native.generation)

    @property
    def elapsed_s(self) -> float:
        """Seconds spent in `minimize`, those before a resumption included."""
        return self._elapsed

    # Asking and telling

    def ask(self, n: int | None = None) -> NDArray[np.float64]:
        """Points to evaluate.

        Parameters
        ----------
        n : int, optional
            How many. Left out: what is left of this generation, which may be nothing while all its points are out.

        Returns
        -------
        (n, width)
            Rows of the space. Each is handed out once.

        Notes
        -----
        More points than a generation has are bred from the present population, so that no worker need wait for the
        slowest.
        """
        count = None if n is None else as_count("n", n)
        rows: NDArray[np.float64] = self._native.ask(count).reshape(-1, self.space.width)
        return rows

    def tell(self, X: Any, F: Any, G: Any = None) -> None:
        """Takes in evaluated points, in any number and order.

        Parameters
        ----------
        X : (n, width) array_like or sequence of dict
            Points that `ask` gave, or others of the space: what is known already can be told at any time.
        F : (n, n_obj) array_like
            Their objectives. A point with a NaN or an infinity counts as infeasible and as failed.
        G : (n, n_con) array_like, optional
            Their constraints, where there are any.

        Raises
        ------
        ValueError
            If a shape does not fit or a point is not in the space; then nothing is taken in.

        Notes
        -----
        When as many points were told as a generation has, they are taken in in the order in which they were asked:
        the order of the answers within a generation does not matter.
        """
        rows = self.space._as_rows("X", self._rows_of(X))
        f, g = self._outcome(len(rows), F, G)
        self._native.tell(rows, f, g)

    def _outcome(self, n: int, F: Any, G: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        f = as_floats("F", F)
        f = f.reshape(n, 1) if self.n_obj == 1 and f.shape in ((n,), ()) and f.size == n else f
        if f.shape != (n, self.n_obj):
            raise ValueError(f"`F` has shape {f.shape}; expected (n, n_obj) = ({n}, {self.n_obj})")
        if G is None and self.n_con > 0:
            raise ValueError(f"`G` is left out; expected (n, n_con) = ({n}, {self.n_con}) constraints")
        g = np.zeros((n, 0)) if G is None else as_floats("G", G)
        g = g.reshape(n, 1) if self.n_con == 1 and g.shape in ((n,), ()) and g.size == n else g
        if g.shape != (n, self.n_con):
            raise ValueError(f"`G` has shape {g.shape}; expected (n, n_con) = ({n}, {self.n_con})")
        return f, g

    # Running

    def minimize(
        self,
        objective: Any,
        evals: int | None = None,
        *,
        each: str | None = None,
        threads: int | None = None,
        processes: int | None = None,
        executor: Any = None,
        chunk: int | None = None,
        retries: int = 3,
        device: Any = None,
        stop: Stop | Iterable[Stop] = (),
        callback: Callable[[Optimizer], Any] | None = None,
        checkpoint: Any = None,
        checkpoint_s: float = 2.0,
        history: Any = None,
        progress: bool | None = None,
    ) -> Result:
        """Evaluates and breeds until the budget is spent, a stop says so, or Ctrl-C.

        Parameters
        ----------
        objective : callable, :class:`Compiled` or address
            Vectorised by default: takes X (n, width), returns F (n, n_obj), or (F, G) where there are constraints. With
            `each` it takes one point and returns f, or (f, g). A compiled one (:func:`compiled`, a ``numba.cfunc``, a
            ``LowLevelCallable``, an address) is called from native threads with the GIL released.
        evals : int, optional
            Points to evaluate, those told before included. May be left out where `stop` is given.
        each : {"dict", "row"}, optional
            Call the objective with one point at a time, decoded or as its row.
        threads : int, optional
            Native threads of a compiled objective (default 0: all cores), or Python threads for `each` (default 1).
        processes : int, optional
            Worker processes, 0 for as many as cores.
        executor : concurrent.futures.Executor, or the like, or a function that makes one, optional
            Where points are evaluated, `chunk` at a time. A chunk whose worker was lost is evaluated again, up to
            `retries` times; a function can replace an executor that broke.
        device : str or torch.device, optional
            Call a vectorised objective with a torch tensor on that device.
        stop : Stop or sequence of Stop
            See :mod:`marey.moo.stop`.
        callback : callable, optional
            Called with the optimizer after every generation; a true value ends the run.
        checkpoint : path, optional
            Where the state is saved, every `checkpoint_s` seconds and at the end; see :meth:`resume`.
        history : True or (n_obj,) array_like, optional
            Record the hypervolume after every generation, below this reference point, or below one fixed from the
            first generation.
        progress : bool, optional
            Show a progress bar (by tqdm where it is installed). Left out: on a terminal.

        Returns
        -------
        Result

        Raises
        ------
        Exception
            What the objective raises, with the point in a note and as its attribute ``point``.
        ValueError
            If an argument is out of range or the objective returns a wrong shape.

        Notes
        -----
        The result depends on the seed and the objective alone, not on threads, workers, or interruptions.
        """
        stops = as_stops(stop)
        if evals is None and not stops and callback is None:
            raise ValueError("`evals` is left out; expected a budget, a `stop` or a `callback`")
        budget = 2**63 if evals is None else as_count("evals", evals)
        self._plan = {
            "evals": None if evals is None else budget,
            "history": self._history.begin(history, self.n_obj),
            "stop": stops,
            "each": each,
        }
        compiled = as_compiled(objective, self.n_obj, self.n_con, self.space)
        bar = Progress(progress, None if evals is None else budget, self._name)
        failed = self.failed
        start, before = time.monotonic(), self._elapsed
        saved = start
        reason = None

        def after(whole: bool) -> str | None:
            nonlocal saved
            now = time.monotonic()
            self._elapsed = before + now - start
            bar.update(self)
            why = None
            if whole:
                self._history.record(self)
                if callback is not None and callback(self):
                    why = "callback"
                for condition in stops:
                    why = condition.reason(self) or why
            if checkpoint is not None and now - saved >= checkpoint_s:
                self.save(checkpoint)
                saved = time.monotonic()
            return why

        try:
            with contextlib.ExitStack() as stack:
                stack.callback(bar.close)
                if compiled is None:
                    evaluator = stack.enter_context(
                        Evaluator(self, objective, each, threads, processes, executor, chunk, retries, device)
                    )
                every_generation = bool(stops) or callback is not None or self._history.ref is not None
                while reason is None and self.evals < budget:
                    generation = self.generation
                    if compiled is not None:
                        self._native.advance(
                            compiled.address,
                            compiled.user,
                            (
                                budget,
                                1 if every_generation else 2**62,
                                min(0.1, checkpoint_s) if checkpoint is not None else 0.1,
                            ),
                            as_count("threads", 0 if threads is None else threads, least=0),
                        )
                        reason = after(self.generation > generation)
                        continue
                    X = self.ask()[: budget - self.evals]
                    for rows, f, g in evaluator(X):
                        self._native.tell(rows, f, g)
                        reason = after(self.generation > generation)
                    self._native.recall()
                reason = reason or "evals"
        except KeyboardInterrupt:
            reason = "interrupted"
        finally:
            self._native.recall()
            self._elapsed = before + time.monotonic() - start
            if checkpoint is not None:
                self.save(checkpoint)
        failed = self.failed - failed
        if failed:
            warnings.warn(
                f"{failed} of the points evaluated had an objective or a constraint that is no finite number; "
                "they count as infeasible",
                RuntimeWarning,
                stacklevel=2,
            )
        return self.result(reason)

    def result(self, reason: str = "") -> Result:
        """What was found so far: the feasible points that no other evaluated point of the population dominates."""
        x, f, g, cv = self._native.evaluated()
        return Result._of(
            self, x.reshape(-1, self.space.width), f.reshape(-1, self.n_obj), g.reshape(len(cv), -1), cv, reason
        )

    # Saving

    def save(self, path: Any) -> None:
        """Writes the whole state to a file, which is replaced as a whole: a crash leaves the old one or the new one."""
        self._native.save(Path(path), _checkpoint.extra(self))

    @classmethod
    def load(cls: type[Self], path: Any, *, space: Any = None) -> Self:
        """The optimizer that :meth:`save` or a `checkpoint` wrote.

        Parameters
        ----------
        path : path
            The file.
        space : Space, optional
            The space, where its choices are objects that a file cannot hold.

        Raises
        ------
        ValueError
            If the file is damaged, of another version or algorithm, or `space` is not the one it was written with.
        OSError
            If it cannot be read.
        """
        return _checkpoint.load(cls, path, space)

    @classmethod
    def resume(
        cls, path: Any, objective: Any, evals: int | None = None, *, space: Any = None, **arguments: Any
    ) -> Result:
        """Goes on where a checkpoint stands, to the same result bit for bit as if nothing had happened.

        Parameters
        ----------
        path : path
            The checkpoint; it goes on being written unless `checkpoint` says otherwise.
        objective
            As for :meth:`minimize`.
        evals : int, optional
            Left out: the budget of the run that was cut off.
        space : Space, optional
            As for :meth:`load`.
        **arguments
            Arguments of :meth:`minimize`; `stop`, `history` and `each` left out are those of the run that was cut off.

        Returns
        -------
        Result
        """
        optimizer = cls.load(path, space=space)
        plan = optimizer._plan
        arguments = {name: plan[name] for name in ("stop", "each", "history") if plan.get(name) is not None} | arguments
        arguments.setdefault("checkpoint", path)
        return optimizer.minimize(objective, plan.get("evals") if evals is None else evals, **arguments)

    def __repr__(self) -> str:
        constraints = f", {self.n_con} constraints" if self.n_con else ""
        return (
            f"{type(self).__name__}: {len(self.space)} variables, {self.n_obj} objectives{constraints}, "
            f"seed {self.seed}; generation {self.generation}, {self.evals} evaluations"
        )
