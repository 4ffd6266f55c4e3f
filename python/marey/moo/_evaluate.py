"""How an objective in Python is called: at once, point by point, on threads, processes or any executor."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Executor, ProcessPoolExecutor, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from marey._runtime.doors import is_torch
from marey.moo._points import as_count, as_floats

if TYPE_CHECKING:
    from marey.moo.optimizer import Optimizer

__all__ = ["Evaluator", "LostWorkerError"]

Batch = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]

# Of cluster libraries, which are not imported to ask: the worker died, not the objective.
_LOST = {
    "ActorDiedError", "ActorUnavailableError", "CommClosedError", "KilledWorker", "LocalRayletDiedError",
    "NodeDiedError", "ObjectLostError", "OutOfMemoryError", "OwnerDiedError", "RayActorError",
    "TerminatedWorkerError", "WorkerCrashedError",
}  # fmt: skip


class LostWorkerError(RuntimeError):
    """Raised by an executor's future whose worker is gone: the points are evaluated again."""


def is_lost(error: BaseException) -> bool:
    """Whether an error says that a worker is gone, rather than that the objective failed."""
    if isinstance(error, (BrokenExecutor, CancelledError, LostWorkerError, ConnectionError, EOFError)):
        return True
    return any(kind.__name__ in _LOST for kind in type(error).__mro__)


