"""The errors that marey raises beside ``ValueError`` and ``TypeError``."""

from __future__ import annotations

from typing import Any

__all__ = ["BackendError", "InfeasibleError", "NegativeCycleError", "TraceError"]


class BackendError(RuntimeError):
    """A part of marey that this call needs is not here: the message names it and says how to get it."""


class InfeasibleError(ValueError):
    """No answer meets the constraints; ``certificate`` proves it.

    Of a flow: the nodes whose supplies are in all more than the arcs that leave them can carry. Of an assignment: rows
    that share one allowed column fewer than they are.
    """

    def __init__(self, message: str, certificate: Any = None) -> None:
        super().__init__(message)
        self.certificate = certificate


class NegativeCycleError(ValueError):
    """Length or cost falls without end along a cycle; ``cycle`` holds its nodes in order."""

    def __init__(self, message: str, cycle: Any = None) -> None:
        super().__init__(message)
        self.cycle = cycle


class TraceError(TypeError):
    """A function does what cannot be traced: the message names the line and the way out."""
