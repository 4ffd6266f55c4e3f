"""How ``Events`` shows itself, as text and as HTML."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from marey.events.events import Events

__all__ = ["html", "text"]

_CODES_SHOWN = 8


def _span(ev: Events) -> str:
    if not len(ev.time):
        return ""
    first, last = ev.time.min(), ev.time.max()
    if ev.time.dtype.kind == "M":
        return f"{str(first)[:16]} to {str(last)[:16]}"
    return f"{first:.4g} to {last:.4g} h"


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}" + ("" if n == 1 else "s")


def text(ev: Events) -> str:
    parts = [
        _count(len(ev), "subject"),
        _count(len(ev.time), "event"),
        _count(len(ev.vocab), "code"),
        _span(ev),
    ]
    parts += [f"source={ev.source!r}"] if ev.source else []
    return f"Events({', '.join(p for p in parts if p)})"


def html(ev: Events) -> str:
    return f"<pre>{escape(text(ev))}</pre>"
