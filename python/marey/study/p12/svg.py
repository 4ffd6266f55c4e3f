"""Matplotlib figures as inline SVG whose text and colours are the page's own.

Colours are drawn as placeholders and leave as CSS variables, so that one drawing serves a light page, a dark one and
paper. Text stays text, in the page's font.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from typing import Any

__all__ = ["COLORS", "figure"]

_NAMES = ("ink", "soft", "line", "model", "second", "third", "death", "alive", "paper")
COLORS = {name: f"#01{i:02x}fe" for i, name in enumerate(_NAMES, 1)}
"""Placeholder of each colour; the page defines ``--ink``, ``--soft``, ..."""

_SETTINGS: dict[str, Any] = {
    "svg.fonttype": "none",
    "font.family": ["DejaVu Sans"],
    "font.size": 11,
    "axes.labelsize": 11,
    "axes.titlesize": 11,
    "xtick.labelsize": 10.5,
    "ytick.labelsize": 10.5,
    "legend.fontsize": 10.5,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.edgecolor": COLORS["soft"],
    "axes.labelcolor": COLORS["ink"],
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": COLORS["line"],
    "grid.linewidth": 0.7,
    "text.color": COLORS["ink"],
    "xtick.color": COLORS["soft"],
    "ytick.color": COLORS["soft"],
    "xtick.labelcolor": COLORS["ink"],
    "ytick.labelcolor": COLORS["ink"],
    "xtick.major.size": 3,
    "ytick.major.size": 0,
    "lines.linewidth": 1.8,
    "lines.solid_capstyle": "round",
}


class Canvas:
    """A figure of `width` x `height` CSS pixels, and its drawing once it is done."""

    def __init__(self, name: str, width: float, height: float, alt: str) -> None:
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure

        self.name, self.alt = name, alt
        self.figure = Figure(figsize=(width / 72, height / 72), layout="constrained")
        FigureCanvasSVG(self.figure)
        self.svg = ""

    def finish(self) -> None:
        text = io.StringIO()
        self.figure.savefig(text, format="svg", transparent=True, metadata={"Date": None})
        self.svg = _inline(text.getvalue(), self.name, self.alt)


@contextmanager
def figure(name: str, width: float, height: float, alt: str) -> Iterator[Canvas]:
    """A canvas to draw on; after the block its `svg` is ready.

    Parameters
    ----------
    name : str
        Unique on the page: prefix of every id in the drawing.
    width, height : float
        CSS pixels at scale 1.
    alt : str
        What the figure shows, for those who do not see it.
    """
    import matplotlib as mpl

    with mpl.rc_context(_SETTINGS | {"svg.hashsalt": name}):
        canvas = Canvas(name, width, height, alt)
        yield canvas
        canvas.finish()


def _inline(svg: str, name: str, alt: str) -> str:
    box = re.search(r'viewBox="([^"]+)"', svg)
    assert box
    svg = svg[svg.index(">", svg.index("<svg")) + 1 :]
    svg = re.sub(r"<metadata>.*?</metadata>|<defs>\s*<style.*?</style>\s*</defs>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<[^>]+>", lambda tag: _lean(tag[0], name), svg)
    svg = re.sub(r"\s*\n\s*", "\n", svg).strip()
    return f'<svg viewBox="{box[1]}" role="img" aria-label="{escape(alt)}">\n{svg}'


def _lean(tag: str, name: str) -> str:
    tag = tag.replace("xlink:href", "href")
    tag = re.sub(r"\s*\n\s*", "", tag)
    tag = re.sub(r'\bid="', f'id="{name}-', tag)
    tag = re.sub(r'href="#', f'href="#{name}-', tag)
    tag = re.sub(r"url\(#", f"url(#{name}-", tag)
    tag = re.sub(r" font-family: [^;\"]+;?", "", tag)
    for color, placeholder in COLORS.items():
        tag = tag.replace(placeholder, f"var(--{color})")
    # A hundredth of a pixel is finer than any screen; the digits beyond are half of the file.
    return re.sub(r"-?\d+\.\d{3,}", lambda number: f"{float(number[0]):.2f}", tag)
