"""The progress bar of a run."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from marey.moo.optimizer import Optimizer

__all__ = ["Progress"]


class Progress:
    """tqdm's bar where tqdm is installed, else a line every few seconds; nothing where it is not wanted."""

    def __init__(self, wanted: bool | None, total: int | None, title: str) -> None:
        self.title = title
        self.total = total
        self.bar: Any = None
        self.lines = False
        self.shown = time.monotonic()
        if wanted is None:
            wanted = sys.stderr is not None and sys.stderr.isatty()
        if not wanted:
            return
        try:
            from tqdm.auto import tqdm
        except ImportError:
            self.lines = True
        else:
            self.bar = tqdm(total=total, desc=title, unit="eval")

    def update(self, optimizer: Optimizer) -> None:
        """Shows where the run stands."""
        now = time.monotonic()
        if self.bar is not None:
            self.bar.update(optimizer.evals - self.bar.n)
        elif self.lines and now - self.shown >= 5.0:
            self.shown = now
            of = "" if self.total is None else f" of {self.total}"
            print(f"{self.title}: {optimizer.evals}{of} evaluations, {optimizer.elapsed_s:.0f} s", file=sys.stderr)

    def close(self) -> None:
        """Leaves the bar as it stands."""
        if self.bar is not None:
            self.bar.close()
