"""``marey verify``: the contract of every operation, run on this machine."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import TextIO

from marey._runtime.contract import Skipped, plan
from marey._runtime.specs import all_specs

__all__ = ["Verification", "verify"]

# A compiler at the user's would make this minutes; the tests run them.
_LEFT_OUT = {"torch.compile with Inductor"}


@dataclass
class Verification:
    """What :func:`verify` found: counts, and each failure by name with its reason."""

    passed: int = 0
    failures: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        return not self.failures

    def __repr__(self) -> str:
        skipped = sum(self.skipped.values())
        return (
            f"Verification(passed={self.passed}, failed={len(self.failures)}, skipped={skipped}, "
            f"seconds={self.seconds:.1f})"
        )


def verify(*, file: TextIO | None = None) -> Verification:
    """Runs every operation's contract on this machine and prints a report.

    Each operation is compared with its plain NumPy reference, in every backend present (NumPy, torch,
    ``torch.compile``, CUDA), dtype and layout; with threads, batches, chunks and gradients: the checks of marey's own
    test suite.

    Parameters
    ----------
    file
        Where the report goes; standard output if left out.

    Returns
    -------
    Verification
        Counts, failures with their reasons, and what was skipped and why.

    Raises
    ------
    AssertionError
        If a check fails; the report was printed before.

    Examples
    --------
    >>> import io, marey
    >>> marey.verify(file=io.StringIO()).ok
    True
    """
    out = file or sys.stdout
    result = Verification()
    begin = time.perf_counter()
    for spec in all_specs():
        counts: dict[str, int] = {}
        for item in plan(spec):
            if item.check in _LEFT_OUT:
                continue
            try:
                item.run()
            except Skipped as reason:
                result.skipped[str(reason)] = result.skipped.get(str(reason), 0) + 1
            except Exception as error:  # a failed check must not hide those after it
                result.failures[item.name] = f"{type(error).__name__}: {error}"
            else:
                counts[item.backend] = counts.get(item.backend, 0) + 1
        result.passed += sum(counts.values())
        told = "  ".join(f"{backend} {n}" for backend, n in counts.items())
        failed = sum(name.startswith(f"{spec.name}:") for name in result.failures)
        print(f"{'FAILED' if failed else 'passed'}  {spec.name:<24} {told}", file=out)
    result.seconds = time.perf_counter() - begin
    for why, count in result.skipped.items():
        print(f"skipped {count} checks: {why}", file=out)
    for name, text in result.failures.items():
        print(f"\n{name}\n    {text}", file=out)
    print(f"{result.passed} passed, {len(result.failures)} failed in {result.seconds:.1f} s", file=out)
    if not result.ok:
        raise AssertionError(f"{len(result.failures)} checks failed: {', '.join(list(result.failures)[:3])} ...")
    return result
