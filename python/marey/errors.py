"""The errors that marey raises beside ``ValueError`` and ``TypeError``."""

from __future__ import annotations

__all__ = ["BackendError", "TraceError"]


class BackendError(RuntimeError):
    """A part of marey that this call needs is not here: the message names it and says how to get it."""


class TraceError(TypeError):
    """A function does what cannot be traced: the message names the line and the way out."""
