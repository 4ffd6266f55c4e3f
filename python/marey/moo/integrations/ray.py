"""Evaluations on a Ray cluster."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from typing import Any

import ray

__all__ = ["RayExecutor"]


class RayExecutor(Executor):
    """A `concurrent.futures` executor over Ray tasks: ``minimize(objective, evals=..., executor=RayExecutor())``.

    Parameters
    ----------
    address : str, optional
        Of the cluster, where Ray is not connected yet; a local one is started if left out.
    **options
        Of every task, as of ``ray.remote``: `num_cpus`, `num_gpus`, `resources`, `runtime_env`.

    Notes
    -----
    Ray tries no task again (`max_retries=0`): the optimizer hands the points of a lost worker out anew, up to its
    `retries`. A connection that was there before stays when the executor is shut down.
    """

    def __init__(self, address: str | None = None, **options: Any) -> None:
        self._connected = not ray.is_initialized()
        if self._connected:
            ray.init(address=address, log_to_driver=False)
        self._task = ray.remote(_call).options(**{"max_retries": 0, **options})
        self._kept: tuple[Any, Any] = (None, None)

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Runs ``fn(*args, **kwargs)`` on some worker."""
        if self._kept[0] is not fn:
            # One copy in the object store for all tasks.
            self._kept = (fn, ray.put(fn))
        future: Future[Any] = self._task.remote(self._kept[1], args, kwargs).future()
        return future

    @property
    def _max_workers(self) -> int:
        """Processors of the cluster: what chunks are cut for."""
        return max(1, int(ray.cluster_resources().get("CPU", 1)))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Disconnects from Ray, if this executor connected."""
        if self._connected and ray.is_initialized():
            ray.shutdown()


def _call(fn: Any, args: Any, kwargs: Any) -> Any:
    return fn(*args, **kwargs)
