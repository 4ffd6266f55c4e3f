"""A progress bar on a terminal, nothing where the output is a file."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

__all__ = ["progress"]

T = TypeVar("T")


def progress(items: Iterable[T], label: str, *, total: int, done: int = 0, show: bool = True) -> Iterator[T]:
    """The items, one by one, with a bar (tqdm where installed, else a percentage) that leaves no trace at the end.

    Parameters
    ----------
    done : int
        Of `total`, before the first of `items`.
    """
    if not (show and sys.stderr.isatty()):
        yield from items
        return
    try:
        from tqdm import tqdm
    except ImportError:
        yield from _plain(items, label, total, done)
        return
    yield from tqdm(items, desc=label, total=total, initial=done, leave=False, dynamic_ncols=True)


def _plain(items: Iterable[T], label: str, total: int, done: int) -> Iterator[T]:
    for count, item in enumerate(items, done):
        print(f"\r{label}: {100 * count // total:3d}%", end="", file=sys.stderr, flush=True)
        yield item
    print("\r\033[K", end="", file=sys.stderr, flush=True)