class Evaluator:
    """Evaluates rows, yielding (rows, F, G) as they come."""

    def __init__(
        self,
        optimizer: Optimizer,
        objective: Callable[..., Any],
        each: str | None,
        threads: int | None,
        processes: int | None,
        executor: Any,
        chunk: int | None,
        retries: int,
        device: Any,
    ) -> None:
        if not callable(objective):
            raise TypeError(f"`objective` is {objective!r}; expected a callable, a Compiled or an address")
        if each not in (None, "dict", "row"):
            raise ValueError(f"`each` is {each!r}; expected 'dict', 'row' or None")
        if each is not None and device is not None:
            raise ValueError("`device` is given with `each`; expected it with a vectorised objective")
        if sum(option is not None for option in (threads, processes, executor)) > 1:
            raise ValueError("more than one of `threads`, `processes`, `executor` is given; expected one")
        self.optimizer = optimizer
        self.each = each
        self.chunk = None if chunk is None else as_count("chunk", chunk)
        self.retries = as_count("retries", retries, least=0)
        self.call = _Call(objective, each, device)
        self.make: Callable[[], Any] | None = None
        self.executor: Any = None
        self.own = True
        if executor is not None:
            self.own = not hasattr(executor, "submit")
            if self.own and not callable(executor):
                raise TypeError(
                    f"`executor` is {executor!r}; expected an object with `submit`, or a function that makes one"
                )
            self.make = executor if self.own else None
            self.executor = None if self.own else executor
        elif processes is not None:
            count = as_count("processes", processes, least=0) or _cores()
            self.make = lambda: ProcessPoolExecutor(count)
        elif threads is not None and each is not None:
            count = as_count("threads", threads, least=0) or _cores()
            self.make = (lambda: ThreadPoolExecutor(count)) if count > 1 else None

    def __enter__(self) -> Evaluator:
        if self.make is not None:
            self.executor = self.make()
        return self

    def __exit__(self, *_: object) -> None:
        if self.own and self.executor is not None:
            _shut(self.executor)

    def __call__(self, X: NDArray[np.float64]) -> Iterator[Batch]:
        if self.executor is None:
            size = (1 if self.each is not None else len(X)) if self.chunk is None else self.chunk
            for i in range(0, len(X), max(size, 1)):
                rows = X[i : i + size]
                yield self._batch(rows, self.call(self._points(rows)))
            return
        size = self.chunk or max(1, len(X) // (4 * self._workers()))
        todo = [(X[i : i + size], 0) for i in range(0, len(X), size)]
        while todo:
            lost = []
            running = []
            for rows, tries in todo:
                try:
                    running.append((rows, tries, self.executor.submit(self.call, self._points(rows))))
                except Exception as error:
                    if not is_lost(error):
                        raise
                    lost.append((rows, tries, error))
            try:
                for rows, tries, future in running:
                    try:
                        outcome = future.result()
                    except BaseException as error:
                        if not isinstance(error, Exception) or not is_lost(error):
                            raise
                        lost.append((rows, tries, error))
                    else:
                        yield self._batch(rows, outcome)
            except BaseException:
                for _, _, future in running:
                    if hasattr(future, "cancel"):
                        future.cancel()
                raise
            todo = self._again(lost)

    def _again(self, lost: list[tuple[NDArray[np.float64], int, Exception]]) -> list[tuple[NDArray[np.float64], int]]:
        for rows, tries, error in lost:
            if tries >= self.retries:
                note(error, f"the worker was lost {tries + 1} times with these points: {self._points(rows)}")
                error.points = rows  # type: ignore[attr-defined]
                raise error
        if any(isinstance(error, BrokenExecutor) for _, _, error in lost):
            if self.make is None:
                raise RuntimeError(
                    "the executor broke and takes no more work; pass a function that makes executors, "
                    "so that it can be replaced"
                ) from lost[0][2]
            _shut(self.executor)
            self.executor = self.make()
        return [(rows, tries + 1) for rows, tries, _ in lost]

    def _points(self, rows: NDArray[np.float64]) -> Any:
        return self.optimizer.space.decode(rows) if self.each == "dict" else rows

    def _workers(self) -> int:
        for name in ("_max_workers", "max_workers"):
            count = getattr(self.executor, name, None)
            if isinstance(count, int) and count > 0:
                return count
        return _cores()

    def _batch(self, rows: NDArray[np.float64], outcome: Any) -> Batch:
        """The outcome of some rows, its shape checked."""
        n, n_obj, n_con = len(rows), self.optimizer.n_obj, self.optimizer.n_con
        if self.each is None:
            F, G = _split(outcome, n_con, (n, n_obj))
        else:
            pairs = [_split(one, n_con, (n_obj,)) for one in outcome]
            F = np.array([np.atleast_1d(as_floats("f", f)) for f, _ in pairs])
            G = np.array([np.atleast_1d(as_floats("g", g)) for _, g in pairs]) if n_con else None
        try:
            f, g = self.optimizer._outcome(n, _to_numpy(F), None if G is None else _to_numpy(G))
        except ValueError as error:
            raise ValueError(f"the objective returned a wrong shape: {error}") from error
        return rows, np.ascontiguousarray(f), np.ascontiguousarray(g)


class _Call:
    """The objective on a chunk of points; goes to workers, so it can be pickled where the objective can."""

    def __init__(self, objective: Callable[..., Any], each: str | None, device: Any) -> None:
        self.objective = objective
        self.each = each
        self.device = device

    def __call__(self, points: Any) -> Any:
        if self.each is not None:
            return [self._one(point) for point in points]
        if self.device is None:
            # A copy, so that an objective that writes into its argument cannot change the points.
            return self._at(points.copy(), points, "points")
        import torch

        return _to_numpy(self._at(torch.from_numpy(points.copy()).to(self.device), points, "points"))

    def _one(self, point: Any) -> Any:
        return self._at(point.copy(), point, "point")

    def _at(self, argument: Any, point: Any, name: str) -> Any:
        try:
            return self.objective(argument)
        except Exception as error:
            shown = f"of shape {point.shape}" if name == "points" else repr(point)
            note(error, f"the objective failed at the {name} {shown}; see the exception's attribute `{name}`")
            setattr(error, name, point)
            raise


def _split(outcome: Any, n_con: int, shape: tuple[int, ...]) -> tuple[Any, Any]:
    if n_con == 0:
        if isinstance(outcome, tuple) and len(shape) == 2:
            raise ValueError(
                f"the objective returned a tuple of {len(outcome)}; expected F of shape {shape}: n_con is 0"
            )
        return outcome, None
    if not isinstance(outcome, (tuple, list)) or len(outcome) != 2:
        raise ValueError(f"the objective returned a {type(outcome).__name__}; expected (F, G), for n_con is {n_con}")
    return outcome[0], outcome[1]


def _to_numpy(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_to_numpy(v) for v in value)
    return value.detach().cpu().numpy() if is_torch(value) else value


def note(error: BaseException, text: str) -> None:
    """Adds a note, as Python 3.11 prints it."""
    if hasattr(error, "add_note"):
        error.add_note(text)
    else:
        error.__notes__ = [*getattr(error, "__notes__", []), text]


def _shut(executor: Any) -> None:
    if isinstance(executor, Executor):
        executor.shutdown(wait=False, cancel_futures=True)
    elif hasattr(executor, "shutdown"):
        executor.shutdown()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
