"""How many threads marey's own kernels use; operations on torch tensors use torch's own pool."""

from __future__ import annotations

import contextlib

from marey._runtime import native
from marey.errors import BackendError

__all__ = ["get_num_threads", "set_num_threads"]


def set_num_threads(n: int) -> None:
    """Sets the number of threads of every wing outside torch.

    Parameters
    ----------
    n
        At least 1, or 0 for the default: the environment variable ``MAREY_NUM_THREADS``, else the machine's cores.

    Raises
    ------
    ValueError
        If ``n`` is negative.
    TypeError
        If ``n`` is not an integer.

    Notes
    -----
    No result depends on it. Torch operations use torch's own pool instead: ``torch.set_num_threads``.

    Examples
    --------
    >>> import marey
    >>> marey.set_num_threads(2)
    >>> marey.get_num_threads()
    2
    >>> marey.set_num_threads(0)
    """
    if not isinstance(n, int) or isinstance(n, bool):
        raise TypeError(f"`n` is a {type(n).__name__}; expected an int")
    if n < 0:
        raise ValueError(f"`n` is {n}; expected at least 1, or 0 for the default")
    native.core().set_num_threads(n)
    with contextlib.suppress(BackendError):  # without the Rust wing there is nothing to set
        native.rust().set_num_threads(n)


def get_num_threads() -> int:
    """How many threads marey's own kernels use."""
    return int(native.core().get_num_threads())
