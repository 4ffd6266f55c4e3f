"""Peers that run in a process of their own (R): each runs its task when asked to and tells the CPU seconds it took."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

__all__ = ["RPeer", "clock"]

_told = 0.0

R_LOOP = """
suppressMessages({ %s })
d <- as.data.frame(matrix(readBin("%s", "double", %d), ncol = %d))
%s
run <- function() { %s }
cat(format(run(), digits = 17), "\\n")
asked <- file("stdin", "r")
while (length(readLines(asked, 1)) > 0) {
  calls <- 0
  began <- proc.time()
  repeat {  # its clock ticks in milliseconds
    run()
    calls <- calls + 1
    took <- sum((proc.time() - began)[1:2])
    if (took > 0.1) break
  }
  cat(took / calls, "\\n")
}
"""


def clock() -> float:
    """CPU seconds of this process, and those that foreign peers have told; a timer for pytest-benchmark."""
    return time.process_time() + _told


class RPeer:
    """``task``, an R expression of numbers over columns V1, V2, ... of ``d``, after ``setup``, which is not timed."""

    def __init__(self, packages: list[str], columns: list[Any], task: str, setup: str = "") -> None:
        if shutil.which("Rscript") is None:
            pytest.skip("Rscript is not here")
        for package in packages:
            if subprocess.run(["Rscript", "-e", f"library({package})"], capture_output=True, check=False).returncode:
                pytest.skip(f"R has no {package}")
        data = np.stack([np.asarray(c, dtype=float) for c in columns])
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name) / "rows"
        data.tofile(path)
        script = R_LOOP % ("; ".join(f"library({p})" for p in packages), path, data.size, len(columns), setup, task)
        self.process = subprocess.Popen(
            ["Rscript", "-e", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.answer = np.array(self._line().split(), dtype=float)

    def _line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"R ended with {self.process.wait()}")
        return line

    def __call__(self) -> Any:
        """Runs the task once more; the clock moves on by what one run took."""
        global _told
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        _told += float(self._line())
        return self.answer

    def __enter__(self) -> RPeer:
        return self

    def __exit__(self, *_: Any) -> None:
        self.process.communicate()
        self.folder.cleanup()
