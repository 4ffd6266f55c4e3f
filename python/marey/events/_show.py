"""How ``Events`` shows itself, as text and as HTML."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from marey.events.events import Events

__all__ = ["html", "text"]

_CODES_SHOWN = 8
_STYLE = """
.marey-events { font: 13px/1.5 system-ui, sans-serif; max-width: 42em }
.marey-events table { font: inherit; color: inherit; border-collapse: collapse; margin: .4em 0 }
.marey-events :is(th, td) { padding: 0 .6em; border: 0; text-align: right; white-space: nowrap }
.marey-events td { font-variant-numeric: tabular-nums }
.marey-events th { font-weight: 600; border-bottom: 1px solid #8888 }
.marey-events :is(th, td):first-child { padding-left: 0; text-align: left }
.marey-events .bar { width: 7em; height: .6em }
.marey-events .bar div { height: 100%; border-radius: 2px; background: #2a7f9e }
.marey-events .quiet { opacity: .65 }
"""


def text(ev: Events) -> str:
    parts = [_count(len(ev), "subject"), _count(len(ev.time), "event"), _count(len(ev.vocab), "code"), _span(ev)]
    parts += [f"source={ev.source!r}"] if ev.source else []
    return f"Events({', '.join(part for part in parts if part)})"


def html(ev: Events) -> str:
    head = f"{_count(len(ev), 'subject')} · {_count(len(ev.time), 'event')} · {_count(len(ev.vocab), 'code')}"
    span = f" · {_span(ev)}" if len(ev.time) else ""
    source = f' <span class="quiet">{escape(ev.source)}</span>' if ev.source else ""
    lines = [f"<div><b>Events</b> {head}{span}{source}</div>", _codes(ev)]
    for name, columns in (("statics", ev.statics), ("labels", ev.labels)):
        if columns:
            lines.append(f'<div><span class="quiet">{name}</span> {escape(", ".join(columns))}</div>')
    if ev.report is not None and ev.report.skipped:
        lines.append(f'<div><span class="quiet">read</span> {escape(str(ev.report))}</div>')
    return f'<div class="marey-events"><style>{_STYLE}</style>{"".join(lines)}</div>'


def _codes(ev: Events) -> str:
    events = np.bincount(ev.code, minlength=len(ev.vocab))
    shown = [c for c in np.argsort(-events, kind="stable")[:_CODES_SHOWN] if events[c]]
    if not shown:
        return ""
    subject = ev.subject_index
    rows = ["<tr><th>code<th><th>events<th>subjects<th>median<th>5 to 95 %</tr>"]
    for c in shown:
        of_code = ev.code == c
        having = 1 + np.count_nonzero(np.diff(subject[of_code]))
        bar = f'<div class="bar"><div style="width:{100 * events[c] / events.max():.0f}%"></div></div>'
        cells = [
            escape(ev.vocab[c]),
            bar,
            f"{events[c]:,}",
            f"{100 * having / len(ev):.0f} %",
            *_quantiles(ev.value[of_code]),
        ]
        rows.append(f"<tr><td>{'<td>'.join(cells)}</tr>")
    left = int(np.count_nonzero(events)) - len(shown)
    more = f'<div class="quiet">and {_count(left, "more code")}</div>' if left else ""
    return f"<table>{''.join(rows)}</table>{more}"


def _quantiles(value: NDArray[np.float32]) -> tuple[str, str]:
    value = value[~np.isnan(value)]
    if not len(value):
        return "", ""
    low, middle, high = (f"{q:.4g}" for q in np.percentile(value, [5, 50, 95]))
    return middle, f"{low} to {high}"


def _span(ev: Events) -> str:
    if not len(ev.time):
        return ""
    first, last = ev.time.min(), ev.time.max()
    if ev.time.dtype.kind == "M":
        return f"{str(first)[:16]} to {str(last)[:16]}"
    return f"{first:.4g} to {last:.4g} h"


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}" + ("" if n == 1 else "s")
