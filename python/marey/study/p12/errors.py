"""What can go wrong with the study's data, apart from programming errors."""

from __future__ import annotations

__all__ = ["DataError", "NoNetwork"]


class DataError(ValueError):
    """The records are not there or not whole; the message names the file, the rule and the way out."""


class NoNetwork(OSError):
    """The server could not be reached at all."""
